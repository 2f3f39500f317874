"""The database: open it, bring its schema up to date, work in transactions."""

import errno
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from smartpark.core.errors import StorageError
from smartpark.core.text import Text
from smartpark.store import migrate, tables

FILE_NAME = "smartpark.db"
# How long a statement waits for another writer before it gives up, seconds.
BUSY_TIMEOUT_S = 10.0

METADATA = tables.METADATA


def database_url(data_dir: Path, url: str | None) -> str:
    """Return the address of the database: `url`, or a SQLite file in the data folder."""
    return url or f"sqlite:///{(data_dir / FILE_NAME).resolve()}"


def open_database(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """Return the database, checked and with its schema up to date.

    Args:
        url: SQLAlchemy address, `sqlite:///FILE` or `postgresql+psycopg://…`.
        busy_timeout_s: how long a statement waits for another writer, seconds.

    Raises:
        StorageError: the folder cannot be written, the file is damaged, locked or not ours, the
            server does not answer, or the database is newer than this program.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        engine = _open_sqlite(address, busy_timeout_s)
    else:
        engine = _open_postgres(address)
    try:
        with _plain_errors(address):
            migrate.bring_up_to_date(engine, METADATA)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def session(engine: Engine) -> Iterator[Session]:
    """Work in one transaction: commit at the end, roll back where an error leaves the block."""
    with _plain_errors(engine.url), Session(engine, expire_on_commit=False) as work, work.begin():
        yield work


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Read one consistent state without waiting for writers; changes are thrown away."""
    reader = engine.execution_options(smartpark_reads=True)
    with _plain_errors(engine.url), Session(reader, expire_on_commit=False) as work:
        yield work


def explain(error: DBAPIError, address: URL) -> StorageError | None:
    """Return the sentence for a fault that a person can mend, or None for a fault of ours."""
    said = str(error.orig).lower()
    shown = address.database if address.get_backend_name() == "sqlite" else str(address.host)
    for fragments, meaning in _MEANINGS:
        if any(fragment in said for fragment in fragments):
            filled = Text(en=meaning.en.format(name=shown), zh=meaning.zh.format(name=shown))
            return StorageError(filled)
    return None


def is_disk_full(error: BaseException) -> bool:
    """Return whether the error, or one that caused it, says that the disk is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(seen, DBAPIError | sqlite3.Error) and any(
            fragment in str(seen).lower() for fragment in _FULL
        ):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


@contextmanager
def _plain_errors(address: URL) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        explained = explain(error, address)
        if explained is None:
            raise
        raise explained from error


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StorageError(_BAD_ADDRESS) from error
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StorageError(_BAD_ADDRESS)
    return address


def _open_postgres(address: URL) -> Engine:
    try:
        return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError as error:
        raise StorageError(_NO_DRIVER) from error


def _open_sqlite(address: URL, busy_timeout_s: float) -> Engine:
    if address.database and address.database != ":memory:":
        _prepare_folder(Path(address.database).parent)
    engine = create_engine(address, connect_args={"timeout": busy_timeout_s})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    try:
        with _plain_errors(address), engine.connect() as connection:
            _check_sqlite(connection, str(address.database))
    except BaseException:
        engine.dispose()
        raise
    return engine


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            Text(
                en=f"The data folder {folder} cannot be written ({reason}). "
                "Choose another one with SMARTPARK_DATA_DIR, or change its permissions.",
                zh=f"无法写入数据文件夹 {folder}（{reason}）。"
                "请用 SMARTPARK_DATA_DIR 指定其他文件夹，或修改其权限。",
            )
        ) from error


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN comes too late for a consistent read; ours is sent by `_begin_sqlite`.
    connection.isolation_level = None
    cursor = connection.cursor()
    _switch_to_wal(cursor)
    for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _switch_to_wal(cursor: sqlite3.Cursor) -> None:
    [wait_ms] = cursor.execute("PRAGMA busy_timeout").fetchone()
    give_up_s = time.monotonic() + wait_ms / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Where two programs make the file at the same time, this one statement does not wait.
            if "locked" not in str(error) or time.monotonic() > give_up_s:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once, without waiting, when another
    # writer came in between; so whoever may write takes the write lock at the start.
    reads = connection.get_execution_options().get("smartpark_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _check_sqlite(connection: Connection, name: str) -> None:
    found: Any = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    if found != "ok":
        raise StorageError(Text(en=_DAMAGED.en.format(name=name), zh=_DAMAGED.zh.format(name=name)))


_BAD_ADDRESS = Text(
    en="SMARTPARK_DATABASE_URL is not an address of a database. Write "
    "postgresql+psycopg://USER:PASSWORD@HOST/NAME, or leave it out to use a file.",
    zh="SMARTPARK_DATABASE_URL 不是有效的数据库地址。请写成 "
    "postgresql+psycopg://用户:密码@主机/库名；留空则使用本地文件。",
)
_NO_DRIVER = Text(
    en="PostgreSQL needs a library that is not installed. Run: pip install 'smartpark[postgres]'",
    zh="使用 PostgreSQL 还需安装一个库。请运行：pip install 'smartpark[postgres]'",
)
_DAMAGED = Text(
    en="The database {name} is damaged or is not a database. Move it away and put a copy from a "
    "backup in its place; clips and reports in the data folder are not touched.",
    zh="数据库 {name} 已损坏，或不是数据库文件。请将其移走并换上备份；"
    "数据文件夹中的视频和报告不受影响。",
)
_FULL = ("disk is full", "no space left on device", "could not extend file")
_MEANINGS: tuple[tuple[tuple[str, ...], Text], ...] = (
    (
        ("database is locked", "database table is locked", "lock timeout"),
        Text(
            en="The database {name} is locked by another program. Close that program (a backup, a "
            "database browser), then try again.",
            zh="数据库 {name} 正被其他程序锁定。请关闭该程序（如备份或数据库浏览工具）后重试。",
        ),
    ),
    (("not a database", "malformed", "file is encrypted"), _DAMAGED),
    (
        _FULL,
        Text(
            en="The disk that holds the database {name} is full. Free some space (`smartpark tidy` "
            "removes old clips), then try again.",
            zh="数据库 {name} 所在磁盘已满。请清理空间（`smartpark tidy` 可删除旧视频）后重试。",
        ),
    ),
    (
        ("readonly database", "unable to open database file", "disk i/o error"),
        Text(
            en="The database {name} cannot be opened for writing. Check that its folder exists and "
            "may be written, or choose another one with SMARTPARK_DATA_DIR.",
            zh="无法以写入方式打开数据库 {name}。请检查其文件夹是否存在且可写，"
            "或用 SMARTPARK_DATA_DIR 指定其他文件夹。",
        ),
    ),
    (
        (
            "connection failed",
            "connection refused",
            "connection is closed",
            "connection timeout",
            "could not connect",
            "could not translate",
            "closed the connection",
            "terminating connection",
        ),
        Text(
            en="The database server {name} does not let us in. Check that it runs, and check user, "
            "password and name in SMARTPARK_DATABASE_URL.",
            zh="无法连接数据库服务器 {name}。请确认其正在运行，"
            "并检查 SMARTPARK_DATABASE_URL 中的用户、密码和库名。",
        ),
    ),
)
