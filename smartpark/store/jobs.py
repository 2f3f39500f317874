"""Jobs: the rows that are the only truth about work that is waiting, running or over.

Each claim writes a fresh token into the row. Every later word of that worker is conditional on the
token, so a worker whose job was taken over can neither beat, finish nor fail it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args
from uuid import uuid4

from sqlalchemy import CursorResult, ForeignKey, Update, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.core.errors import JobError
from smartpark.core.text import Text
from smartpark.store.schema import Base, text_from_dict, text_to_dict

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JOB_STATES: tuple[JobState, ...] = get_args(JobState)
ACTIVE: tuple[JobState, ...] = ("queued", "running")

GAVE_UP = Text(
    en=(
        "The work was broken off {n} times without a reason, so it was given up. The computer may "
        "be short of memory. Look into logs/worker.log in the data folder, then try again."
    ),
    zh=(
        "该任务已连续 {n} 次意外中断，系统不再重试。可能是内存不足。"
        "请查看数据文件夹中的 logs/worker.log，然后重试。"
    ),
)


class JobRow(Base):
    """One job."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    progress: Mapped[float]
    note: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_wished: Mapped[bool]
    clip_id: Mapped[int | None] = mapped_column(
        ForeignKey("clips.id", ondelete="SET NULL"), index=True
    )
    worker: Mapped[str | None]
    token: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work, waiting, running or over.

    Attributes:
        id: number in the store.
        kind: name of the task, such as `analyse_clip`.
        arguments: the task's fields.
        state: `queued`, `running`, `done`, `failed` or `cancelled`.
        progress: share that is done, 0 to 1.
        note: what is being done, or None.
        error: why it failed, or None.
        attempts: how often it was begun.
        created_at: when it was asked for, UTC.
        created_by: who asked for it.
        started_at: when the latest attempt began, UTC, or None.
        finished_at: when it ended, UTC, or None.
        heartbeat_at: last sign of life of its worker, UTC, or None.
        cancel_wished: whether a person asked for it to stop.
        clip_id: the clip it works on, or None.
        worker: name of the worker that has or had it, or None.
        token: proof of the latest claim, or None.
    """

    id: int
    kind: str
    arguments: dict[str, Any]
    state: JobState
    progress: float
    note: Text | None
    error: Text | None
    attempts: int
    created_at: datetime
    created_by: str
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    cancel_wished: bool
    clip_id: int | None
    worker: str | None
    token: str | None

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE

    def eta_s(self, now: datetime) -> float | None:
        """Return the seconds that are left at the pace so far; None where nothing can be said."""
        if self.state != "running" or self.started_at is None or self.progress < 0.01:
            return None
        spent_s = max((now - self.started_at).total_seconds(), 0.0)
        return spent_s * (1 - self.progress) / self.progress


@dataclass(frozen=True, slots=True)
class Beat:
    """What a worker learns when it shows a sign of life.

    Attributes:
        is_ours: whether the job is still this worker's.
        cancel_wished: whether a person asked for it to stop.
    """

    is_ours: bool
    cancel_wished: bool


def add_job(
    session: Session,
    *,
    kind: str,
    arguments: Mapping[str, Any],
    clip_id: int | None,
    by: str,
    now: datetime,
) -> Job:
    """Return a new job that waits for a worker."""
    row = JobRow(
        kind=kind,
        arguments=dict(arguments),
        state="queued",
        progress=0.0,
        attempts=0,
        created_at=now,
        created_by=by,
        cancel_wished=False,
        clip_id=clip_id,
    )
    session.add(row)
    session.flush()
    return _value(row)


def get_job(session: Session, job_id: int) -> Job:
    """Return one job, or raise JobError where there is none."""
    row = session.get(JobRow, job_id, populate_existing=True)
    if row is None:
        raise JobError(
            Text(
                en=f"There is no job {job_id}. `smartpark jobs` lists those that exist.",
                zh=f"没有编号为 {job_id} 的任务。可用 `smartpark jobs` 查看现有任务。",
            )
        )
    return _value(row)


def list_jobs(
    session: Session,
    *,
    limit: int = 50,
    states: Sequence[JobState] | None = None,
    clip_id: int | None = None,
    offset: int = 0,
) -> list[Job]:
    """Return jobs, newest first; with `states` or `clip_id`, only those."""
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit).offset(offset)
    if states is not None:
        query = query.where(JobRow.state.in_(states))
    if clip_id is not None:
        query = query.where(JobRow.clip_id == clip_id)
    return [_value(row) for row in session.scalars(query)]


def count_jobs(session: Session, states: Sequence[JobState] = ACTIVE) -> int:
    """Return how many jobs are in these states."""
    query = select(func.count()).select_from(JobRow).where(JobRow.state.in_(states))
    return session.scalar(query) or 0


def was_asked_since(session: Session, kind: str, since: datetime) -> bool:
    """Return whether a task of this kind was asked for since then."""
    query = select(JobRow.id).where(JobRow.kind == kind, JobRow.created_at >= since).limit(1)
    return session.scalar(query) is not None


def claim_job(
    session: Session, worker: str, now: datetime, *, job_id: int | None = None
) -> Job | None:
    """Return the oldest waiting job, now this worker's, or None.

    One conditional statement: whoever comes second changes no row and gets nothing.

    Args:
        session: the transaction; commit it before the work starts.
        worker: name of the worker.
        now: when, UTC.
        job_id: claim this job or none.
    """
    waiting = select(JobRow.id).where(JobRow.state == "queued").order_by(JobRow.id).limit(1)
    if job_id is not None:
        waiting = waiting.where(JobRow.id == job_id)
    # SQLite has one writer at a time and leaves the clause out.
    chosen = waiting.with_for_update(skip_locked=True).scalar_subquery()
    claim = (
        update(JobRow)
        .where(JobRow.id == chosen, JobRow.state == "queued")
        .values(
            state="running",
            worker=worker,
            token=uuid4().hex,
            attempts=JobRow.attempts + 1,
            started_at=now,
            heartbeat_at=now,
            finished_at=None,
            progress=0.0,
            note=None,
            error=None,
        )
        .returning(JobRow.id)
        .execution_options(synchronize_session=False)
    )
    claimed = session.execute(claim).scalar_one_or_none()
    return None if claimed is None else get_job(session, claimed)


def beat(
    session: Session,
    job: Job,
    *,
    now: datetime,
    progress: float | None = None,
    note: Text | None = None,
) -> Beat:
    """Write a sign of life, and progress where given; return what the worker must know."""
    values: dict[str, Any] = {"heartbeat_at": now}
    if progress is not None:
        values.update(progress=min(max(progress, 0.0), 1.0), note=text_to_dict(note))
    found = session.execute(_held(job).values(**values).returning(JobRow.cancel_wished))
    wished = found.scalar_one_or_none()
    return Beat(is_ours=wished is not None, cancel_wished=bool(wished))


def finish_job(session: Session, job: Job, *, now: datetime) -> bool:
    """End the job well; return False, changing nothing, where another worker has it.

    Call it in the transaction that stores the result, and give that up where this gives False.
    """
    return _changed(
        session,
        _held(job).values(state="done", progress=1.0, note=None, error=None, finished_at=now),
    )


def fail_job(session: Session, job: Job, error: Text, *, now: datetime) -> bool:
    """End the job with a reason; return False where another worker has it."""
    values = {"state": "failed", "error": text_to_dict(error), "finished_at": now}
    return _changed(session, _held(job).values(**values))


def end_cancelled(session: Session, job: Job, *, now: datetime) -> bool:
    """End the job as its person wished; return False where another worker has it."""
    return _changed(session, _held(job).values(state="cancelled", finished_at=now, note=None))


def put_back(session: Session, job: Job) -> bool:
    """Queue a running job again without counting the attempt; False where another has it."""
    return _changed(
        session,
        _held(job).values(
            state="queued", attempts=JobRow.attempts - 1, progress=0.0, note=None, **_UNHELD
        ),
    )


def wish_cancel(session: Session, job_id: int, *, now: datetime) -> Job:
    """Return the job, cancelled at once where it waits, or asked to stop where it runs."""
    waits = update(JobRow).where(JobRow.id == job_id, JobRow.state == "queued")
    ended = {"state": "cancelled", "cancel_wished": True, "finished_at": now}
    if not _changed(session, waits.values(**ended)):
        runs = update(JobRow).where(JobRow.id == job_id, JobRow.state == "running")
        _changed(session, runs.values(cancel_wished=True))
    return get_job(session, job_id)


def queue_again(session: Session, job_id: int) -> Job:
    """Return a failed or cancelled job, queued again in the same row with its attempts at zero."""
    ended = update(JobRow).where(JobRow.id == job_id, JobRow.state.in_(("failed", "cancelled")))
    values = {
        "state": "queued",
        "attempts": 0,
        "progress": 0.0,
        "cancel_wished": False,
        "error": None,
        "note": None,
        "finished_at": None,
    }
    changed = _changed(session, ended.values(**values, **_UNHELD))
    job = get_job(session, job_id)
    if not changed:
        raise JobError(
            Text(
                en=f"Job {job_id} is {job.state}; only failed and cancelled jobs can be retried.",
                zh=f"任务 {job_id} 目前的状态不允许重试；只有失败或已取消的任务可以重试。",
            )
        )
    return job


def requeue_stale(
    session: Session, *, now: datetime, older_than_s: float, max_attempts: int = 3
) -> list[Job]:
    """Free the jobs whose worker shows no sign of life; return them in their new state.

    A job goes back into the queue until it was begun `max_attempts` times, then it fails; a job
    that was asked to stop ends cancelled.
    """
    limit = now - timedelta(seconds=older_than_s)
    query = select(JobRow).where(JobRow.state == "running", JobRow.heartbeat_at < limit)
    return _release(session, query.order_by(JobRow.id), now=now, max_attempts=max_attempts)


def requeue_of(session: Session, worker: str, *, now: datetime, max_attempts: int = 3) -> list[Job]:
    """Free the jobs of a worker that is known to be dead; return them in their new state."""
    query = select(JobRow).where(JobRow.state == "running", JobRow.worker == worker)
    return _release(session, query.order_by(JobRow.id), now=now, max_attempts=max_attempts)


_UNHELD: dict[str, None] = {
    "worker": None,
    "token": None,
    "heartbeat_at": None,
    "started_at": None,
}


def _release(session: Session, query: Any, *, now: datetime, max_attempts: int) -> list[Job]:
    freed = []
    for job in [_value(row) for row in session.scalars(query)]:
        # A beat in between must win, so the row is only taken if it still looks as we saw it.
        unchanged = _held(job).where(JobRow.heartbeat_at == job.heartbeat_at)
        if job.cancel_wished:
            values: dict[str, Any] = {"state": "cancelled", "finished_at": now, "note": None}
        elif job.attempts >= max_attempts:
            gave_up = Text(*(text.format(n=job.attempts) for text in (GAVE_UP.en, GAVE_UP.zh)))
            values = {"state": "failed", "finished_at": now, "error": text_to_dict(gave_up)}
        else:
            values = {"state": "queued", "progress": 0.0, "note": None, **_UNHELD}
        if _changed(session, unchanged.values(**values)):
            freed.append(get_job(session, job.id))
    return freed


def _held(job: Job) -> Update:
    return (
        update(JobRow)
        .where(JobRow.id == job.id, JobRow.state == "running", JobRow.token == job.token)
        .execution_options(synchronize_session=False)
    )


def _changed(session: Session, statement: Update) -> bool:
    statement = statement.execution_options(synchronize_session=False)
    result = cast(CursorResult[Any], session.execute(statement))
    return result.rowcount == 1


def _value(row: JobRow) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        arguments=dict(row.arguments),
        state=cast(JobState, row.state),
        progress=row.progress,
        note=text_from_dict(row.note),
        error=text_from_dict(row.error),
        attempts=row.attempts,
        created_at=row.created_at,
        created_by=row.created_by,
        started_at=row.started_at,
        finished_at=row.finished_at,
        heartbeat_at=row.heartbeat_at,
        cancel_wished=row.cancel_wished,
        clip_id=row.clip_id,
        worker=row.worker,
        token=row.token,
    )
