"""Settings with a fresh data folder and a database of each kind."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.jobs.queue import submit
from smartpark.jobs.runners import InlineRunner
from smartpark.jobs.tasks import AnalyseClip
from smartpark.store.clips import StoredClip
from smartpark.store.database import database_url, open_database, session
from smartpark.store.jobs import Job
from smartpark.testing.databases import BACKENDS, Backend, empty_database
from smartpark.testing.rows import NOON, put_clip


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    data_dir.mkdir()
    return Settings(data_dir=data_dir)


@pytest.fixture(params=BACKENDS)
def any_settings(request: pytest.FixtureRequest, data_dir: Path) -> Settings:
    data_dir.mkdir()
    backend: Backend = request.param
    try:
        return Settings(data_dir=data_dir, database_url=empty_database(backend, data_dir))
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    names = request.fixturenames
    chosen = request.getfixturevalue("any_settings" if "any_settings" in names else "settings")
    opened = open_database(database_url(chosen.data_dir, chosen.database_url))
    yield opened
    opened.dispose()


@pytest.fixture
def clip(engine: Engine) -> StoredClip:
    with session(engine) as work:
        return put_clip(work)


@pytest.fixture
def queued(engine: Engine, clip: StoredClip) -> Job:
    """One analysis that waits for a worker."""
    nobody = InlineRunner(lambda _job_id: None)
    return submit(engine, AnalyseClip(clip_id=clip.id), runner=nobody, by="mei", now=NOON)


@pytest.fixture(scope="session")
def wait_until() -> Callable[[Callable[[], object]], None]:
    def wait(condition: Callable[[], object]) -> None:
        give_up_s = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < give_up_s, "waited in vain"
            time.sleep(0.02)

    return wait
