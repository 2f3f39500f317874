"""Workers: which processes take jobs, and when each last showed a sign of life."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from smartpark.store.schema import Base


class WorkerRow(Base):
    """One process that takes jobs."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that takes jobs.

    Attributes:
        name: unique among all workers.
        host: name of its machine.
        pid: number of its process there.
        started_at: when, UTC.
        heartbeat_at: last sign of life, UTC.
    """

    name: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime


def beat_worker(session: Session, *, name: str, host: str, pid: int, now: datetime) -> None:
    """Write a sign of life of a worker; the first one enters it."""
    row = session.get(WorkerRow, name)
    if row is None:
        row = WorkerRow(name=name, host=host, pid=pid, started_at=now)
        session.add(row)
    row.heartbeat_at = now
    session.flush()


def list_workers(session: Session, *, now: datetime, within_s: float = 15) -> list[Worker]:
    """Return the workers that showed a sign of life within the last `within_s` seconds."""
    alive = WorkerRow.heartbeat_at >= now - timedelta(seconds=within_s)
    return _values(session, select(WorkerRow).where(alive).order_by(WorkerRow.started_at))


def workers_on(session: Session, host: str) -> list[Worker]:
    """Return every worker that was entered from a machine, alive or not."""
    return _values(session, select(WorkerRow).where(WorkerRow.host == host))


def remove_worker(session: Session, name: str) -> None:
    """Strike a worker off the list."""
    session.execute(delete(WorkerRow).where(WorkerRow.name == name))


def forget_workers(session: Session, *, before: datetime) -> None:
    """Strike off the workers without a sign of life since `before`."""
    session.execute(delete(WorkerRow).where(WorkerRow.heartbeat_at < before))


def _values(session: Session, query: Select[WorkerRow]) -> list[Worker]:
    return [
        Worker(row.name, row.host, row.pid, row.started_at, row.heartbeat_at)
        for row in session.scalars(query)
    ]
