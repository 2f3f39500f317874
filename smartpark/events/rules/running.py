"""Running: somebody moves faster than people walk."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event, Evidence
from smartpark.events.forms import RunningParams
from smartpark.events.paths import Paths
from smartpark.events.sights import Sight, Where, labels_for, rounded, sights_of
from smartpark.events.wording import reason

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

WINDOW_S = 0.9  # a speed is measured over this long: more than one stride
CHECK_EVERY_S = 0.2
BREAK_S = 0.8  # slower for less than this is the same run
LEAST_STRAIGHTNESS = 0.9  # boxes that jump about are no runner
CARRIERS = ("bicycle", "motorcycle", "skateboard", "car", "bus", "truck", "train")
CARRIED_SHARE = 0.3  # share of a person's box inside a vehicle's box from which the person rides


@dataclass(slots=True)
class _Run:
    since_s: float
    last_s: float
    sight: Sight
    top: float = 0.0
    top_s: float = 0.0
    number: int = 0


class Running:
    """Raises an event once somebody has been faster than the limit for `min_s`.

    With a calibration the limit is `min_mps` in metres per second; without, it is
    `min_heights_per_s` in body heights per second, which sees less of a run towards the camera.
    """

    kind = "running"
    needs_thumbnail = False
    Params = RunningParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self._params = self.Params.model_validate(dict(spec.params))
        self._labels = labels_for(spec, ("person",))
        self._in_metres = where["calibration"] is not None
        self._paths = Paths(
            keep_s=2 * WINDOW_S, size=where["size"], calibration=where["calibration"]
        )
        self._name = where["name"]
        self._events = 0
        self._runs: dict[int, _Run] = {}
        self._next_check_s = 0.0

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the runs that began or ended at this moment."""
        time_s = observation.time_s
        everything = sights_of(observation)
        people = [sight for sight in everything if sight.label in self._labels]
        self._paths.observe(people, time_s)
        if time_s < self._next_check_s:
            return []
        self._next_check_s = time_s + CHECK_EVERY_S
        carriers = [sight for sight in everything if sight.label in CARRIERS]
        for sight in people:
            self._measure(sight, time_s, carriers)
        return self._changes(time_s)

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - a run ends at its last sight
        """Return the runs that last when the clip ends."""
        return [self._event(run, ongoing=False) for run in self._runs.values() if run.number]

    def _measure(self, sight: Sight, time_s: float, carriers: list[Sight]) -> None:
        since_s = time_s - WINDOW_S
        if not self._paths.may_be_faster(sight.track_id, self._limit, since_s=since_s):
            return
        speed = self._paths.speed(sight.track_id, since_s=since_s, until_s=time_s)
        if speed is None or speed.over_s < 0.6 * WINDOW_S or speed.height_px <= 0:
            return
        figure = speed.per_s if self._in_metres else speed.per_s / speed.height_px
        if figure < self._limit or speed.straightness < LEAST_STRAIGHTNESS:
            return
        if any(_is_carried(sight, carrier) for carrier in carriers):
            return
        run = self._runs.setdefault(sight.track_id, _Run(time_s - speed.over_s, time_s, sight))
        run.last_s, run.sight = time_s, sight
        if figure > run.top:
            run.top, run.top_s = figure, time_s

    def _changes(self, time_s: float) -> list[Event]:
        events = []
        for track_id, run in list(self._runs.items()):
            if time_s - run.last_s > BREAK_S:
                del self._runs[track_id]
                if run.number:
                    events.append(self._event(run, ongoing=False))
            elif not run.number and run.last_s - run.since_s >= self._least_s:
                self._events += 1
                run.number = self._events
                events.append(self._event(run, ongoing=True))
        return events

    @property
    def _limit(self) -> float:
        return self._params.min_mps if self._in_metres else self._params.min_heights_per_s

    @property
    def _least_s(self) -> float:
        # The first speed already covers one window; the limit holds for the time after it.
        return self._params.min_s + 0.6 * WINDOW_S

    def _event(self, run: _Run, *, ongoing: bool) -> Event:
        sight = run.sight
        unit = "mps" if self._in_metres else "heights_per_s"
        evidence: dict[str, Evidence] = {
            "label": sight.label,
            "basis": "calibration" if self._in_metres else "body heights",
            f"speed_{unit}": round(run.top, 2),
            f"limit_{unit}": self._limit,
            "lasted_s": round(run.last_s - run.since_s, 2),
            "box": rounded(sight.box),
            "position": rounded(sight.foot),
            "at_s": round(run.last_s, 3),
        }
        return Event(
            id=f"{self._name}-{run.number}",
            kind=self.kind,
            start_s=run.since_s,
            end_s=run.last_s,
            text=reason(self.kind, evidence, track_ids=(sight.track_id,)),
            track_ids=(sight.track_id,),
            severity="low",
            score=round(min(1.0, run.top / self._limit - 0.5), 3),
            ongoing=ongoing,
            evidence=evidence,
        )


def _is_carried(person: Sight, carrier: Sight) -> bool:
    wide = min(person.box[2], carrier.box[2]) - max(person.box[0], carrier.box[0])
    high = min(person.box[3], carrier.box[3]) - max(person.box[1], carrier.box[1])
    area = person.width * person.height
    return wide > 0 and high > 0 and wide * high >= CARRIED_SHARE * area
