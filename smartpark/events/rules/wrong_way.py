"""Wrong way: something crosses a line against its direction."""

from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event, Evidence
from smartpark.events.crossings import Crossing, Crossings
from smartpark.events.forms import VEHICLES, WrongWayParams
from smartpark.events.placed import line_of
from smartpark.events.sights import Where, labels_for, rounded, sights_of
from smartpark.events.wording import reason

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

BAND_HEIGHTS = 0.2  # an alarm wants a clearer crossing than a count
KNOWN_S = 0.3  # a track younger than this may just have been mixed up with another


class WrongWay:
    """Raises an event for each crossing in the direction that is not allowed."""

    kind = "wrong_way"
    needs_thumbnail = False
    Params = WrongWayParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self._allowed = self.Params.model_validate(dict(spec.params)).allowed
        self._labels = labels_for(spec, VEHICLES)
        line = line_of(self.kind, where)
        self._line, self._crossings = line.name, Crossings(line, band_heights=BAND_HEIGHTS)
        self._name = where["name"]
        self._events = 0

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the wrong crossings that became certain at this moment."""
        sights = sights_of(observation, self._labels)
        return [
            self._event(crossing, observation.time_s)
            for crossing in self._crossings.observe(sights, observation.time_s)
            if crossing.direction != self._allowed and crossing.before_s >= KNOWN_S
        ]

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - a crossing is one moment
        """Return nothing: a crossing is over when it is seen."""
        return []

    def _event(self, crossing: Crossing, time_s: float) -> Event:
        self._events += 1
        sight = crossing.sight
        evidence: dict[str, Evidence] = {
            "label": sight.label,
            "direction": crossing.direction,
            "allowed": self._allowed,
            "position": rounded(crossing.point),
            "box": rounded(sight.box),
            "at_s": round(time_s, 3),
        }
        return Event(
            id=f"{self._name}-{self._events}",
            kind=self.kind,
            start_s=crossing.time_s,
            end_s=time_s,
            text=reason(self.kind, evidence, track_ids=(sight.track_id,), place=self._line),
            track_ids=(sight.track_id,),
            line=self._line,
            severity="high",
            score=round(sight.score, 3),
            evidence=evidence,
        )
