"""The worker: claims jobs, runs the matching journey, and does the chores in between."""

import argparse
import logging
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from smartpark.config import Settings
from smartpark.core.errors import Cancelled, SmartParkError, StorageError
from smartpark.jobs.announce import announce
from smartpark.jobs.background import is_alive, logging_to, repeating, stopped_by_signals
from smartpark.jobs.context import Interrupted, JobContext, TakenOver
from smartpark.jobs.reasons import explain
from smartpark.jobs.runners import is_supervised, worker_lock
from smartpark.jobs.tasks import Tidy, task_of
from smartpark.store import clips, jobs, workers
from smartpark.store.database import database_url, open_database, reading, session
from smartpark.store.jobs import Job

Handler = Callable[[Engine, Settings, Job, Any, JobContext], None]

_LOG = logging.getLogger("smartpark.worker")
# Who asks for what nobody asked for.
SYSTEM = "SmartPark"
_WORK_FOLDER = "work"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the worker does what.

    Attributes:
        beat_s: seconds between two signs of life.
        stale_s: seconds without a sign of life after which a job is taken from its worker.
        poll_s: seconds between two looks into an empty queue.
        chores_s: seconds between two rounds of chores.
        tidy_s: seconds between two rounds of retention.
    """

    beat_s: float = 2.0
    stale_s: float = 15.0
    poll_s: float = 0.5
    chores_s: float = 5.0
    tidy_s: float = 86_400.0


def _analyse(engine: Engine, settings: Settings, job: Job, task: Any, context: JobContext) -> None:
    from smartpark.journeys.analyse import analyse_stored

    analyse_stored(engine, settings, job, task, context=context)


def _blur(engine: Engine, settings: Settings, job: Job, task: Any, context: JobContext) -> None:
    from smartpark.journeys.blur import export_blurred

    export_blurred(engine, settings, job, task, context=context)


def _tidy(engine: Engine, settings: Settings, job: Job, _task: Any, context: JobContext) -> None:
    from smartpark.journeys.tidy import tidy

    tidy(engine, settings, context.clock(), by=job.created_by)


# Journeys are imported when the first job of their kind comes: the worker starts at once.
HANDLERS: Mapping[str, Handler] = {
    "analyse_clip": _analyse,
    "blur_export": _blur,
    "tidy": _tidy,
}


def run_job(
    job_id: int,
    *,
    settings: Settings,
    engine: Engine | None = None,
    handlers: Mapping[str, Handler] = HANDLERS,
) -> Job:
    """Run one waiting job to its end in this process and return it as it then stands.

    A job that another worker was faster to claim is returned as it is.
    """
    engine = engine or open_database(database_url(settings.data_dir, settings.database_url))
    worker = Worker(engine, settings, handlers=handlers)
    if worker.run_next(job_id):
        announce(engine, settings, now=_now())
    with reading(engine) as work:
        return jobs.get_job(work, job_id)


def work(
    settings: Settings,
    *,
    once: bool = False,
    handlers: Mapping[str, Handler] = HANDLERS,
    pace: Pace | None = None,
    stop: threading.Event | None = None,
    idle_s: float | None = None,
) -> None:
    """Take jobs until told to stop.

    Args:
        settings: the settings.
        once: return as soon as no job waits.
        handlers: what runs each kind of task.
        pace: how often to do what.
        stop: set it to end; the running job goes back into the queue. Where not given, Ctrl-C
            and SIGTERM do that.
        idle_s: return after this long without work, seconds.
    """
    if stop is None:
        with stopped_by_signals() as signalled:
            work(
                settings,
                once=once,
                handlers=handlers,
                pace=pace,
                stop=signalled,
                idle_s=idle_s,
            )
        return
    engine = open_database(database_url(settings.data_dir, settings.database_url))
    with logging_to(settings.data_dir / "logs"):
        worker = Worker(engine, settings, handlers=handlers, pace=pace, stop=stop)
        try:
            worker.loop(once=once, idle_s=idle_s)
        finally:
            engine.dispose()


class Worker:
    """One process's hold on the queue: a name, a heart and the job in hand."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        handlers: Mapping[str, Handler] = HANDLERS,
        pace: Pace | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._handlers = handlers
        self._pace = pace or Pace()
        self._stop = stop or threading.Event()
        self._host = socket.gethostname()
        self.name = f"{self._host}:{os.getpid()}:{uuid4().hex[:6]}"

    def loop(self, *, once: bool = False, idle_s: float | None = None) -> None:
        """Take jobs until told to stop, or, with `once`, until none waits."""
        _LOG.info("worker %s begins", self.name)
        self._take_from_the_dead()
        # Before the first claim: whoever finds us dead must know whose jobs to free.
        self._beat()
        with (
            repeating(self._beat, self._pace.beat_s),
            repeating(self._do_chores, self._pace.chores_s),
        ):
            busy_s = time.monotonic()
            while not self._stop.is_set():
                if self._run_next_patiently():
                    busy_s = time.monotonic()
                elif once or (idle_s is not None and time.monotonic() - busy_s > idle_s):
                    break
                else:
                    self._stop.wait(self._pace.poll_s)
        if not self._stop.is_set():
            self._announce()
        with session(self._engine) as work:
            workers.remove_worker(work, self.name)
        _LOG.info("worker %s ends", self.name)

    def _run_next_patiently(self) -> bool:
        try:
            return self.run_next()
        except StorageError as error:
            # A backup that locks the file, a server that restarts: it passes.
            _LOG.warning("the database does not answer: %s", error)
            self._stop.wait(self._pace.chores_s)
            return False

    def run_next(self, job_id: int | None = None) -> bool:
        """Claim the oldest waiting job, or the one given, and run it; False where none waits."""
        with session(self._engine) as work:
            job = jobs.claim_job(work, self.name, _now(), job_id=job_id)
        if job is None:
            return False
        _LOG.info("job %d (%s), attempt %d, begins", job.id, job.kind, job.attempts)
        folder = self._settings.data_dir / _WORK_FOLDER / f"{job.id}-{(job.token or '')[:8]}"
        context = JobContext(self._engine, job, folder, stop=self._stop)
        ending = self._attempt(job, context)
        # Free the disk first: the row could not be written where the job has filled it.
        shutil.rmtree(folder, ignore_errors=True)
        self._write(job, ending)
        return True

    def _attempt(self, job: Job, context: JobContext) -> "_Ending":
        try:
            context.folder.mkdir(parents=True)
            task = task_of(job)
            with repeating(context.beat, self._pace.beat_s):
                self._handlers[job.kind](self._engine, self._settings, job, task, context)
        except TakenOver:
            return _Ending("taken over", lambda _work: True)
        except Interrupted:
            return _Ending("put back", lambda work: jobs.put_back(work, job))
        except Cancelled:
            return _Ending("cancelled", lambda work: jobs.end_cancelled(work, job, now=_now()))
        except Exception as error:  # noqa: BLE001 - whatever it is, its reason belongs in the row
            _LOG.exception("job %d failed", job.id)
            reason = explain(error)
            return _Ending("failed", lambda work: jobs.fail_job(work, job, reason, now=_now()))
        # A journey that stores something has finished the job with it; then this changes nothing.
        return _Ending("done", lambda work: jobs.finish_job(work, job, now=_now()))

    def _write(self, job: Job, ending: "_Ending") -> None:
        for wait_s in (0.5, 2.0, 5.0, None):
            try:
                with session(self._engine) as work:
                    ending.write(work)
            except SmartParkError as error:
                # Without an ending the row grows stale and is taken up again; nothing is lost.
                _LOG.warning("job %d: cannot write its end: %s", job.id, error)
                if wait_s is not None:
                    self._stop.wait(wait_s)
            else:
                _LOG.info("job %d: %s", job.id, ending.name)
                return

    def _beat(self) -> None:
        with session(self._engine) as work:
            workers.beat_worker(work, name=self.name, host=self._host, pid=os.getpid(), now=_now())

    def _do_chores(self) -> None:
        now = _now()
        with session(self._engine) as work:
            freed = jobs.requeue_stale(work, now=now, older_than_s=self._pace.stale_s)
            workers.forget_workers(work, before=now - timedelta(days=1))
            self._plan_tidying(work, now)
        for job in freed:
            _LOG.warning("job %d was left by its worker and is now %s", job.id, job.state)
        self._announce()

    def _announce(self) -> None:
        announce(self._engine, self._settings, now=_now())

    def _plan_tidying(self, work: Session, now: datetime) -> None:
        since = now - timedelta(seconds=self._pace.tidy_s)
        if jobs.was_asked_since(work, "tidy", since) or not clips.list_clips(work, before=since):
            return
        jobs.add_job(work, kind=Tidy().kind, arguments={}, clip_id=None, by=SYSTEM, now=now)

    def _take_from_the_dead(self) -> None:
        with session(self._engine) as work:
            for other in workers.workers_on(work, self._host):
                if not is_alive(other.pid):
                    jobs.requeue_of(work, other.name, now=_now())
                    workers.remove_worker(work, other.name)
            held = {(job.id, job.token) for job in jobs.list_jobs(work, states=("running",))}
        kept = {f"{job_id}-{(token or '')[:8]}" for job_id, token in held}
        folder = self._settings.data_dir / _WORK_FOLDER
        for left in folder.iterdir() if folder.is_dir() else ():
            if left.name not in kept:
                shutil.rmtree(left, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Ending:
    name: str
    write: Callable[[Session], bool]


def main(arguments: list[str] | None = None) -> int:
    """Run a worker as a process of its own; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m smartpark.worker", description=__doc__)
    parser.add_argument("--single", action="store_true", help="leave where one is alive already")
    parser.add_argument("--idle-s", type=float, help="leave after this long without work")
    parser.add_argument("--parent", type=int, help="leave when this process is gone")
    parser.add_argument("--once", action="store_true", help="leave when no job waits")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    try:
        with (
            stopped_by_signals() as stop,
            _watching(settings, chosen, stop),
            _alone(settings, chosen, stop) as is_alone,
        ):
            if is_alone:
                work(settings, once=chosen.once, stop=stop, idle_s=chosen.idle_s)
    except SmartParkError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


@contextmanager
def _alone(settings: Settings, chosen: argparse.Namespace, stop: threading.Event) -> Iterator[bool]:
    """Hold the single worker's lock; a supervised worker waits for it, another one gives way."""
    if not chosen.single:
        yield True
        return
    lock = worker_lock(settings.data_dir)
    # Somebody who merely looks whether a worker is alive holds the lock for an instant.
    tries_left = 20
    while not (taken := lock.take()) and tries_left and not stop.wait(0.1):
        tries_left -= chosen.parent is None
    try:
        yield taken
    finally:
        lock.release()


@contextmanager
def _watching(
    settings: Settings, chosen: argparse.Namespace, stop: threading.Event
) -> Iterator[None]:
    """Set `stop` when the parent is gone, or when a supervisor brings a worker of its own."""

    def look() -> None:
        if chosen.parent is None:
            is_over = chosen.single and is_supervised(settings.data_dir)
        else:
            is_over = os.getppid() != chosen.parent
        if is_over:
            stop.set()

    with repeating(look, 1.0):
        yield


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    raise SystemExit(main())
