"""The notifier that is always there: one line in the program's log for each alert."""

import logging
from collections.abc import Mapping
from typing import Any, Self

from smartpark.core.values import Alert

_LOG = logging.getLogger(__name__)


class LogNotifier:
    """Writes each alert into the log of the worker."""

    name = "log"

    @classmethod
    def from_options(cls, _options: Mapping[str, Any]) -> Self:
        """Return the notifier; it needs no settings."""
        return cls()

    def send(self, alert: Alert) -> None:
        """Write one line."""
        clip = alert.event.evidence.get("clip", "")
        _LOG.warning("alert (%s) in %s: %s", alert.severity, clip, alert.text.en)
