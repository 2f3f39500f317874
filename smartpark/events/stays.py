"""Who is inside a zone, and for how long, in spite of jitter, gaps and changing track numbers."""

from dataclasses import dataclass, field
from math import dist

import numpy as np

from smartpark.core.geometry import contains
from smartpark.core.scene import Zone
from smartpark.events.sights import Sight

LEAVE_S = 1.0  # out for less than this is jitter of the box or a short gap
HANDOVER_S = 2.0  # a track lost inside and one born beside it sooner than this are the same thing
EDGE_SHARE = 0.015  # of the picture: who is lost so near its edge has walked out of it
HANDOVER_HEIGHTS = 0.75  # how near "beside" is, in body heights


class Area:
    """A polygon that answers quickly which points lie inside it."""

    def __init__(self, zone: Zone) -> None:
        self._corners = np.asarray(zone.polygon, np.float64)
        self._low = self._corners.min(axis=0)
        self._high = self._corners.max(axis=0)

    def inside(self, sights: list[Sight]) -> list[Sight]:
        """Return the sights whose foot point is inside."""
        if not sights:
            return []
        (left, top), (right, bottom) = self._low, self._high
        near = [
            sight
            for sight in sights
            if left <= sight.foot[0] <= right and top <= sight.foot[1] <= bottom
        ]
        if not near:
            return []
        mask = contains(self._corners, np.array([sight.foot for sight in near]))
        return [sight for sight, is_inside in zip(near, mask.tolist(), strict=True) if is_inside]


@dataclass(slots=True)
class Stay:
    """One thing's time inside a zone.

    Attributes:
        since_s: when it was first seen inside.
        last_s: when it was last seen inside.
        sight: the last sight inside.
        track_ids: the numbers it had, in order.
        seen_s: when it was last seen at all.
        number: place of the event that was raised of it; 0 before one is raised.
    """

    since_s: float
    last_s: float
    sight: Sight
    track_ids: list[int] = field(default_factory=list)
    seen_s: float = 0.0
    number: int = 0

    @property
    def stayed_s(self) -> float:
        """Seconds from the first to the last sight inside."""
        return self.last_s - self.since_s


class Stays:
    """Follows who is inside one zone of a picture of `size` `(width, height)` pixels."""

    def __init__(self, zone: Zone, *, size: tuple[int, int]) -> None:
        self._area = Area(zone)
        self._width, self._height = size
        self._stays: list[Stay] = []
        self._known: set[int] = set()

    @property
    def present(self) -> list[Stay]:
        """The stays that last."""
        return self._stays

    def observe(self, sights: list[Sight], time_s: float) -> list[Stay]:
        """Take in one moment; return the stays that have ended."""
        by_track = {stay.track_ids[-1]: stay for stay in self._stays}
        in_view = {sight.track_id for sight in sights}
        inside = self._area.inside(sights)
        for sight in inside:
            stay = by_track.get(sight.track_id) or self._handed_over(sight, in_view)
            if stay is None:
                stay = Stay(time_s, time_s, sight, [sight.track_id])
                self._stays.append(stay)
            stay.last_s, stay.sight = time_s, sight
        for stay in self._stays:
            if stay.track_ids[-1] in in_view:
                stay.seen_s = time_s
        self._known |= in_view
        ended = [stay for stay in self._stays if self._has_ended(stay, time_s)]
        self._stays = [stay for stay in self._stays if stay not in ended]
        return ended

    def finish(self) -> list[Stay]:
        """Return the stays that last when the clip ends."""
        ended, self._stays = self._stays, []
        return ended

    def _has_ended(self, stay: Stay, time_s: float) -> bool:
        # Who is lost from sight inside may come back under another number; who walked out is out.
        patience_s = HANDOVER_S if self._is_lost_inside(stay) else LEAVE_S
        return time_s - stay.last_s > patience_s

    def _handed_over(self, sight: Sight, in_view: set[int]) -> Stay | None:
        """Return the stay that a new track continues, where another was just lost beside it."""
        if sight.track_id in self._known:
            return None
        for stay in self._stays:
            lost = stay.track_ids[-1] not in in_view and self._is_lost_inside(stay)
            near = dist(stay.sight.foot, sight.foot) <= HANDOVER_HEIGHTS * sight.height
            if lost and near and stay.sight.label == sight.label:
                stay.track_ids.append(sight.track_id)
                return stay
        return None

    def _is_lost_inside(self, stay: Stay) -> bool:
        """Whether it was last seen inside, and not while leaving the picture."""
        left, top, right, bottom = stay.sight.box
        across, down = EDGE_SHARE * self._width, EDGE_SHARE * self._height
        in_picture = left > across and right < self._width - across
        in_picture = in_picture and top > down and bottom < self._height - down
        return in_picture and stay.seen_s <= stay.last_s
