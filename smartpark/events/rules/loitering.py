"""Loitering: somebody stays in a zone longer than allowed."""

from typing import TYPE_CHECKING, Unpack

from smartpark.core.scene import RuleSpec
from smartpark.core.values import Event
from smartpark.events.dwell import Dwell
from smartpark.events.forms import LoiteringParams
from smartpark.events.sights import Where

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation


class Loitering:
    """Raises an event once somebody has been inside the zone for `min_s`."""

    kind = "loitering"
    needs_thumbnail = False
    Params = LoiteringParams

    def __init__(self, spec: RuleSpec, **where: Unpack[Where]) -> None:
        params = self.Params.model_validate(dict(spec.params))
        self._dwell = Dwell(spec, where, severity="medium", min_s=params.min_s)

    def observe(self, observation: "Observation") -> list[Event]:
        """Return the stays that began or ended at this moment."""
        return self._dwell.observe(observation)

    def finish(self, time_s: float) -> list[Event]:  # noqa: ARG002 - a stay ends at its last sight
        """Return the stays still open when the clip ends."""
        return self._dwell.finish()
