"""Every table, imported once so that the schema is whole wherever it is needed."""

from smartpark.store import (
    alerts,
    audit,
    clips,
    deliveries,
    events,
    jobs,
    labels,
    reports,
    scenes,
    workers,
)
from smartpark.store.schema import Base

MODULES = (alerts, audit, clips, deliveries, events, jobs, labels, reports, scenes, workers)
METADATA = Base.metadata

__all__ = ["METADATA", "MODULES"]
