"""Events: what the rules saw in a clip, one row each."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.text import Text
from smartpark.core.values import Event
from smartpark.store.schema import Base


class EventRow(Base):
    """One event of a report."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(index=True)
    start_s: Mapped[float]
    end_s: Mapped[float]
    severity: Mapped[str]
    event: Mapped[dict[str, Any]]
    snapshot: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a report.

    Attributes:
        id: number in the store.
        report_id: the report it belongs to.
        event: what happened.
        snapshot: picture, file name in the report's folder, or None.
    """

    id: int
    report_id: int
    event: Event
    snapshot: str | None


def list_events(session: Session, report_id: int) -> list[StoredEvent]:
    """Return the events of a report in the order in which they began."""
    query = select(EventRow).where(EventRow.report_id == report_id)
    rows = session.scalars(query.order_by(EventRow.start_s, EventRow.id))
    return [StoredEvent(r.id, r.report_id, event_from_dict(r.event), r.snapshot) for r in rows]


def replace_events(
    session: Session, report_id: int, events: Iterable[tuple[Event, str | None]]
) -> None:
    """Store the events of a report in the place of those it had."""
    session.execute(delete(EventRow).where(EventRow.report_id == report_id))
    session.add_all(
        EventRow(
            report_id=report_id,
            kind=event.kind,
            start_s=event.start_s,
            end_s=event.end_s,
            severity=event.severity,
            event=event_to_dict(event),
            snapshot=snapshot,
        )
        for event, snapshot in events
    )


def event_to_dict(event: Event) -> dict[str, Any]:
    """Return the JSON form of an event."""
    data = {field.name: getattr(event, field.name) for field in fields(event)}
    data.update(
        text=asdict(event.text), track_ids=list(event.track_ids), evidence=dict(event.evidence)
    )
    return data


def event_from_dict(data: dict[str, Any]) -> Event:
    """Return the event kept as JSON."""
    return Event(**{**data, "text": Text(**data["text"]), "track_ids": tuple(data["track_ids"])})
