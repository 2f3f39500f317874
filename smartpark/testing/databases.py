"""Empty databases for tests: SQLite always, PostgreSQL where a server is given."""

import os
from pathlib import Path
from typing import Literal

from sqlalchemy import create_engine, text

Backend = Literal["sqlite", "postgresql"]
BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")
POSTGRES_VARIABLE = "SMARTPARK_TEST_POSTGRES_URL"


def empty_database(backend: Backend, folder: Path) -> str:
    """Return the address of an empty database.

    Args:
        backend: which kind.
        folder: where a SQLite file is put.

    Raises:
        LookupError: no PostgreSQL server was given; a test skips then.
    """
    if backend == "sqlite":
        return f"sqlite:///{folder / 'smartpark.db'}"
    url = os.environ.get(POSTGRES_VARIABLE)
    if not url:
        raise LookupError(f"no PostgreSQL: {POSTGRES_VARIABLE} is not set")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url
