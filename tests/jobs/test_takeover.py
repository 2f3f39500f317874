"""A worker that dies, hangs or is stopped: the job ends once, with one report."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import killable
from smartpark.config import Settings
from smartpark.jobs.queue import watch
from smartpark.jobs.runners import environment_of
from smartpark.store.alerts import list_alerts
from smartpark.store.database import reading, session
from smartpark.store.events import list_events
from smartpark.store.jobs import Job, add_job
from smartpark.store.reports import list_reports
from smartpark.testing.rows import NOON
from smartpark.worker import work

HANDLERS = {"analyse_clip": killable.analyse, "tidy": killable.note_down}


@contextmanager
def worker_process(settings: Settings, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**environment_of(settings), **variables}
    script = str(Path(killable.__file__))
    with subprocess.Popen([sys.executable, script], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def take_up(settings: Settings) -> None:
    work(settings, once=True, handlers=HANDLERS, pace=killable.QUICK)


def check_one_report(engine: Engine, settings: Settings, job: Job) -> None:
    with reading(engine) as db:
        [report] = list_reports(db, limit=None)
        assert report.job_id == job.id
        assert len(list_events(db, report.id)) == 2
        assert len(list_alerts(db)) == 2
    assert list((settings.data_dir / "work").iterdir()) == []


def check_killed_at(point: str, settings: Settings, engine: Engine, job: Job) -> None:
    with worker_process(settings, TEST_DIE_AT=point) as process:
        assert process.wait(30) == -signal.SIGKILL

    take_up(settings)

    ended = watch(engine, job.id)
    assert (ended.state, ended.attempts) == ("done", 1 if point == "committed" else 2)
    check_one_report(engine, settings, job)


@pytest.mark.parametrize("point", killable.POINTS)
def test_killed_at_any_point_the_job_ends_done_with_one_report(
    settings: Settings, engine: Engine, queued: Job, point: str
) -> None:
    check_killed_at(point, settings, engine, queued)


def test_killed_in_the_transaction_the_job_ends_done_with_one_report_on_every_database(
    any_settings: Settings, engine: Engine, queued: Job
) -> None:
    check_killed_at("stored", any_settings, engine, queued)


def test_a_worker_that_hangs_loses_its_job_and_stores_nothing_when_it_wakes(
    settings: Settings, engine: Engine, queued: Job, wait_until
) -> None:
    with worker_process(settings, TEST_STEPS="100") as process:
        wait_until(lambda: watch(engine, queued.id).progress > 0)
        os.kill(process.pid, signal.SIGSTOP)
        stop = threading.Event()
        taker = threading.Thread(
            target=work,
            args=(settings,),
            kwargs={"handlers": HANDLERS, "pace": killable.QUICK, "stop": stop},
        )
        taker.start()
        wait_until(lambda: watch(engine, queued.id).state == "done")
        stop.set()
        taker.join()
        os.kill(process.pid, signal.SIGCONT)

        assert process.wait(30) == 0
    assert watch(engine, queued.id).attempts == 2
    check_one_report(engine, settings, queued)


def test_a_job_that_always_kills_its_worker_ends_failed(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    for _ in range(3):
        with worker_process(settings, TEST_DIE_AT="begun, always") as process:
            assert process.wait(30) == -signal.SIGKILL

    take_up(settings)

    ended = watch(engine, queued.id)
    assert (ended.state, ended.attempts) == ("failed", 3)
    assert ended.error is not None
    assert "broken off 3 times" in ended.error.en


def test_a_worker_told_to_end_puts_its_job_back_at_once(
    settings: Settings, engine: Engine, queued: Job, wait_until
) -> None:
    with worker_process(settings, TEST_STEPS="10000") as process:
        wait_until(lambda: watch(engine, queued.id).progress > 0)
        process.terminate()

        assert process.wait(30) == 0
    back = watch(engine, queued.id)
    assert (back.state, back.attempts, back.worker) == ("queued", 0, None)
    assert list((settings.data_dir / "work").iterdir()) == []


def test_workers_in_several_processes_never_share_a_job(
    any_settings: Settings, engine: Engine
) -> None:
    with session(engine) as db:
        wanted = [
            add_job(db, kind="tidy", arguments={}, clip_id=None, by="mei", now=NOON).id
            for _ in range(30)
        ]

    with worker_process(any_settings) as first, worker_process(any_settings) as second:
        take_up(any_settings)
        assert (first.wait(30), second.wait(30)) == (0, 0)

    done = (any_settings.data_dir / "done.txt").read_text().split()
    assert sorted(map(int, done)) == wanted
