"""Who keeps a worker alive: the local runner and the supervisor."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.jobs import queue
from smartpark.jobs.locks import FileLock
from smartpark.jobs.runners import (
    LocalRunner,
    environment_of,
    is_worker_alive,
    supervise,
    worker_command,
)
from smartpark.jobs.tasks import Tidy
from smartpark.store.database import reading
from smartpark.store.workers import Worker, workers_on

HOLDER = """
import sys, time
from pathlib import Path
from smartpark.jobs.locks import FileLock
assert FileLock(Path(sys.argv[1])).take()
print("held", flush=True)
time.sleep(60)
"""


def find_workers(engine: Engine) -> list[Worker]:
    with reading(engine) as db:
        return workers_on(db, os.uname().nodename)


def test_submitting_twice_starts_one_worker_which_does_both_jobs(
    settings: Settings, engine: Engine, wait_until
) -> None:
    command = worker_command("--single", "--idle-s", "1")
    first, second = (LocalRunner(settings, command=command) for _ in range(2))

    jobs = [
        queue.submit(engine, Tidy(), runner=runner, by="mei") for runner in (first, second, first)
    ]
    wait_until(lambda: all(queue.watch(engine, job.id).state == "done" for job in jobs))
    wait_until(lambda: not is_worker_alive(settings.data_dir))
    first.wait()
    second.wait()

    assert len({queue.watch(engine, job.id).worker for job in jobs}) == 1


def test_the_supervisor_starts_a_dead_worker_again_and_ends_it_with_itself(
    settings: Settings, engine: Engine, wait_until
) -> None:
    stop = threading.Event()
    keeper = threading.Thread(target=supervise, args=(settings, stop))
    keeper.start()
    wait_until(lambda: find_workers(engine))
    [first] = find_workers(engine)
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: {found.pid for found in find_workers(engine)} - {first.pid})
    stop.set()
    keeper.join(30)

    assert not keeper.is_alive()
    assert not is_worker_alive(settings.data_dir)
    assert find_workers(engine) == []


def test_a_supervisor_takes_over_from_a_worker_that_a_page_started(
    settings: Settings, engine: Engine, wait_until
) -> None:
    page = LocalRunner(settings)
    assert page.ensure()
    wait_until(lambda: find_workers(engine))
    [first] = find_workers(engine)
    stop = threading.Event()
    keeper = threading.Thread(target=supervise, args=(settings, stop))
    keeper.start()
    page.wait()
    wait_until(lambda: {found.pid for found in find_workers(engine)} - {first.pid})

    assert not page.ensure()
    stop.set()
    keeper.join(30)
    assert not is_worker_alive(settings.data_dir)


def test_a_worker_ends_when_its_parent_is_gone(
    settings: Settings, engine: Engine, wait_until
) -> None:
    code = (
        "import threading; from smartpark.config import Settings;"
        "from smartpark.jobs.runners import supervise; supervise(Settings(), threading.Event())"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment_of(settings)) as parent:
        wait_until(lambda: find_workers(engine))
        parent.kill()

    wait_until(lambda: not is_worker_alive(settings.data_dir))


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    place = tmp_path / "one.lock"
    command = [sys.executable, "-c", HOLDER, str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert not FileLock(place).take()
        holder.kill()
    lock = FileLock(place)

    assert lock.take()
    lock.release()


def test_a_child_reads_the_same_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings.model_copy(
        update={
            "notifiers": ("log", "webhook"),
            "webhook_secret": SecretStr("s3cret"),
            "retention_days": 7,
            "park_name": "人民公园",
        }
    )
    monkeypatch.setenv("SMARTPARK_SMTP_HOST", "left.over")

    for name, value in environment_of(chosen).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SMARTPARK_SMTP_HOST")

    assert "SMARTPARK_SMTP_HOST" not in environment_of(chosen)
    assert Settings() == chosen
