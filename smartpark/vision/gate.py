"""Decide which frames are worth inferring: those where something has moved since the last look.

The gate compares a small grey picture of each frame with that of the last inferred one. Where a
patch has changed it lets a frame through once the follower's pause is over; where nothing has, it
waits for the next heart-beat. Between two looks the boxes are interpolated, not guessed.
"""

from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Mode = Literal["exact", "fast"]

LUMA_WIDTH = 192  # pixels; a person of 30 px in a 768 px wide clip is still 7 px high
HEARTBEAT_S = 1.0  # look at least this often, however still the scene is
PAUSE_S = 0.33  # between two looks at something that moves, where no follower says otherwise
PATCH = 4  # side of a patch of the small picture, in pixels
PATCH_SHARE = 0.2  # of a patch that must have changed; a lone flickering pixel is noise
CHANGED = 12.0  # grey levels; compression and sensors stay below
NOISE_FACTOR = 4.0  # a pixel must change by so many times its usual change from frame to frame
NOISE_S = 2.0  # how long the usual change is remembered
NOISE_MOST = 10.0  # grey levels; people who walk all day must not count as noise


class Pace(Protocol):
    """What the gate asks of those who follow things."""

    @property
    def pause_s(self) -> float:
        """How long the things followed can be left alone while something moves, in seconds."""

    @property
    def restless(self) -> bool:
        """Whether to look again after that pause even if nothing moves."""


class Gate:
    """Say for each frame whether it is to be inferred.

    Attributes:
        luma_size: `(width, height)` of the grey picture that `wants` needs.
    """

    def __init__(self, mode: Mode, *, fps: float, size: tuple[int, int]) -> None:
        self.mode = mode
        self.luma_size = (LUMA_WIDTH, max(PATCH, round(LUMA_WIDTH * size[1] / size[0] / 2) * 2))
        self._frame_s = 1 / fps
        self._inferred_s = -np.inf
        self._inferred: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._noise: NDArray[np.float32] | None = None
        self._learned = 0

    def wants(self, luma: NDArray[np.uint8], *, time_s: float, tracks: Pace | None = None) -> bool:
        """Return whether to infer this frame; ask once for each frame, in order.

        Args:
            luma: (h, w) grey picture of the frame, `luma_size` large.
            time_s: seconds from the clip's start.
            tracks: the stream of tracks that the inferred frames go to; it asks for shorter pauses
                where something fast, new or lost is followed.
        """
        if self.mode == "exact":
            return True
        now = luma.astype(np.float32)
        self._learn_noise(now)
        wanted = self._due(now, time_s, tracks)
        if wanted:
            self._inferred_s = time_s
            self._inferred = now
        return wanted

    def _due(self, now: NDArray[np.float32], time_s: float, tracks: Pace | None) -> bool:
        waited = time_s - self._inferred_s + self._frame_s / 2  # the nearest frame, not the next
        if self._inferred is None or waited >= HEARTBEAT_S:
            return True
        if waited < (PAUSE_S if tracks is None else tracks.pause_s):
            return False
        return (tracks is not None and tracks.restless) or self._moved(now, self._inferred)

    def _moved(self, now: NDArray[np.float32], then: NDArray[np.float32]) -> bool:
        """Return whether some patch differs by more than noise and a change of light."""
        change = now - then
        change -= np.float32(np.median(change[::2, ::2]))
        limit = np.maximum(np.float32(CHANGED), NOISE_FACTOR * self._usual(now))
        moved = (np.abs(change) > limit).astype(np.float32)
        return bool(cv2.blur(moved, (PATCH, PATCH)).max() >= PATCH_SHARE)

    def _learn_noise(self, now: NDArray[np.float32]) -> None:
        if self._before is not None:
            change = now - self._before
            change -= np.float32(np.median(change[::2, ::2]))
            np.minimum(np.abs(change, out=change), NOISE_MOST, out=change)
            self._learned += 1
            share = np.float32(max(1 / self._learned, min(1.0, self._frame_s / NOISE_S)))
            self._noise = self._usual(now) + share * (change - self._usual(now))
        self._before = now

    def _usual(self, now: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.zeros_like(now) if self._noise is None else self._noise
