"""What a process does beside its main work: repeated steps, a log file, a look at its peers."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

_LOG = logging.getLogger(__name__)


@contextmanager
def repeating(step: Callable[[], None], every_s: float) -> Iterator[None]:
    """Do a step at once and then every so often, in a thread; a step that fails is logged."""
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            try:
                step()
            except Exception:  # noqa: BLE001 - the next round may succeed; the job must go on
                _LOG.exception("a background step failed")
            over.wait(every_s)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def logging_to(folder: Path) -> Iterator[None]:
    """Write the program's log into `worker.log`; 5 MB each, three old ones kept."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "worker.log", maxBytes=5_000_000, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("smartpark")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or SIGTERM sets in place of ending the process at once.

    Outside the main thread, where signals cannot be caught, nothing sets it.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(*_: object) -> None:
        # In a thread: the signal may come while this one holds the event's own lock.
        threading.Thread(target=stop.set).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_alive(pid: int) -> bool:
    """Return whether a process of this machine is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
