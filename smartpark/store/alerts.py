"""Alerts: events that a person should see, and what was decided about them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.errors import StorageError
from smartpark.core.text import Text
from smartpark.core.values import Alert, Event
from smartpark.store import audit, clips, labels
from smartpark.store.events import event_from_dict, event_to_dict
from smartpark.store.schema import Base, gone

AlertState = Literal["open", "acknowledged", "false_alarm"]
ALERT_STATES: tuple[AlertState, ...] = get_args(AlertState)


class AlertRow(Base):
    """One cause in one clip; analysing the clip again finds the same row."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("clip_id", "key", "occurrence"), Base.__table_args__)

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    key: Mapped[str]
    occurrence: Mapped[int]
    severity: Mapped[str]
    event: Mapped[dict[str, Any]]
    snapshot: Mapped[str | None]
    raised_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(index=True)
    changed_by: Mapped[str | None]
    changed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
    is_announced: Mapped[bool] = mapped_column(default=False, index=True)


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert and its state.

    Attributes:
        id: number in the store.
        report_id: the latest report that raised it.
        clip_id: the clip it was seen in.
        event: the cause.
        snapshot: picture, file name in the report's folder, or None.
        key: same cause, same key.
        state: `open`, `acknowledged` or `false_alarm`.
        changed_by: who changed the state last, or None.
        changed_at: when, UTC, or None.
        note: what that person wrote; may be empty.
        raised_at: when it was first stored, UTC.
    """

    id: int
    report_id: int
    clip_id: int
    event: Event
    snapshot: str | None
    key: str
    state: AlertState
    changed_by: str | None
    changed_at: datetime | None
    note: str
    raised_at: datetime


def list_alerts(
    session: Session,
    *,
    states: Sequence[AlertState] = ("open",),
    clip_id: int | None = None,
    report_id: int | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[StoredAlert]:
    """Return alerts in these states, newest first and in the order of the clip within a report."""
    query = select(AlertRow).where(AlertRow.state.in_(states))
    if clip_id is not None:
        query = query.where(AlertRow.clip_id == clip_id)
    if report_id is not None:
        query = query.where(AlertRow.report_id == report_id)
    query = query.order_by(AlertRow.raised_at.desc(), AlertRow.id).limit(limit).offset(offset)
    return [_value(row) for row in session.scalars(query)]


def get_alert(session: Session, alert_id: int) -> StoredAlert:
    """Return one alert, or raise StorageError where it is gone."""
    return _value(_row(session, alert_id))


def count_alerts(session: Session, state: AlertState = "open") -> int:
    """Return how many alerts are in a state."""
    query = select(func.count()).select_from(AlertRow).where(AlertRow.state == state)
    return session.scalar(query) or 0


def set_alert_state(
    session: Session, alert_id: int, state: AlertState, *, by: str, note: str, now: datetime
) -> StoredAlert:
    """Return the alert in its new state; a false alarm is also kept as a labelled example."""
    if state not in ALERT_STATES:
        known = ", ".join(ALERT_STATES)
        raise StorageError(
            Text(
                en=f"An alert cannot be {state!r}. Choose one of: {known}.",
                zh=f"警报没有“{state}”这种状态。可选：{known}。",
            )
        )
    row = _row(session, alert_id)
    row.state, row.changed_by, row.changed_at, row.note = state, by, now, note
    value = _value(row)
    if state == "false_alarm":
        labels.judge(
            session,
            alert_id=alert_id,
            clip=clips.get_clip(session, row.clip_id),
            event=value.event,
            is_true=False,
            by=by,
            now=now,
        )
    else:
        labels.withdraw(session, alert_id)
    audit.record(
        session, who=by, action=f"alert.{state}", subject=f"alert {alert_id}", detail=note, now=now
    )
    session.flush()
    return value


def raise_alerts(
    session: Session,
    *,
    clip_id: int,
    report_id: int,
    alerts: Iterable[Alert],
    snapshots: Mapping[str, str | None],
    now: datetime,
) -> None:
    """Store the alerts of a report; a cause already known in the clip keeps its row and state.

    Args:
        session: the transaction.
        clip_id: the clip.
        report_id: the report that raised them.
        alerts: in the order in which they were raised.
        snapshots: file name of the picture by event id.
        now: when, UTC.
    """
    query = select(AlertRow).where(AlertRow.clip_id == clip_id)
    known = {(row.key, row.occurrence): row for row in session.scalars(query)}
    seen: Counter[str] = Counter()
    current = set()
    for alert in alerts:
        seen[alert.key] += 1
        place = (alert.key, seen[alert.key])
        row = known.get(place)
        if row is None:
            row = AlertRow(clip_id=clip_id, key=alert.key, occurrence=place[1])
            row.state, row.raised_at, row.note, row.is_announced = "open", now, "", False
            session.add(row)
        row.report_id, row.severity = report_id, alert.severity
        row.event = event_to_dict(alert.event)
        row.snapshot = snapshots.get(alert.event.id)
        current.add(place)
    for place, row in known.items():
        # What the same report said before and no longer says was never true of it.
        if row.report_id == report_id and place not in current:
            session.delete(row)


def _row(session: Session, alert_id: int) -> AlertRow:
    row = session.get(AlertRow, alert_id)
    if row is None:
        raise gone("alert", "警报", alert_id)
    return row


def _value(row: AlertRow) -> StoredAlert:
    return StoredAlert(
        id=row.id,
        report_id=row.report_id,
        clip_id=row.clip_id,
        event=event_from_dict(row.event),
        snapshot=row.snapshot,
        key=row.key,
        state=cast(AlertState, row.state),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        note=row.note,
        raised_at=row.raised_at,
    )
