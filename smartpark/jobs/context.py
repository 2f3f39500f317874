"""What a journey holds while it works on a job: progress, cancel wish, a folder of its own."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from smartpark.core.errors import Cancelled, JobError, StorageError
from smartpark.core.text import Text
from smartpark.store import jobs
from smartpark.store.database import session
from smartpark.store.jobs import Beat, Job

# Progress is written at most this often, seconds: a screen polls about once a second.
WRITE_EVERY_S = 0.5


class TakenOver(JobError):  # noqa: N818 - a change of hands, not a failure
    """Another worker has the job; whoever gets this stops and stores nothing."""


class Interrupted(JobError):  # noqa: N818 - a pause, not a failure
    """The worker was told to end; the job goes back into the queue."""


@dataclass(eq=False)
class JobContext:
    """The thread of a journey back to its job.

    Attributes:
        engine: the database.
        job: the job as it was claimed.
        folder: an empty folder for half-finished files; removed when the attempt ends, however it
            ends. It lies in the data folder, so moving from it to a final place is one rename.
        clock: gives the present, UTC.
        stop: set when the worker is told to end.
    """

    engine: Engine
    job: Job
    folder: Path
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    stop: threading.Event = field(default_factory=threading.Event)
    _cancel: threading.Event = field(default_factory=threading.Event)
    _lost: threading.Event = field(default_factory=threading.Event)
    _written_s: float = -WRITE_EVERY_S

    def progress(self, share: float, note: Text | None = None) -> None:
        """Say how much is done; call it often, it writes at most twice a second.

        Args:
            share: between 0 and 1.
            note: what is being done.

        Raises:
            Cancelled: a person asked for the job to stop.
            TakenOver: another worker has the job.
            Interrupted: the worker was told to end.
        """
        self.check()
        if time.monotonic() - self._written_s < WRITE_EVERY_S:
            return
        self.beat(share, note)
        self._written_s = time.monotonic()
        self.check()

    def check(self) -> None:
        """Raise where the work should stop: see `progress`."""
        if self._lost.is_set():
            raise TakenOver(_TAKEN_OVER)
        if self._cancel.is_set():
            raise Cancelled(_CANCELLED)
        if self.stop.is_set():
            raise Interrupted(_INTERRUPTED)

    def finish(self, work: Session) -> None:
        """End the job well, in the transaction that stores its result.

        Call it first in that transaction: it takes the row, so that of two workers who believe
        that they have the job only one goes on to store files and rows.

        Raises:
            TakenOver: another worker has the job; the transaction is rolled back by the error.
        """
        if not jobs.finish_job(work, self.job, now=self.clock()):
            raise TakenOver(_TAKEN_OVER)

    def beat(self, share: float | None = None, note: Text | None = None) -> None:
        """Write a sign of life and learn of a cancel wish; a busy database is no reason to stop."""
        try:
            with session(self.engine) as work:
                heard = jobs.beat(work, self.job, now=self.clock(), progress=share, note=note)
        except StorageError:
            return
        self._learn(heard)

    def _learn(self, heard: Beat) -> None:
        if not heard.is_ours:
            self._lost.set()
        elif heard.cancel_wished:
            self._cancel.set()


_TAKEN_OVER = Text(
    en="Another worker has taken this job over, because this one showed no sign of life.",
    zh="该任务已由其他工作进程接管，因为当前进程长时间没有响应。",
)
_CANCELLED = Text(en="The job was cancelled.", zh="任务已取消。")
_INTERRUPTED = Text(
    en="The worker was stopped; the job goes on when one is running again.",
    zh="工作进程已停止；重新启动后任务会继续。",
)
