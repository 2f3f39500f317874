"""Figures of a clip that are no incidents: crossings of each line, people in each zone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smartpark.core.scene import Line, Scene, Zone
from smartpark.events.crossings import Crossings, Direction
from smartpark.events.forms import forms_by_kind
from smartpark.events.sights import sights_of
from smartpark.events.stays import Area

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

SAMPLE_S = 1.0  # one occupancy figure each second


@dataclass(slots=True)
class LineTally:
    """What has crossed one line.

    Attributes:
        name: name of the line.
        entered: how many went in, by label.
        left: how many went out, by label.
        crossings: `(time_s, label, direction)` of each, in the order in which they became certain.
    """

    name: str
    entered: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    crossings: list[tuple[float, str, Direction]] = field(default_factory=list)

    def add(self, time_s: float, label: str, direction: Direction) -> None:
        """Count one crossing."""
        (self.entered if direction == "in" else self.left)[label] += 1
        self.crossings.append((time_s, label, direction))

    def as_dict(self, *, duration_s: float) -> dict[str, Any]:
        """Return the line's entry of `report.json`."""
        return {
            "name": self.name,
            "in": dict(sorted(self.entered.items())),
            "out": dict(sorted(self.left.items())),
            "intervals": self._intervals(duration_s),
        }

    def _intervals(self, duration_s: float) -> list[dict[str, float | int]]:
        step_s = interval_s(duration_s)
        latest_s = max([duration_s, *(time_s for time_s, _, _ in self.crossings)])
        count = max(1, -int(-latest_s // step_s))
        ways = Counter(
            (min(int(time_s // step_s), count - 1), way) for time_s, _, way in self.crossings
        )
        return [
            {
                "start_s": round(place * step_s, 3),
                "end_s": round(min((place + 1) * step_s, latest_s), 3),
                "in": ways[place, "in"],
                "out": ways[place, "out"],
            }
            for place in range(count)
        ]


@dataclass(slots=True)
class ZoneTally:
    """How many were in one zone over time.

    Attributes:
        name: name of the zone.
        occupancy: `(t_s, count)`, one each second.
        max_count: the most at once, of every frame.
    """

    name: str
    occupancy: list[tuple[float, int]] = field(default_factory=list)
    max_count: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the zone's entry of `report.json`."""
        return {
            "name": self.name,
            "occupancy": [{"t_s": t_s, "count": count} for t_s, count in self.occupancy],
            "max_count": self.max_count,
        }


class LineCounter:
    """Counts what crosses one line."""

    def __init__(self, line: Line, *, labels: frozenset[str] = frozenset()) -> None:
        self.tally = LineTally(line.name)
        self._labels = labels
        self._crossings = Crossings(line)

    def observe(self, observation: "Observation") -> None:
        """Take in one moment."""
        sights = sights_of(observation, self._labels)
        for crossing in self._crossings.observe(sights, observation.time_s):
            self.tally.add(crossing.time_s, crossing.sight.label, crossing.direction)


class Tallies:
    """Counts at every line and in every zone of a scene, with or without a `count` rule.

    A line counts the labels of its `count` rules, or everything where there is none. A zone counts
    the labels that its rules look at, or everything where it has no rule.
    """

    def __init__(self, scene: Scene) -> None:
        self._lines = [LineCounter(line, labels=_line_labels(line)) for line in scene.lines]
        self._zones = [
            (ZoneTally(zone.name), Area(zone), _zone_labels(zone)) for zone in scene.zones
        ]
        self._next_sample_s = 0.0
        self._time_s = 0.0

    def observe(self, observation: "Observation") -> None:
        """Take in one moment."""
        self._time_s = observation.time_s
        for counter in self._lines:
            counter.observe(observation)
        # Half a frame of tolerance is not needed: the first frame at or after the second samples.
        sample = observation.time_s >= self._next_sample_s - 1e-6
        for tally, area, labels in self._zones:
            count = len(area.inside(sights_of(observation, labels)))
            tally.max_count = max(tally.max_count, count)
            if sample:
                tally.occupancy.append((round(observation.time_s, 3), count))
        if sample:
            self._next_sample_s = (observation.time_s // SAMPLE_S + 1) * SAMPLE_S

    @property
    def line_tallies(self) -> list[LineTally]:
        """The tally of each line, in the order of the scene."""
        return [counter.tally for counter in self._lines]

    @property
    def zone_tallies(self) -> list[ZoneTally]:
        """The tally of each zone, in the order of the scene."""
        return [tally for tally, _, _ in self._zones]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """`lines` of `report.json`."""
        return [tally.as_dict(duration_s=self._time_s) for tally in self.line_tallies]

    @property
    def zones(self) -> list[dict[str, Any]]:
        """`zones` of `report.json`."""
        return [tally.as_dict() for tally in self.zone_tallies]

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """Return `(in, out)` of each line by its name, as they stand now."""
        return {
            tally.name: (tally.entered.total(), tally.left.total()) for tally in self.line_tallies
        }


def interval_s(duration_s: float) -> float:
    """Return how long the intervals of a line's count are: 5 to about 60 of them in a clip.

    Example:
        >>> interval_s(39), interval_s(600), interval_s(7200)
        (5.0, 10.0, 300.0)
    """
    steps = (5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
    return next((step for step in steps if duration_s / step <= 60), steps[-1])


def _line_labels(line: Line) -> frozenset[str]:
    counting = [rule for rule in line.rules if rule.kind == "count"]
    if any(not rule.labels for rule in counting):
        return frozenset()
    return frozenset(label for rule in counting for label in rule.labels)


def _zone_labels(zone: Zone) -> frozenset[str]:
    forms = forms_by_kind()
    labels: set[str] = set()
    for rule in zone.rules:
        form = forms.get(rule.kind)
        labels.update(rule.labels or (form.labels if form else ()))
    return frozenset(labels)
