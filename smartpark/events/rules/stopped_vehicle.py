"""Stopped vehicle: a vehicle stands still in a zone longer than allowed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event, Evidence
from smartpark.events.forms import MOTOR_VEHICLES, StoppedVehicleParams
from smartpark.events.placed import zone_of
from smartpark.events.sights import Box, Sight, Where, box_iou, labels_for, rounded, sights_of
from smartpark.events.stays import Area
from smartpark.events.wording import reason

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

SAME_PLACE = 0.6  # overlap with the box it first stood in; less means it moved on
MOVED_S = 1.0  # away from its place for less than this is jitter of the box
SETTLED_PLACE = 0.8  # overlap with where it was lately, while it does not even roll
SETTLED_S = 2.0
LOST_S = 5.0  # hidden by passing traffic for less than this, it still stands there


@dataclass(slots=True)
class _Stand:
    since_s: float
    place: Box
    sight: Sight
    track_ids: list[int]
    last_s: float  # last sight in its place
    settled: Box  # where it has been lately, closely
    settled_s: float
    number: int = 0

    @property
    def stood_s(self) -> float:
        return self.last_s - self.since_s


class StoppedVehicle:
    """Raises an event once a vehicle has stood in one place of the zone for `min_s`."""

    kind = "stopped_vehicle"
    needs_thumbnail = False
    Params = StoppedVehicleParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self._min_s = self.Params.model_validate(dict(spec.params)).min_s
        self._labels = labels_for(spec, MOTOR_VEHICLES)
        zone = zone_of(self.kind, where)
        self._zone, self._area = zone.name, Area(zone)
        self._name = where["name"]
        self._events = 0
        self._stands: list[_Stand] = []

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the stops that began or ended at this moment."""
        time_s = observation.time_s
        inside = self._area.inside(sights_of(observation, self._labels))
        in_view = {sight.track_id for sight in inside}
        for sight in inside:
            self._note(sight, time_s, in_view)
        over = [stand for stand in self._stands if self._is_over(stand, time_s, in_view)]
        self._stands = [stand for stand in self._stands if stand not in over]
        events = [
            self._event(stand, ongoing=False)
            for stand in over
            if stand.number and not self._passed_on(stand)
        ]
        for stand in self._stands:
            if not stand.number and stand.stood_s >= self._min_s and not self._is_twin(stand):
                self._events += 1
                stand.number = self._events
                events.append(self._event(stand, ongoing=True))
        return events

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - a stop ends at its last sight
        """Return the stops that last when the clip ends."""
        return [self._event(stand, ongoing=False) for stand in self._stands if stand.number]

    def _note(self, sight: Sight, time_s: float, in_view: set[int]) -> None:
        stand = self._stand_of(sight, in_view)
        if stand is None:
            ids = [sight.track_id]
            stand = _Stand(time_s, sight.box, sight, ids, time_s, sight.box, time_s)
            self._stands.append(stand)
        elif box_iou(stand.place, sight.box) >= SAME_PLACE:
            stand.last_s, stand.sight = time_s, sight
            _settle(stand, sight.box, time_s)
        elif not stand.number and time_s - stand.last_s > MOVED_S:
            stand.since_s = stand.last_s = time_s
            stand.place, stand.sight = sight.box, sight

    def _stand_of(self, sight: Sight, in_view: set[int]) -> _Stand | None:
        for stand in self._stands:
            if stand.track_ids[-1] == sight.track_id:
                return stand
        for stand in self._stands:
            lost = stand.track_ids[-1] not in in_view
            if lost and box_iou(stand.place, sight.box) >= SAME_PLACE:
                stand.track_ids.append(sight.track_id)
                return stand
        return None

    def _is_over(self, stand: _Stand, time_s: float, in_view: set[int]) -> bool:
        patience_s = MOVED_S if stand.track_ids[-1] in in_view else LOST_S
        return time_s - stand.last_s > patience_s

    def _is_twin(self, stand: _Stand) -> bool:
        """Two boxes on one vehicle, say a car's and a truck's, are one cause."""
        return any(other.number for other in self._twins_of(stand))

    def _twins_of(self, stand: _Stand) -> list[_Stand]:
        return [
            other
            for other in self._stands
            if other is not stand and box_iou(other.place, stand.place) >= SAME_PLACE
        ]

    def _passed_on(self, stand: _Stand) -> bool:
        """Whether another box on the same vehicle goes on with the event."""
        for other in self._twins_of(stand):
            other.number, other.since_s = stand.number, stand.since_s
            other.track_ids[:0] = stand.track_ids
            return True
        return False

    def _event(self, stand: _Stand, *, ongoing: bool) -> Event:
        sight = stand.sight
        evidence: dict[str, Evidence] = {
            "label": sight.label,
            "stood_s": round(stand.stood_s, 2),
            "limit_s": self._min_s,
            "box": rounded(sight.box),
            "position": rounded(sight.foot),
            "at_s": round(stand.last_s, 3),
        }
        track_ids = tuple(dict.fromkeys(stand.track_ids))
        return Event(
            id=f"{self._name}-{stand.number}",
            kind=self.kind,
            start_s=stand.since_s,
            end_s=stand.last_s,
            text=reason(self.kind, evidence, track_ids=track_ids, place=self._zone),
            track_ids=track_ids,
            zone=self._zone,
            severity="medium",
            score=round(sight.score, 3),
            ongoing=ongoing,
            evidence=evidence,
        )


def _settle(stand: _Stand, box: Box, time_s: float) -> None:
    """Move the place to where the vehicle came to rest: it was first seen braking."""
    if box_iou(stand.settled, box) < SETTLED_PLACE:
        stand.settled, stand.settled_s = box, time_s
    elif time_s - stand.settled_s >= SETTLED_S:
        stand.place = stand.settled
