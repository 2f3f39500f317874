"""Speed: a vehicle crosses a line faster than allowed; the scene's calibration gives metres."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event, Evidence
from smartpark.events.crossings import Crossing, Crossings
from smartpark.events.forms import VEHICLES, SpeedParams
from smartpark.events.paths import Paths
from smartpark.events.paths import Speed as MeasuredSpeed
from smartpark.events.placed import calibration_of, line_of
from smartpark.events.sights import Where, labels_for, rounded, sights_of
from smartpark.events.wording import reason

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

BEFORE_S = 1.0  # measured from this long before the line ...
AFTER_S = 0.5  # ... to this long after it
LEAST_S = 0.25  # a shorter stretch says more about the box than about the vehicle
KMH_PER_MPS = 3.6
MOST_KMH = 250.0  # faster than any traffic: two vehicles were mixed up
MOST_MARGIN = 0.3  # share of the speed; a wider margin is no measurement


@dataclass(frozen=True, slots=True)
class _Due:
    crossing: Crossing
    at_s: float


class Speed:
    """Raises an event for each crossing of the line above `max_kmh`."""

    kind = "speed"
    needs_thumbnail = False
    Params = SpeedParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self._max_kmh = self.Params.model_validate(dict(spec.params)).max_kmh
        self._labels = labels_for(spec, VEHICLES)
        line = line_of(self.kind, where)
        self._line, self._crossings = line.name, Crossings(line)
        self._paths = Paths(
            keep_s=3 * (BEFORE_S + AFTER_S),
            size=where["size"],
            calibration=calibration_of(self.kind, where),
        )
        self._name = where["name"]
        self._events = 0
        self._due: list[_Due] = []

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the crossings that were measured as too fast at this moment."""
        time_s = observation.time_s
        sights = sights_of(observation, self._labels)
        self._paths.observe(sights, time_s)
        for crossing in self._crossings.observe(sights, time_s):
            self._due.append(_Due(crossing, crossing.time_s + AFTER_S))
        ready = [due for due in self._due if due.at_s <= time_s]
        self._due = [due for due in self._due if due.at_s > time_s]
        return [event for due in ready for event in self._measured(due)]

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - measured on what was seen
        """Return the crossings that the clip's end cut short and that were too fast."""
        ready, self._due = self._due, []
        return [event for due in ready for event in self._measured(due)]

    def _measured(self, due: _Due) -> list[Event]:
        crossing = due.crossing
        speed = self._paths.speed(
            crossing.sight.track_id, since_s=crossing.time_s - BEFORE_S, until_s=due.at_s
        )
        if speed is None or speed.over_s < LEAST_S:
            return []
        unsure = speed.margin_per_s > MOST_MARGIN * speed.per_s
        if unsure or not self._max_kmh < speed.per_s * KMH_PER_MPS <= MOST_KMH:
            return []
        return [self._event(crossing, speed)]

    def _event(self, crossing: Crossing, speed: MeasuredSpeed) -> Event:
        self._events += 1
        sight = crossing.sight
        speed_kmh, margin_kmh = speed.per_s * KMH_PER_MPS, speed.margin_per_s * KMH_PER_MPS
        evidence: dict[str, Evidence] = {
            "label": sight.label,
            "speed_kmh": round(speed_kmh, 1),
            "margin_kmh": round(margin_kmh, 1),
            "limit_kmh": self._max_kmh,
            "measured_s": round(speed.over_s, 2),
            "direction": crossing.direction,
            "position": rounded(crossing.point),
            "box": rounded(sight.box),
            "at_s": round(crossing.time_s, 3),
        }
        surplus = (speed_kmh - self._max_kmh) / max(margin_kmh, 0.1)
        return Event(
            id=f"{self._name}-{self._events}",
            kind=self.kind,
            start_s=max(0.0, crossing.time_s - speed.over_s / 2),
            end_s=crossing.time_s + speed.over_s / 2,
            text=reason(self.kind, evidence, track_ids=(sight.track_id,), place=self._line),
            track_ids=(sight.track_id,),
            line=self._line,
            severity="medium",
            score=round(min(1.0, 0.5 + surplus / 2), 3),
            evidence=evidence,
        )
