"""What the worker makes of a job: done, failed, cancelled, put back; and its chores."""

import errno
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from smartpark.config import Settings
from smartpark.core.errors import ClipError, JobError
from smartpark.core.text import Text
from smartpark.jobs import queue
from smartpark.jobs.context import JobContext, TakenOver
from smartpark.jobs.runners import InlineRunner, environment_of, worker_command
from smartpark.jobs.tasks import AnalyseClip, Tidy, task_of
from smartpark.store import audit, deliveries
from smartpark.store.database import open_database, reading, session
from smartpark.store.jobs import Job, list_jobs
from smartpark.store.reports import list_reports
from smartpark.testing.rows import NOON, intrusion, put_clip, put_report
from smartpark.worker import Pace, Worker, run_job, work

NOBODY = InlineRunner(lambda _job_id: None)


def run(settings: Settings, engine: Engine, job: Job, journey: Callable[..., None]) -> Job:
    handlers = {"analyse_clip": journey}
    return run_job(job.id, settings=settings, engine=engine, handlers=handlers)


def test_a_job_ends_done_and_leaves_no_half_finished_files(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    def journey(_engine, _settings, job, task, context: JobContext) -> None:
        assert task == AnalyseClip(clip_id=job.clip_id)
        (context.folder / "overlay.mp4").write_bytes(b"half")
        context.progress(0.5, Text(en="Half.", zh="一半。"))

    ended = run(settings, engine, queued, journey)

    assert (ended.state, ended.progress, ended.note) == ("done", 1.0, None)
    assert list((settings.data_dir / "work").iterdir()) == []


def test_an_error_of_ours_ends_the_job_with_its_sentence(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    why = Text(en="The clip is empty.", zh="视频为空。")

    def journey(*_: object) -> None:
        raise ClipError(why)

    ended = run(settings, engine, queued, journey)

    assert (ended.state, ended.error) == ("failed", why)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full"),
        (MemoryError(), "out of memory"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_any_other_error_ends_the_job_with_a_sentence_too(
    settings: Settings, engine: Engine, queued: Job, error: Exception, said: str
) -> None:
    def journey(*_: object) -> None:
        raise error

    ended = run(settings, engine, queued, journey)

    assert ended.state == "failed"
    assert ended.error is not None
    assert said in ended.error.en


def test_a_disk_that_is_full_while_storing_loses_nothing_that_was_stored(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    with session(engine) as db:
        kept = put_report(db, queued.clip_id, events=[intrusion()])

    def journey(_engine, _settings, job, task, context: JobContext) -> None:
        @event.listens_for(engine, "begin")
        def stop_growing(connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

        try:
            with session(engine) as db:
                context.finish(db)
                many = [intrusion(number) for number in range(2000)]
                put_report(db, task.clip_id, job.id, events=many)
        finally:
            event.remove(engine, "begin", stop_growing)

    ended = run(settings, engine, queued, journey)

    assert ended.state == "failed"
    assert ended.error is not None
    assert "disk" in ended.error.en
    assert "full" in ended.error.en
    with reading(engine) as db:
        assert list_reports(db) == [kept]


def test_a_running_job_stops_at_its_next_step_when_cancelled(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    def journey(_engine, _settings, job, _task, context: JobContext) -> None:
        (context.folder / "overlay.mp4").write_bytes(b"half")
        queue.cancel(engine, job.id, "li")
        context.beat()
        context.progress(0.5)
        pytest.fail("went on after the cancel wish")

    ended = run(settings, engine, queued, journey)

    assert (ended.state, ended.error) == ("cancelled", None)
    assert list((settings.data_dir / "work").iterdir()) == []
    with reading(engine) as db:
        assert list_reports(db) == []
        assert [row.action for row in audit.list_audit(db)][:1] == ["job.cancel"]


def test_a_waiting_job_that_is_cancelled_never_runs(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    assert queue.cancel(engine, queued.id, "li").state == "cancelled"

    ended = run(settings, engine, queued, lambda *_: pytest.fail("was run"))

    assert ended.state == "cancelled"


def test_a_failed_job_can_be_retried(settings: Settings, engine: Engine, queued: Job) -> None:
    def journey(*_: object) -> None:
        raise ValueError("once")

    run(settings, engine, queued, journey)
    again = InlineRunner(
        lambda job_id: run_job(
            job_id, settings=settings, engine=engine, handlers={"analyse_clip": lambda *_: None}
        )
    )

    ended = queue.retry(engine, queued.id, "li", runner=again)

    assert (ended.id, ended.state, ended.error, ended.attempts) == (queued.id, "done", None, 1)
    with pytest.raises(JobError, match="is done"):
        queue.retry(engine, queued.id, "li")


def test_a_task_of_a_newer_program_fails_with_a_sentence(queued: Job) -> None:
    strange = replace(queued, kind="dream")

    with pytest.raises(JobError, match=r"Job 1 \(dream\) cannot be read"):
        task_of(strange)


def test_a_finish_by_a_worker_that_lost_the_job_rolls_its_report_back(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    def journey(_engine, _settings, job, task, context: JobContext) -> None:
        lost = JobContext(engine, replace(job, token="old"), context.folder)  # noqa: S106 - no password
        with session(engine) as db:
            put_report(db, task.clip_id, job.id)
            lost.finish(db)

    ended = run(settings, engine, queued, journey)

    assert ended.state == "running"
    with reading(engine) as db:
        assert list_reports(db) == []


def test_progress_tells_a_worker_that_lost_the_job(engine: Engine, queued: Job, tmp_path) -> None:
    context = JobContext(engine, queued, tmp_path)

    with pytest.raises(TakenOver):
        context.progress(0.1)


def test_progress_is_written_at_most_twice_a_second(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    seen = []

    def journey(_engine, _settings, job, _task, context: JobContext) -> None:
        for step in range(1, 50):
            context.progress(step / 100)
        seen.append(queue.watch(engine, job.id).progress)

    run(settings, engine, queued, journey)

    assert seen == [0.01]


def test_new_alerts_are_announced_after_the_job(
    settings: Settings, engine: Engine, queued: Job, caplog: pytest.LogCaptureFixture
) -> None:
    def journey(_engine, _settings, job, task, context: JobContext) -> None:
        with session(engine) as db:
            context.finish(db)
            put_report(db, task.clip_id, job.id, events=[intrusion(7)])

    with caplog.at_level(logging.WARNING, "smartpark.notifiers"):
        run(settings, engine, queued, journey)

    assert "alert (medium) in 门口 gate.mp4: Person 7 entered “Lawn”." in caplog.text


def test_a_notifier_that_fails_is_recorded_and_undoes_nothing(
    settings: Settings, engine: Engine, queued: Job
) -> None:
    settings = settings.model_copy(update={"notifiers": ("webhook", "log")})

    def journey(_engine, _settings, job, task, context: JobContext) -> None:
        with session(engine) as db:
            context.finish(db)
            put_report(db, task.clip_id, job.id, events=[intrusion()])

    ended = run(settings, engine, queued, journey)

    with reading(engine) as db:
        told = deliveries.list_deliveries(db)
        assert len(list_reports(db)) == 1
    assert ended.state == "done"
    assert [(row.notifier, row.state) for row in told] == [("webhook", "pending"), ("log", "sent")]
    assert "SMARTPARK_WEBHOOK_URL" in str(told[0].error)


def test_the_worker_takes_all_waiting_jobs_in_order_and_writes_a_log(
    settings: Settings, engine: Engine
) -> None:
    order = []
    jobs = [queue.submit(engine, Tidy(), runner=NOBODY, by="mei", now=NOON) for _ in range(3)]

    work(settings, once=True, handlers={"tidy": lambda *args: order.append(args[2].id)})

    assert order == [job.id for job in jobs]
    assert f"job {jobs[2].id}: done" in (settings.data_dir / "logs" / "worker.log").read_text()


def test_retention_is_planned_once_a_day_where_clips_are_old(
    settings: Settings, engine: Engine
) -> None:
    with session(engine) as db:
        put_clip(db, now=datetime.now(UTC) - timedelta(days=3))
    stop = threading.Event()

    def tidy(*_: object) -> None:
        stop.set()

    pace = Pace(poll_s=0.01, chores_s=0.01)
    work(settings, handlers={"tidy": tidy}, pace=pace, stop=stop)
    work(settings, once=True, handlers={"tidy": tidy})

    with reading(engine) as db:
        assert [(job.kind, job.created_by) for job in list_jobs(db)] == [("tidy", "SmartPark")]


def test_an_idle_worker_leaves_when_told_so(settings: Settings) -> None:
    work(settings, pace=Pace(poll_s=0.01), idle_s=0.05)


def test_files_that_a_dead_worker_left_are_removed_at_the_next_start(
    settings: Settings, engine: Engine
) -> None:
    left = settings.data_dir / "work" / "9-deadbeef"
    left.mkdir(parents=True)

    Worker(engine, settings, handlers={}).loop(once=True)

    assert not left.exists()


def test_the_worker_starts_without_torch_and_without_the_analyser() -> None:
    code = (
        "import sys, smartpark.worker;"
        "assert not {'torch', 'transformers', 'cv2', 'streamlit', 'onnxruntime'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_database_that_is_locked_for_a_while_does_not_end_the_worker(
    settings: Settings, engine: Engine, queued: Job, wait_until
) -> None:
    stop = threading.Event()
    impatient = open_database(str(engine.url), busy_timeout_s=0.05)
    worker = Worker(
        impatient,
        settings,
        handlers={"analyse_clip": lambda *_: None},
        pace=Pace(poll_s=0.02, chores_s=0.05),
        stop=stop,
    )
    thread = threading.Thread(target=worker.loop)
    thread.start()
    wait_until(lambda: queue.watch(engine, queued.id).state == "done")
    file = settings.data_dir / "smartpark.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as backup:
        backup.execute("BEGIN IMMEDIATE")
        stop.wait(0.5)
    later = queue.submit(
        engine, AnalyseClip(clip_id=queued.arguments["clip_id"]), runner=NOBODY, by="mei"
    )
    wait_until(lambda: queue.watch(engine, later.id).state == "done")
    stop.set()
    thread.join()
    impatient.dispose()

    assert queue.watch(engine, later.id).attempts == 1


def test_a_worker_that_cannot_open_the_database_says_so_in_one_line(settings: Settings) -> None:
    (settings.data_dir / "smartpark.db").write_bytes(b"no database " * 100)

    ended = subprocess.run(
        worker_command("--once"),
        env=environment_of(settings),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "damaged" in ended.stderr
