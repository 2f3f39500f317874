"""The audit table: who did what and when. Rows are only ever added."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.store.schema import Base


class AuditRow(Base):
    """One thing that somebody did."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did.

    Attributes:
        id: number in the store.
        at: when, UTC.
        who: name of the person, or `SmartPark`.
        action: what, such as `alert.acknowledged`.
        subject: what it was done to, such as `alert 12`.
        detail: a note or a name; may be empty.
    """

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: str


def record(
    session: Session, *, who: str, action: str, subject: str, now: datetime, detail: str = ""
) -> None:
    """Write down who did what, in the transaction that does it."""
    session.add(AuditRow(at=now, who=who, action=action, subject=subject, detail=detail))


def list_audit(session: Session, limit: int = 100, offset: int = 0) -> list[AuditEntry]:
    """Return what was done, newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit).offset(offset)
    return [
        AuditEntry(row.id, row.at, row.who, row.action, row.subject, row.detail)
        for row in session.scalars(query)
    ]
