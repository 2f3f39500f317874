"""Labels: examples that a person judged, kept for later training."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.values import Event
from smartpark.store.clips import StoredClip
from smartpark.store.schema import Base


class LabelRow(Base):
    """One judged example; it outlives the clip, whose digest it keeps."""

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int | None] = mapped_column(
        ForeignKey("clips.id", ondelete="SET NULL"), index=True
    )
    alert_id: Mapped[int | None] = mapped_column(
        ForeignKey("alerts.id", ondelete="SET NULL"), unique=True
    )
    clip_sha256: Mapped[str]
    kind: Mapped[str]
    start_s: Mapped[float]
    end_s: Mapped[float]
    is_true: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Label:
    """A stretch of a clip and whether the event was really there.

    Attributes:
        id: number in the store.
        clip_id: the clip, or None once it was removed.
        clip_sha256: digest of the clip, hexadecimal; stays after the clip was removed.
        kind: kind of the event, such as `intrusion`.
        start_s: seconds from the clip's start.
        end_s: seconds from the clip's start.
        is_true: whether it really happened.
        by: who judged.
        at: when, UTC.
    """

    id: int
    clip_id: int | None
    clip_sha256: str
    kind: str
    start_s: float
    end_s: float
    is_true: bool
    by: str
    at: datetime


def judge(  # noqa: PLR0913 - a judgement names what, whose, by whom and when
    session: Session,
    *,
    alert_id: int,
    clip: StoredClip,
    event: Event,
    is_true: bool,
    by: str,
    now: datetime,
) -> None:
    """Keep one example for an alert, in the place of an earlier judgement of it."""
    withdraw(session, alert_id)
    session.add(
        LabelRow(
            clip_id=clip.id,
            alert_id=alert_id,
            clip_sha256=clip.sha256,
            kind=event.kind,
            start_s=event.start_s,
            end_s=event.end_s,
            is_true=is_true,
            by=by,
            at=now,
        )
    )


def withdraw(session: Session, alert_id: int) -> None:
    """Take back the judgement of an alert, where there is one."""
    session.execute(delete(LabelRow).where(LabelRow.alert_id == alert_id))


def list_labels(session: Session, *, clip_id: int | None = None) -> list[Label]:
    """Return the judged examples, oldest first; with `clip_id`, those of one clip."""
    query = select(LabelRow).order_by(LabelRow.id)
    if clip_id is not None:
        query = query.where(LabelRow.clip_id == clip_id)
    return [
        Label(
            id=row.id,
            clip_id=row.clip_id,
            clip_sha256=row.clip_sha256,
            kind=row.kind,
            start_s=row.start_s,
            end_s=row.end_s,
            is_true=row.is_true,
            by=row.by,
            at=row.at,
        )
        for row in session.scalars(query)
    ]
