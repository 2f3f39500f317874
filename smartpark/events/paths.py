"""Where each track has been lately, and how fast it goes."""

from collections import deque
from dataclasses import dataclass
from math import hypot

import numpy as np

from smartpark.core.scene import Calibration
from smartpark.events.sights import Point, Sight

EDGE_PX = 2.0  # a box this near the picture's edge is cut off, so its foot point is not one
LEAST_POINTS = 4
SPARSE_S = 0.08  # points nearer in time than this add nothing to a speed


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a foot point moved over a short time.

    Attributes:
        per_s: metres or pixels per second.
        margin_per_s: twice the standard error of `per_s`.
        straightness: share of the movement that a straight, even path explains, 0 to 1.
        height_px: median height of the box.
        over_s: how long was measured, seconds.
    """

    per_s: float
    margin_per_s: float
    straightness: float
    height_px: float
    over_s: float


@dataclass(frozen=True, slots=True)
class _Step:
    time_s: float
    foot: Point
    height: float


class Paths:
    """Remembers the last foot points of every track and measures speeds along them."""

    def __init__(
        self, *, keep_s: float, size: tuple[int, int], calibration: Calibration | None
    ) -> None:
        self._keep_s = keep_s
        self._width, self._height = size
        self._homography = None if calibration is None else calibration.homography()
        self._steps: dict[int, deque[_Step]] = {}
        self._swept_s = 0.0

    def observe(self, sights: list[Sight], time_s: float) -> None:
        """Take in one moment."""
        for sight in sights:
            steps = self._steps.setdefault(sight.track_id, deque())
            dense = bool(steps) and time_s - steps[-1].time_s < SPARSE_S
            if not dense and not self._is_cut(sight):
                steps.append(_Step(time_s, sight.foot, sight.height))
            while steps and time_s - steps[0].time_s > self._keep_s:
                steps.popleft()
        if time_s - self._swept_s > 10 * self._keep_s:
            self._swept_s = time_s
            self._steps = {
                track_id: steps
                for track_id, steps in self._steps.items()
                if steps and time_s - steps[-1].time_s <= self._keep_s
            }

    def may_be_faster(self, track_id: int, limit_per_s: float, *, since_s: float) -> bool:
        """Return whether a proper measurement is worth its time: a look at both ends of the path.

        Metres per second with a calibration, body heights per second without.
        """
        steps = [step for step in self._steps.get(track_id, ()) if step.time_s >= since_s]
        if len(steps) < LEAST_POINTS:
            return False
        first, last = steps[0], steps[-1]
        ends = self._on_ground(np.array([first.foot, last.foot]))
        if ends is None:
            return False
        unit = 1.0 if self._homography is not None else max(1.0, last.height)
        way = float(np.abs(ends[1] - ends[0]).sum()) / unit
        return way >= 0.7 * limit_per_s * (last.time_s - first.time_s)

    def speed(self, track_id: int, *, since_s: float, until_s: float) -> Speed | None:
        """Return the speed of the best straight, even path; None where too little was seen.

        Metres per second with a calibration, pixels per second without. Least squares of position
        on time, each direction by itself.
        """
        steps = [
            step for step in self._steps.get(track_id, ()) if since_s <= step.time_s <= until_s
        ]
        if len(steps) < LEAST_POINTS:
            return None
        times = np.array([step.time_s for step in steps])
        places = self._on_ground(np.array([step.foot for step in steps]))
        if places is None:
            return None
        times = times - times.mean()
        spread = float(times @ times)
        velocity = times @ places / spread
        left_over = places - places.mean(axis=0) - np.outer(times, velocity)
        wander = float((left_over**2).sum())
        explained = float((velocity**2).sum()) * spread
        degrees = 2 * len(steps) - 4
        return Speed(
            per_s=hypot(*velocity),
            margin_per_s=2 * float(np.sqrt(wander / degrees / spread)),
            straightness=explained / (explained + wander) if explained > 0 else 0.0,
            height_px=float(np.median([step.height for step in steps])),
            over_s=float(times[-1] - times[0]),
        )

    def _on_ground(self, feet: np.ndarray) -> np.ndarray | None:
        if self._homography is None:
            return feet
        mapped = np.column_stack([feet, np.ones(len(feet))]) @ self._homography.T
        depths = mapped[:, 2]
        # At the horizon metres run off to infinity; behind it they come back with a wrong sign.
        if np.any(np.sign(depths) != np.sign(depths[0])) or np.any(np.abs(depths) < 1e-9):
            return None
        return np.asarray(mapped[:, :2] / depths[:, None])

    def _is_cut(self, sight: Sight) -> bool:
        left, top, right, bottom = sight.box
        return (
            left < EDGE_PX
            or top < EDGE_PX
            or right > self._width - EDGE_PX
            or bottom > self._height - EDGE_PX
        )
