"""When and in which direction tracks cross a line, once each, in spite of jitter."""

from dataclasses import dataclass
from math import hypot
from typing import Literal

from smartpark.core.scene import Line
from smartpark.events.sights import Point, Sight

Direction = Literal["in", "out"]

BAND_HEIGHTS = 0.08  # a box's lower edge trembles by a few percent of its height
LEAST_BAND_PX = 1.5
FORGET_S = 10.0  # a track not seen for this long does not come back under the same number


@dataclass(frozen=True, slots=True)
class Crossing:
    """One track going over a line.

    Attributes:
        time_s: when its foot point was on the line.
        direction: `in` where s turned from negative to positive, else `out`.
        sight: the sight at which the crossing became certain.
        point: where on the line, in pixels.
        before_s: how long the track had been seen before the crossing, seconds.
    """

    time_s: float
    direction: Direction
    sight: Sight
    point: Point
    before_s: float


@dataclass(slots=True)
class _Trace:
    side: int
    foot: Point
    time_s: float
    born_s: float
    # Where and when the path last passed the endless line through both ends; None if never.
    passed: tuple[float, float, Point] | None = None


class Crossings:
    """Follows every track's side of one line.

    A crossing counts when the foot point has left a narrow band around the line on the other
    side, and when its path met the segment itself, not the endless line.
    """

    def __init__(self, line: Line, *, band_heights: float = BAND_HEIGHTS) -> None:
        (self._sx, self._sy), (ex, ey) = line.start, line.end
        self._dx, self._dy = ex - self._sx, ey - self._sy
        self._length = hypot(self._dx, self._dy)
        self._band_heights = band_heights
        self._traces: dict[int, _Trace] = {}
        self._swept_s = 0.0

    def observe(self, sights: list[Sight], time_s: float) -> list[Crossing]:
        """Take in one moment; return the crossings that became certain."""
        if time_s - self._swept_s > FORGET_S:
            self._forget(time_s)
        found = [self._step(sight, time_s) for sight in sights]
        return [crossing for crossing in found if crossing is not None]

    def _step(self, sight: Sight, time_s: float) -> Crossing | None:
        foot = sight.foot
        offset = self._offset(foot)
        trace = self._traces.get(sight.track_id)
        if trace is None:
            self._traces[sight.track_id] = _Trace(_sign(offset), foot, time_s, time_s)
            return None
        before, before_s = trace.foot, trace.time_s
        trace.foot, trace.time_s = foot, time_s
        if trace.side == 0:
            trace.side = _sign(offset)
            return None
        self._note_passing(trace, (before, before_s), (foot, time_s))
        band = max(LEAST_BAND_PX, self._band_heights * sight.height)
        if _sign(offset) == trace.side or abs(offset) <= band or trace.passed is None:
            return None
        trace.side = -trace.side
        along, passed_s, point = trace.passed
        if not 0.0 <= along <= 1.0:
            return None
        direction: Direction = "in" if trace.side > 0 else "out"
        return Crossing(passed_s, direction, sight, point, passed_s - trace.born_s)

    def _note_passing(
        self, trace: _Trace, before: tuple[Point, float], now: tuple[Point, float]
    ) -> None:
        first, second = self._offset(before[0]), self._offset(now[0])
        # Zero belongs to the side that was left, so that "negative to positive" is one moment.
        if (first * trace.side >= 0) == (second * trace.side >= 0) or first == second:
            return
        share = first / (first - second)
        x = before[0][0] + share * (now[0][0] - before[0][0])
        y = before[0][1] + share * (now[0][1] - before[0][1])
        along = ((x - self._sx) * self._dx + (y - self._sy) * self._dy) / self._length**2
        trace.passed = (along, before[1] + share * (now[1] - before[1]), (x, y))

    def _offset(self, point: Point) -> float:
        """Signed distance from the endless line in pixels; its sign is that of s(p)."""
        cross = self._dx * (point[1] - self._sy) - self._dy * (point[0] - self._sx)
        return cross / self._length

    def _forget(self, time_s: float) -> None:
        self._swept_s = time_s
        self._traces = {
            track_id: trace
            for track_id, trace in self._traces.items()
            if time_s - trace.time_s <= FORGET_S
        }


def _sign(value: float) -> int:
    return int(value > 0) - int(value < 0)
