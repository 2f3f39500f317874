"""Events for whoever stays in a zone longer than a limit: shared by intrusion and loitering."""

from typing import TYPE_CHECKING

from smartpark.core.values import Event, Evidence, Severity
from smartpark.events.placed import zone_of
from smartpark.events.sights import Where, labels_for, rounded, sights_of
from smartpark.events.stays import Stay, Stays
from smartpark.events.wording import reason

if TYPE_CHECKING:
    from smartpark.core.scene import RuleSpec
    from smartpark.vision.observation import Observation


class Dwell:
    """Raises one event for each stay in a zone that lasts `min_s`."""

    def __init__(self, spec: "RuleSpec", where: Where, *, severity: Severity, min_s: float) -> None:
        zone = zone_of(spec.kind, where)
        self._kind = spec.kind
        self._labels = labels_for(spec, ("person",))
        self._zone = zone.name
        self._name = where["name"]
        self._severity: Severity = severity
        self._min_s = min_s
        self._stays = Stays(zone, size=where["size"])
        self._raised = 0

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the events that began or ended at this moment."""
        sights = sights_of(observation, self._labels)
        ended = self._stays.observe(sights, observation.time_s)
        events = [self._event(stay, ongoing=False) for stay in ended if stay.number]
        for stay in self._stays.present:
            if not stay.number and stay.stayed_s >= self._min_s:
                self._raised += 1
                stay.number = self._raised
                events.append(self._event(stay, ongoing=True))
        return events

    def finish(self) -> list[Event]:
        """Return the events still open when the clip ends."""
        return [self._event(stay, ongoing=False) for stay in self._stays.finish() if stay.number]

    def _event(self, stay: Stay, *, ongoing: bool) -> Event:
        sight = stay.sight
        evidence: dict[str, Evidence] = {
            "label": sight.label,
            "stayed_s": round(stay.stayed_s, 2),
            "limit_s": self._min_s,
            "box": rounded(sight.box),
            "position": rounded(sight.foot),
            "at_s": round(stay.last_s, 3),
        }
        track_ids = tuple(dict.fromkeys(stay.track_ids))
        return Event(
            id=f"{self._name}-{stay.number}",
            kind=self._kind,
            start_s=stay.since_s,
            end_s=stay.last_s,
            text=reason(self._kind, evidence, track_ids=track_ids, place=self._zone),
            track_ids=track_ids,
            zone=self._zone,
            severity=self._severity,
            score=round(sight.score, 3),
            ongoing=ongoing,
            evidence=evidence,
        )
