"""A worker whose analysis can be killed at a chosen point; runs as a process or is imported."""

import os
import signal
import time

from smartpark.config import Settings
from smartpark.jobs.context import JobContext
from smartpark.store.database import session
from smartpark.testing.rows import intrusion, put_report
from smartpark.worker import Pace, work

QUICK = Pace(beat_s=0.2, stale_s=1.5, poll_s=0.05, chores_s=0.2)
POINTS = ("begun", "worked", "finished", "published", "stored", "committed")


def analyse(engine, settings, job, task, context: JobContext) -> None:
    """Store a report in the way in which a journey does."""
    _maybe_die(job, "begun")
    draft = context.folder / "report"
    draft.mkdir()
    (draft / "report.json").write_text("{}")
    for step in range(int(os.environ.get("TEST_STEPS", "2"))):
        context.progress(0.1 + step / 1000)
        time.sleep(0.02)
    _maybe_die(job, "worked")
    with session(engine) as db:
        context.finish(db)
        _maybe_die(job, "finished")
        final = settings.data_dir / "reports" / f"{job.id}-{job.token[:8]}"
        final.parent.mkdir(exist_ok=True)
        draft.rename(final)
        _maybe_die(job, "published")
        put_report(db, task.clip_id, job.id, events=[intrusion(1), intrusion(2)])
        _maybe_die(job, "stored")
    _maybe_die(job, "committed")


def note_down(_engine, settings, job, _task, _context) -> None:
    """Write the job's number into a file that all workers share."""
    with (settings.data_dir / "done.txt").open("a") as shared:
        shared.write(f"{job.id}\n")


def _maybe_die(job, point: str) -> None:
    wanted = os.environ.get("TEST_DIE_AT")
    if wanted == "begun, always" and point == "begun":
        os.kill(os.getpid(), signal.SIGKILL)
    if point == wanted and job.attempts == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    handlers = {"analyse_clip": analyse, "tidy": note_down}
    work(Settings(), once=True, handlers=handlers, pace=QUICK)


if __name__ == "__main__":
    main()
