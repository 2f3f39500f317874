"""Crowd: more people are in a zone than allowed."""

from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event, Evidence
from smartpark.events.forms import CrowdParams
from smartpark.events.placed import zone_of
from smartpark.events.sights import Sight, Where, labels_for, rounded, sights_of
from smartpark.events.stays import Area
from smartpark.events.wording import reason

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

DIP_S = 1.0  # a count that falls to the limit for less than this is a missed box


class Crowd:
    """Raises an event once more than `max_count` have been in the zone for `min_s`."""

    kind = "crowd"
    needs_thumbnail = False
    Params = CrowdParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self._params = self.Params.model_validate(dict(spec.params))
        self._labels = labels_for(spec, ("person",))
        zone = zone_of(self.kind, where)
        self._zone, self._area = zone.name, Area(zone)
        self._name = where["name"]
        self._events = 0
        self._raised = False
        self._start_s: float | None = None
        self._last_s = 0.0
        self._most: list[Sight] = []
        self._most_s = 0.0

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the crowd that began, grew or ended at this moment."""
        time_s = observation.time_s
        inside = self._area.inside(sights_of(observation, self._labels))
        if len(inside) > self._params.max_count:
            return self._over(inside, time_s)
        if self._start_s is not None and time_s - self._last_s > DIP_S:
            return self._end()
        return []

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - it ends at its last sight
        """Return the crowd still there when the clip ends."""
        return self._end()

    def _over(self, inside: list[Sight], time_s: float) -> list[Event]:
        if self._start_s is None:
            self._start_s, self._most = time_s, []
        self._last_s = time_s
        grew = len(inside) > len(self._most)
        if grew:
            self._most, self._most_s = inside, time_s
        lasts = time_s - self._start_s >= self._params.min_s
        if not lasts or (self._raised and not grew):
            return []
        if not self._raised:
            self._raised, self._events = True, self._events + 1
        return [self._event(self._start_s, ongoing=True)]

    def _end(self) -> list[Event]:
        events = []
        if self._raised and self._start_s is not None:
            events.append(self._event(self._start_s, ongoing=False))
        self._start_s, self._raised = None, False
        return events

    def _event(self, start_s: float, *, ongoing: bool) -> Event:
        boxes = [sight.box for sight in self._most]
        around = (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )
        evidence: dict[str, Evidence] = {
            "count": len(self._most),
            "limit_count": self._params.max_count,
            "lasted_s": round(self._last_s - start_s, 2),
            "limit_s": self._params.min_s,
            "positions": [rounded(sight.foot) for sight in self._most],
            "box": rounded(around),
            "at_s": round(self._most_s, 3),
        }
        return Event(
            id=f"{self._name}-{self._events}",
            kind=self.kind,
            start_s=start_s,
            end_s=self._last_s,
            text=reason(self.kind, evidence, place=self._zone),
            track_ids=tuple(sight.track_id for sight in self._most),
            zone=self._zone,
            severity="medium",
            score=round(sum(sight.score for sight in self._most) / len(self._most), 3),
            ongoing=ongoing,
            evidence=evidence,
        )
