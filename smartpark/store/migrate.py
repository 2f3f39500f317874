"""Bring the schema of a database up to date, after copying an older SQLite file beside itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, MetaData, inspect, text

from smartpark.core.errors import StorageError
from smartpark.core.text import Text

# Any fixed number will do; it keeps two programs from migrating PostgreSQL at the same time.
_LOCK = 7_225_018
SCRIPTS = "smartpark.store:migrations"


def bring_up_to_date(engine: Engine, metadata: MetaData) -> None:
    """Create or migrate the schema; do nothing where it is up to date.

    Raises:
        StorageError: the database is newer than this program, or belongs to another one.
    """
    with engine.execution_options(smartpark_reads=True).connect() as connection:
        if _needs_nothing(connection):
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if _needs_nothing(connection):  # another program was faster while we waited for the lock
            return
        _check_ours(connection, metadata)
        revision = _revision(connection)
        if revision is not None and connection.dialect.name == "sqlite":
            _copy_beside(Path(str(engine.url.database)), revision)
        command.upgrade(_config(connection), "head")


def head() -> str:
    """Return the revision that this program works with."""
    found = ScriptDirectory.from_config(_config(None)).get_current_head()
    if found is None:
        raise RuntimeError("The package lacks its migrations.")
    return found


def _needs_nothing(connection: Connection) -> bool:
    revision = _revision(connection)
    if revision == head():
        return True
    if revision is not None:
        _check_known(revision)
    return False


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_known(revision: str) -> None:
    try:
        ScriptDirectory.from_config(_config(None)).get_revision(revision)
    except CommandError as error:
        raise StorageError(
            Text(
                en="The database was made by a newer SmartPark than this one. Update SmartPark, or "
                "choose another data folder with SMARTPARK_DATA_DIR. Nothing was changed.",
                zh="该数据库由更新版本的 SmartPark 创建。请升级 SmartPark，"
                "或用 SMARTPARK_DATA_DIR 指定其他数据文件夹。数据未作任何改动。",
            )
        ) from error


def _check_ours(connection: Connection, metadata: MetaData) -> None:
    found = set(inspect(connection).get_table_names())
    if "alembic_version" not in found and found & set(metadata.tables):
        raise StorageError(
            Text(
                en="The database holds tables of another program under names that SmartPark needs. "
                "Choose an empty database. Nothing was changed.",
                zh="该数据库中已有其他程序的同名数据表。请换用空数据库。数据未作任何改动。",
            )
        )


def _copy_beside(path: Path, revision: str) -> None:
    copy = path.with_name(f"{path.stem}.before-{head()}-from-{revision}{path.suffix}")
    try:
        # The copy reads while our migration holds the write lock: nobody can write in between.
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        copy.unlink(missing_ok=True)
        raise StorageError(
            Text(
                en=f"The older database could not be copied to {copy.name} before its update "
                f"({error}), so it was left as it is. Free some space, then start again.",
                zh=f"升级前无法将旧数据库备份为 {copy.name}（{error}），因此未作任何改动。"
                "请清理磁盘空间后重新启动。",
            )
        ) from error


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    return config
