"""Decide which frames are worth inferring: those where something moves that is not yet known."""

from typing import Literal

import numpy as np
import supervision as sv
from numpy.typing import NDArray

Mode = Literal["exact", "fast"]

LUMA_WIDTH = 96  # pixels of the small grey picture; a person of 5 % of the width covers 5 of them
STILL_S = 2.0  # an inference at least this often, even where nothing moves
MOVING_S = 0.3  # and this often where something does
CHANGED = 12.0  # grey levels that a pixel must change by to count as moved
SHARE = 0.002  # of the picture that must have changed


class Gate:
    """Say for each frame whether it is to be inferred.

    Attributes:
        luma_size: `(width, height)` of the grey picture that `wants` needs.
    """

    def __init__(self, mode: Mode, *, fps: float, size: tuple[int, int]) -> None:
        self.mode = mode
        self.fps = fps
        self.luma_size = (LUMA_WIDTH, max(2, round(LUMA_WIDTH * size[1] / size[0] / 2) * 2))
        self._inferred_s = -np.inf
        self._inferred_luma: NDArray[np.int16] | None = None

    def wants(
        self,
        luma: NDArray[np.uint8],
        *,
        time_s: float,
        tracks: sv.Detections | None = None,  # noqa: ARG002 - part of the contract, used next
    ) -> bool:
        """Return whether to infer this frame; ask once for each frame, in order.

        Args:
            luma: (h, w) grey picture of the frame, `luma_size` large.
            time_s: seconds from the clip's start.
            tracks: what the follower returned for the last inferred frame.
        """
        if self.mode == "exact":
            return True
        now = luma.astype(np.int16)
        wanted = self._changed(now, time_s)
        if wanted:
            self._inferred_s = time_s
            self._inferred_luma = now
        return wanted

    def _changed(self, now: NDArray[np.int16], time_s: float) -> bool:
        waited = time_s - self._inferred_s
        if self._inferred_luma is None or waited >= STILL_S:
            return True
        if waited < MOVING_S:
            return False
        return bool((np.abs(now - self._inferred_luma) > CHANGED).mean() > SHARE)
