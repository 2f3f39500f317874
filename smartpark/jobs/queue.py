"""The queue as screens and commands see it: submit, watch, cancel, retry."""

from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from smartpark.core.protocols import Runner
from smartpark.jobs.tasks import AnalyseClip, BlurExport, Tidy
from smartpark.store import audit, jobs
from smartpark.store.database import reading, session
from smartpark.store.jobs import Job


def submit(
    engine: Engine,
    task: AnalyseClip | BlurExport | Tidy,
    *,
    runner: Runner,
    by: str,
    now: datetime | None = None,
) -> Job:
    """Return the job for a task, written down and handed to the runner."""
    now = now or datetime.now(UTC)
    arguments = task.model_dump(mode="json", exclude={"kind"})
    with session(engine) as work:
        job = jobs.add_job(
            work,
            kind=task.kind,
            arguments=arguments,
            clip_id=arguments.get("clip_id"),
            by=by,
            now=now,
        )
        _record(work, job, "job.submit", by, now)
    runner.submit(job.id)
    return watch(engine, job.id)


def watch(engine: Engine, job_id: int) -> Job:
    """Return the job as it stands now, or raise JobError where there is none."""
    with reading(engine) as work:
        return jobs.get_job(work, job_id)


def cancel(engine: Engine, job_id: int, by: str, *, now: datetime | None = None) -> Job:
    """Return the job, ended at once where it waits; a running one stops at its next step."""
    now = now or datetime.now(UTC)
    with session(engine) as work:
        job = jobs.wish_cancel(work, job_id, now=now)
        _record(work, job, "job.cancel", by, now)
    return job


def retry(
    engine: Engine,
    job_id: int,
    by: str,
    *,
    runner: Runner | None = None,
    now: datetime | None = None,
) -> Job:
    """Return a failed or cancelled job, queued again in its own row.

    Args:
        engine: the database.
        job_id: the job.
        by: who asks.
        runner: who sees to it that it runs; None leaves that to a worker that is alive.
        now: when, UTC; the present where not given.

    Raises:
        JobError: there is no such job, or it is in another state.
    """
    now = now or datetime.now(UTC)
    with session(engine) as work:
        job = jobs.queue_again(work, job_id)
        _record(work, job, "job.retry", by, now)
    if runner is not None:
        runner.submit(job_id)
    return watch(engine, job_id)


def _record(work: Session, job: Job, action: str, by: str, now: datetime) -> None:
    audit.record(work, who=by, action=action, subject=f"job {job.id}", detail=job.kind, now=now)
