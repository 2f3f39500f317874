"""Clips: the footage that was handed in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.values import ClipInfo
from smartpark.store import audit, jobs
from smartpark.store.schema import Base, gone


class ClipRow(Base):
    """One stored clip."""

    __tablename__ = "clips"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    file: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    info: Mapped[dict[str, Any]]
    scene_id: Mapped[int | None] = mapped_column(
        ForeignKey("scenes.id", ondelete="SET NULL"), index=True
    )
    thumbnail: Mapped[str | None]
    uploaded_at: Mapped[datetime] = mapped_column(index=True)
    uploaded_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class StoredClip:
    """One piece of footage and where it lies.

    Attributes:
        id: number in the store.
        name: the file's name as the user knows it.
        sha256: digest of the file, hexadecimal.
        file: name relative to the data folder.
        size_bytes: length of the file.
        info: what is known of the picture.
        scene_id: the scene it is analysed with, or None.
        thumbnail: picture, name relative to the data folder, or None.
        uploaded_at: when it was handed in, UTC.
        uploaded_by: who handed it in.
    """

    id: int
    name: str
    sha256: str
    file: str
    size_bytes: int
    info: ClipInfo
    scene_id: int | None
    thumbnail: str | None
    uploaded_at: datetime
    uploaded_by: str


def add_clip(  # noqa: PLR0913 - one argument per column
    session: Session,
    *,
    name: str,
    sha256: str,
    file: str,
    size_bytes: int,
    info: ClipInfo,
    thumbnail: str | None,
    by: str,
    now: datetime,
) -> StoredClip:
    """Return the stored clip; the same digest gives the clip that is already there."""
    existing = find_clip(session, sha256)
    if existing is not None:
        return existing
    row = ClipRow(
        name=name,
        sha256=sha256,
        file=file,
        size_bytes=size_bytes,
        info=asdict(info),
        thumbnail=thumbnail,
        uploaded_at=now,
        uploaded_by=by,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Somebody else stored the same digest between our look and our insert.
        winner = find_clip(session, sha256)
        if winner is None:
            raise
        return winner
    audit.record(session, who=by, action="clip.add", subject=f"clip {row.id}", detail=name, now=now)
    return _value(row)


def get_clip(session: Session, clip_id: int) -> StoredClip:
    """Return one clip, or raise StorageError where it is gone."""
    return _value(_row(session, clip_id))


def find_clip(session: Session, sha256: str) -> StoredClip | None:
    """Return the clip with this digest, or None."""
    row = session.scalars(select(ClipRow).where(ClipRow.sha256 == sha256)).one_or_none()
    return None if row is None else _value(row)


def list_clips(session: Session, *, before: datetime | None = None) -> list[StoredClip]:
    """Return all clips, newest first; with `before`, only those handed in earlier than that."""
    query = select(ClipRow).order_by(ClipRow.uploaded_at.desc(), ClipRow.id.desc())
    if before is not None:
        query = query.where(ClipRow.uploaded_at < before)
    return [_value(row) for row in session.scalars(query)]


def assign_scene(session: Session, clip_id: int, scene_id: int | None) -> StoredClip:
    """Return the clip, now analysed with this scene."""
    row = _row(session, clip_id)
    row.scene_id = scene_id
    session.flush()
    return _value(row)


def remove_clip(session: Session, clip_id: int, *, by: str, now: datetime) -> tuple[str, ...]:
    """Remove a clip with its reports, events and alerts; its jobs are asked to stop.

    Returns:
        The names, relative to the data folder, of the files and folders that belonged to it.
        Delete them after the commit, so that a failure leaves rows without files at no time.
    """
    from smartpark.store.reports import report_folders  # reports know clips, so not at the top

    for job in jobs.list_jobs(session, states=jobs.ACTIVE, clip_id=clip_id):
        jobs.wish_cancel(session, job.id, now=now)
    row = _row(session, clip_id)
    pictures = () if row.thumbnail is None else (row.thumbnail,)
    names = (row.file, *pictures, *report_folders(session, clip_id))
    subject = f"clip {clip_id}"
    audit.record(session, who=by, action="clip.remove", subject=subject, detail=row.name, now=now)
    session.delete(row)
    session.flush()
    session.expire_all()
    return names


def known_files(session: Session) -> Sequence[str]:
    """Return every file name that a clip refers to, relative to the data folder."""
    rows = session.execute(select(ClipRow.file, ClipRow.thumbnail)).all()
    return [name for row in rows for name in row if name is not None]


def _row(session: Session, clip_id: int) -> ClipRow:
    row = session.get(ClipRow, clip_id)
    if row is None:
        raise gone("clip", "视频", clip_id)
    return row


def _value(row: ClipRow) -> StoredClip:
    return StoredClip(
        id=row.id,
        name=row.name,
        sha256=row.sha256,
        file=row.file,
        size_bytes=row.size_bytes,
        info=ClipInfo(**row.info),
        scene_id=row.scene_id,
        thumbnail=row.thumbnail,
        uploaded_at=row.uploaded_at,
        uploaded_by=row.uploaded_by,
    )
