"""Deliveries: who was told of which alert, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import CursorResult, ForeignKey, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.values import SEVERITIES, Alert, Severity
from smartpark.store.alerts import AlertRow
from smartpark.store.clips import ClipRow
from smartpark.store.events import event_from_dict
from smartpark.store.schema import Base

DeliveryState = Literal["pending", "sent", "failed"]

MAX_TRIES = 5
# A sender that dies leaves the row pending; it becomes due again after this many seconds.
LEASE_S = 120.0
# Wait before the second try, seconds; each further wait is four times as long.
FIRST_WAIT_S = 15.0


class DeliveryRow(Base):
    """One alert for one notifier."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("alert_id", "notifier"), Base.__table_args__)

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    notifier: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int]
    error: Mapped[str | None]
    next_try: Mapped[datetime | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert for one notifier.

    Attributes:
        id: number in the store.
        alert_id: the alert.
        notifier: name of the notifier.
        state: `pending`, `sent` or `failed`.
        attempts: how often it was tried.
        error: why the latest try failed, or None.
        next_try: when it is due, UTC, or None once it is over.
        sent_at: when it went out, UTC, or None.
    """

    id: int
    alert_id: int
    notifier: str
    state: DeliveryState
    attempts: int
    error: str | None
    next_try: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """What a notifier is handed.

    Attributes:
        alert: the alert.
        clip_name: the clip's name as the user knows it.
        raised_at: when the alert was stored, UTC.
    """

    alert: Alert
    clip_name: str
    raised_at: datetime


def announce_new(
    session: Session, notifiers: Sequence[str], *, lowest: Severity, now: datetime
) -> int:
    """Enter a delivery for each alert that nobody was told of yet; return how many.

    Alerts below `lowest`, and alerts that a person has dealt with, are passed over for good.
    """
    wanted = SEVERITIES[SEVERITIES.index(lowest) :]
    query = select(AlertRow).where(AlertRow.is_announced.is_(False)).order_by(AlertRow.id)
    # On PostgreSQL a second worker waits here, and then finds the rows announced.
    rows = session.scalars(query.with_for_update()).all()
    entered = 0
    for row in rows:
        row.is_announced = True
        if row.state == "open" and row.severity in wanted:
            session.add_all(
                DeliveryRow(
                    alert_id=row.id, notifier=name, state="pending", attempts=0, next_try=now
                )
                for name in notifiers
            )
            entered += len(notifiers)
    session.flush()
    return entered


def claim_delivery(session: Session, *, now: datetime) -> Delivery | None:
    """Return the next delivery that is due, now this sender's for a while, or None."""
    query = select(DeliveryRow).where(DeliveryRow.state == "pending", DeliveryRow.next_try <= now)
    row = session.scalars(query.order_by(DeliveryRow.next_try, DeliveryRow.id).limit(1)).first()
    if row is None:
        return None
    seen = _value(row)
    claim = (
        update(DeliveryRow)
        .where(
            DeliveryRow.id == seen.id,
            DeliveryRow.state == "pending",
            DeliveryRow.next_try == seen.next_try,
        )
        .values(attempts=seen.attempts + 1, next_try=now + timedelta(seconds=LEASE_S))
        .execution_options(synchronize_session=False)
    )
    result = cast(CursorResult[Any], session.execute(claim))
    session.expire_all()
    if result.rowcount != 1:
        return None
    return _value(session.get_one(DeliveryRow, seen.id))


def message_of(session: Session, alert_id: int) -> Message:
    """Return what a notifier is told of an alert."""
    query = select(AlertRow, ClipRow.name).join(ClipRow, ClipRow.id == AlertRow.clip_id)
    row, clip_name = session.execute(query.where(AlertRow.id == alert_id)).one()
    alert = Alert(event=event_from_dict(row.event), key=row.key)
    return Message(alert=alert, clip_name=clip_name, raised_at=row.raised_at)


def mark_sent(session: Session, delivery_id: int, *, now: datetime) -> None:
    """Write down that a delivery went out."""
    row = session.get(DeliveryRow, delivery_id)
    if row is not None:
        row.state, row.sent_at, row.next_try, row.error = "sent", now, None, None


def mark_failed(session: Session, delivery_id: int, error: str, *, now: datetime) -> None:
    """Write down why a try failed; the next one waits longer, and the fifth was the last."""
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        return
    row.error = error[:500]
    if row.attempts >= MAX_TRIES:
        row.state, row.next_try = "failed", None
    else:
        row.next_try = now + timedelta(seconds=FIRST_WAIT_S * 4 ** (row.attempts - 1))


def list_deliveries(session: Session, *, alert_id: int | None = None) -> list[Delivery]:
    """Return deliveries, oldest first; with `alert_id`, those of one alert."""
    query = select(DeliveryRow).order_by(DeliveryRow.id)
    if alert_id is not None:
        query = query.where(DeliveryRow.alert_id == alert_id)
    return [_value(row) for row in session.scalars(query)]


def _value(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        alert_id=row.alert_id,
        notifier=row.notifier,
        state=cast(DeliveryState, row.state),
        attempts=row.attempts,
        error=row.error,
        next_try=row.next_try,
        sent_at=row.sent_at,
    )
