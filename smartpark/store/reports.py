"""Reports: what one analysis of one clip found, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.text import Text
from smartpark.core.values import Alert, Event
from smartpark.store.alerts import raise_alerts
from smartpark.store.clips import get_clip
from smartpark.store.events import replace_events
from smartpark.store.schema import Base, gone


class ReportRow(Base):
    """One report; a job owns at most one."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int | None] = mapped_column(
        ForeignKey("jobs.id", ondelete="SET NULL"), unique=True
    )
    created_at: Mapped[datetime] = mapped_column(index=True)
    detector: Mapped[str]
    detector_version: Mapped[str]
    mode: Mapped[str]
    settings_digest: Mapped[str]
    folder: Mapped[str]
    report: Mapped[dict[str, Any]]
    warnings: Mapped[list[Any]]


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What one analysis found.

    Attributes:
        id: number in the store.
        clip_id: the clip that was analysed.
        job_id: the job that did it, or None once the job was removed.
        created_at: when, UTC.
        detector: name of the detector.
        detector_version: digest or release of its weights.
        mode: `exact` or `fast`.
        settings_digest: digest of all that decides the result beside clip and detector.
        folder: where the files lie, relative to the data folder.
        report: the content of `report.json`.
        warnings: what the reader should know, such as a damaged tail.
    """

    id: int
    clip_id: int
    job_id: int | None
    created_at: datetime
    detector: str
    detector_version: str
    mode: str
    settings_digest: str
    folder: str
    report: dict[str, Any]
    warnings: list[Text]


def replace_report(  # noqa: PLR0913 - one argument per part of a report
    session: Session,
    *,
    clip_id: int,
    job_id: int | None,
    detector: str,
    detector_version: str,
    mode: str,
    settings_digest: str,
    folder: str,
    report: dict[str, Any],
    warnings: Sequence[Text],
    events: Sequence[tuple[Event, str | None]],
    alerts: Sequence[Alert],
    now: datetime,
) -> StoredReport:
    """Return the stored report; what the same job wrote before is replaced, never added to.

    Alerts of causes already known in the clip keep their state and are not announced again.

    Args:
        session: the transaction; finish the job in the same one.
        clip_id: the clip.
        job_id: the job, or None.
        detector: name of the detector.
        detector_version: digest or release of its weights.
        mode: `exact` or `fast`.
        settings_digest: digest of all that decides the result beside clip and detector.
        folder: where the files lie, relative to the data folder.
        report: the content of `report.json`.
        warnings: what the reader should know.
        events: each with the file name of its snapshot in the folder, or None.
        alerts: in the order in which they were raised.
        now: when, UTC.

    Raises:
        StorageError: the clip was removed in the meantime.
    """
    get_clip(session, clip_id)
    row = _of_job(session, job_id) or ReportRow(job_id=job_id)
    row.clip_id, row.created_at, row.folder = clip_id, now, folder
    row.detector, row.detector_version = detector, detector_version
    row.mode, row.settings_digest, row.report = mode, settings_digest, report
    row.warnings = [{"en": text.en, "zh": text.zh} for text in warnings]
    session.add(row)
    session.flush()
    replace_events(session, row.id, events)
    raise_alerts(
        session,
        clip_id=clip_id,
        report_id=row.id,
        alerts=alerts,
        snapshots={event.id: snapshot for event, snapshot in events},
        now=now,
    )
    session.flush()
    return _value(row)


def latest_report(session: Session, clip_id: int) -> StoredReport | None:
    """Return the newest report of a clip, or None."""
    query = select(ReportRow).where(ReportRow.clip_id == clip_id)
    query = query.order_by(ReportRow.created_at.desc(), ReportRow.id.desc()).limit(1)
    row = session.scalars(query).one_or_none()
    return None if row is None else _value(row)


def get_report(session: Session, report_id: int) -> StoredReport:
    """Return one report, or raise StorageError where it is gone."""
    row = session.get(ReportRow, report_id)
    if row is None:
        raise gone("report", "报告", report_id)
    return _value(row)


def find_report(session: Session, job_id: int) -> StoredReport | None:
    """Return the report that a job wrote, or None."""
    row = _of_job(session, job_id)
    return None if row is None else _value(row)


def list_reports(session: Session, limit: int | None = 20) -> list[StoredReport]:
    """Return reports, newest first; without a limit, all of them."""
    query = select(ReportRow).order_by(ReportRow.created_at.desc(), ReportRow.id.desc())
    return [_value(row) for row in session.scalars(query.limit(limit))]


def report_folders(session: Session, clip_id: int | None = None) -> list[str]:
    """Return the folders of all reports, or of one clip's, relative to the data folder."""
    query = select(ReportRow.folder)
    if clip_id is not None:
        query = query.where(ReportRow.clip_id == clip_id)
    return list(session.scalars(query))


def _of_job(session: Session, job_id: int | None) -> ReportRow | None:
    if job_id is None:
        return None
    return session.scalars(select(ReportRow).where(ReportRow.job_id == job_id)).one_or_none()


def _value(row: ReportRow) -> StoredReport:
    return StoredReport(
        id=row.id,
        clip_id=row.clip_id,
        job_id=row.job_id,
        created_at=row.created_at,
        detector=row.detector,
        detector_version=row.detector_version,
        mode=row.mode,
        settings_digest=row.settings_digest,
        folder=row.folder,
        report=dict(row.report),
        warnings=[Text(en=text["en"], zh=text["zh"]) for text in row.warnings],
    )
