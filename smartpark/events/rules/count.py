"""Count: what crosses a line, in and out; the numbers are in the report, no event is raised."""

from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event
from smartpark.events.forms import CountParams
from smartpark.events.placed import line_of
from smartpark.events.sights import Where
from smartpark.events.tallies import LineCounter, LineTally

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation


class Count:
    """Counts crossings of its line; crossing is no incident, so there are no events."""

    kind = "count"
    needs_thumbnail = False
    Params = CountParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        self.Params.model_validate(dict(spec.params))
        self._counter = LineCounter(line_of(self.kind, where), labels=frozenset(spec.labels))

    @property
    def tally(self) -> LineTally:
        """What has crossed so far."""
        return self._counter.tally

    def observe(self, observation: "Observation") -> list[Event]:
        """Count what crosses at this moment; return no events."""
        self._counter.observe(observation)
        return []

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - nothing is left open
        """Return no events."""
        return []
