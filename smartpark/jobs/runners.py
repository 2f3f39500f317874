"""Runners: who sees to it that a queued job is run."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread

from pydantic import SecretStr

from smartpark.config import Settings
from smartpark.jobs.locks import FileLock

# A worker that a screen started ends after this long without work, seconds.
IDLE_S = 900
# How long a worker may take to put its job back and leave, seconds.
GRACE_S = 10.0
# A worker that dies is started again after this wait, doubled up to the last figure, seconds.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0


class InlineRunner:
    """Runs the job now, in this process, and returns when it has ended."""

    def __init__(self, run_job: Callable[[int], object]) -> None:
        self._run_job = run_job

    def submit(self, job_id: int) -> None:
        """Run the job to its end."""
        self._run_job(job_id)


class LocalRunner:
    """Makes sure that one worker process is alive on this machine."""

    def __init__(self, settings: Settings, *, command: Sequence[str] | None = None) -> None:
        self._settings = settings
        self._command = list(command or worker_command("--single", "--idle-s", str(IDLE_S)))
        self._reaper: Thread | None = None

    def submit(self, job_id: int) -> None:  # noqa: ARG002 - the worker finds the row by itself
        """Start a worker where none is alive."""
        self.ensure()

    def ensure(self) -> bool:
        """Start a worker where none is alive; return whether one was started."""
        data_dir = self._settings.data_dir
        is_starting = self._reaper is not None and self._reaper.is_alive()
        if is_starting or is_supervised(data_dir) or is_worker_alive(data_dir):
            return False
        child = _spawn(self._settings, self._command, own_session=True)
        # Somebody must wait for it: a dead child that nobody waited for still looks alive.
        self._reaper = Thread(target=child.wait, daemon=True)
        self._reaper.start()
        return True

    def wait(self) -> None:
        """Wait until the worker that this runner started, if any, has ended."""
        if self._reaper is not None:
            self._reaper.join()


def worker_lock(data_dir: Path) -> FileLock:
    """Return the lock that the single worker of a data folder holds as long as it lives."""
    return FileLock(data_dir / "worker.lock")


def is_worker_alive(data_dir: Path) -> bool:
    """Return whether a worker started with `--single` is alive on this machine."""
    return _is_held(worker_lock(data_dir))


def is_supervised(data_dir: Path) -> bool:
    """Return whether a supervisor sees to it that a worker is alive on this machine."""
    return _is_held(_supervisor_lock(data_dir))


def worker_command(*options: str) -> list[str]:
    """Return the command line of a worker."""
    return [sys.executable, "-m", "smartpark.worker", *options]


def supervise(settings: Settings, stop: Event, *, command: Sequence[str] | None = None) -> None:
    """Keep one worker running until `stop` is set, then end it; run this in a thread.

    A worker that dies is started again, at once the first time and with growing waits after that.
    The worker also ends by itself when this process dies.

    Args:
        settings: handed to the worker through its environment.
        stop: set it to end the worker; its running job goes back into the queue.
        command: another command line, for tests.
    """
    own = command or worker_command("--single", "--parent", str(os.getpid()))
    lock = _supervisor_lock(settings.data_dir)
    lock.take()
    try:
        _keep_alive(settings, own, stop)
    finally:
        lock.release()


def _keep_alive(settings: Settings, command: Sequence[str], stop: Event) -> None:
    wait_s = _FIRST_WAIT_S
    while not stop.is_set():
        began_s = time.monotonic()
        child = _spawn(settings, command, own_session=False)
        while not stop.wait(0.2) and child.poll() is None:
            pass
        _end(child)
        if time.monotonic() - began_s > _LONGEST_WAIT_S:
            wait_s = _FIRST_WAIT_S
        stop.wait(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)


def _supervisor_lock(data_dir: Path) -> FileLock:
    return FileLock(data_dir / "supervisor.lock")


def _is_held(lock: FileLock) -> bool:
    is_free = lock.take()
    lock.release()
    return not is_free


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment from which a child process reads the same settings."""
    found = dict(os.environ)
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        key = f"SMARTPARK_{name.upper()}"
        found.pop(key, None)
        if value is not None:
            found[key] = _as_variable(value)
    found["SMARTPARK_DATA_DIR"] = str(settings.data_dir.resolve())
    return found


def _as_variable(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _spawn(
    settings: Settings, command: Sequence[str], *, own_session: bool
) -> subprocess.Popen[bytes]:
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "worker.err").open("ab") as errors:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            command,
            env=environment_of(settings),
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=own_session,
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()
