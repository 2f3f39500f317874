"""A database of each kind, and one clip in it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from smartpark.store.clips import StoredClip
from smartpark.store.database import open_database, session
from smartpark.testing.databases import BACKENDS, Backend, empty_database
from smartpark.testing.rows import NOON, put_clip


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    backend: Backend = request.param
    try:
        return empty_database(backend, tmp_path)
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def clip(engine: Engine) -> StoredClip:
    with session(engine) as work:
        return put_clip(work)
