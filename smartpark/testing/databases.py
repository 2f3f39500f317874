"""Empty databases for tests: SQLite always, PostgreSQL where a server is given."""

import os
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, create_engine, inspect, text

from smartpark.store import migrate
from smartpark.store.tables import METADATA

Backend = Literal["sqlite", "postgresql"]
BACKENDS: tuple[Backend, ...] = ("sqlite", "postgresql")
POSTGRES_VARIABLE = "SMARTPARK_TEST_POSTGRES_URL"


def empty_database(backend: Backend, folder: Path) -> str:
    """Return the address of a database without rows; its tables are made when it is opened.

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
        if not _is_current(connection):
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        else:
            # Much faster than making every table again.
            names = ", ".join(METADATA.tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    engine.dispose()
    return url


def _is_current(connection: Connection) -> bool:
    if set(inspect(connection).get_table_names()) != {*METADATA.tables, "alembic_version"}:
        return False
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(found == migrate.head())
