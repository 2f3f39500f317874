"""Intrusion: somebody is in a zone where nobody should be."""

from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event
from smartpark.events.dwell import Dwell
from smartpark.events.forms import IntrusionParams
from smartpark.events.sights import Where

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation


class Intrusion:
    """Raises an event once a foot point has been inside the zone for `min_s`."""

    kind = "intrusion"
    needs_thumbnail = False
    Params = IntrusionParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        params = self.Params.model_validate(dict(spec.params))
        self._dwell = Dwell(spec, where, severity="high", min_s=params.min_s)

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the intrusions that began or ended at this moment."""
        return self._dwell.observe(observation)

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - a stay ends at its last sight
        """Return the intrusions still open when the clip ends."""
        return self._dwell.finish()
