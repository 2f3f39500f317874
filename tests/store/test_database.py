"""Opening the database: new, older, newer, locked, damaged, foreign, unwritable."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from smartpark.core.errors import StorageError
from smartpark.store import migrate
from smartpark.store.clips import list_clips
from smartpark.store.database import (
    METADATA,
    database_url,
    is_disk_full,
    open_database,
    reading,
    session,
)
from smartpark.testing.rows import put_clip

LATER = '''
"""A later revision."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{before}"


def upgrade() -> None:
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    {also}
'''


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that pretends the program has one more revision."""

    def pretend(also: str = "pass") -> None:
        scripts = tmp_path / "scripts"
        ours = Path(migrate.__file__).parent / "migrations"
        shutil.copytree(ours, scripts, ignore=shutil.ignore_patterns("__pycache__"))
        script = LATER.format(before=migrate.head(), also=also)
        (scripts / "versions" / "9001_later.py").write_text(script)
        monkeypatch.setattr(migrate, "SCRIPTS", str(scripts))

    return pretend


def test_the_migrations_make_exactly_the_tables_of_the_program(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, METADATA) == []


def test_opening_twice_changes_nothing(engine: Engine, url: str) -> None:
    with session(engine) as work:
        put_clip(work)

    again = open_database(url)

    with reading(again) as work:
        assert [clip.name for clip in list_clips(work)] == ["门口 gate.mp4"]
    again.dispose()


def test_an_older_database_is_migrated(engine: Engine, url: str, later) -> None:
    with session(engine) as work:
        put_clip(work)
    engine.dispose()
    later()

    migrated = open_database(url)

    assert "later" in inspect(migrated).get_table_names()
    with reading(migrated) as work:
        assert len(list_clips(work)) == 1
    migrated.dispose()


def test_an_older_file_is_copied_beside_itself_first(tmp_path: Path, later) -> None:
    url = database_url(tmp_path, None)
    engine = open_database(url)
    with session(engine) as work:
        put_clip(work)
    engine.dispose()
    later()

    open_database(url).dispose()

    [copy] = tmp_path.glob("*.before-*")
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT count(*) FROM clips").fetchone() == (1,)
        assert old.execute("SELECT count(*) FROM sqlite_master WHERE name='later'").fetchone() == (
            0,
        )


def test_without_room_for_the_copy_nothing_is_migrated(tmp_path: Path, later) -> None:
    url = database_url(tmp_path, None)
    open_database(url).dispose()
    before = migrate.head()
    later()
    (tmp_path / f"smartpark.before-9001-from-{before}.db").symlink_to(tmp_path / "no" / "room")

    with pytest.raises(StorageError, match="could not be copied"):
        open_database(url)

    with closing(sqlite3.connect(tmp_path / "smartpark.db")) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchall() == [(before,)]


def test_programs_that_start_at_the_same_moment_share_one_schema(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(open_database, [url] * 6))

    for engine in engines:
        with reading(engine) as work:
            assert list_clips(work) == []
        engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    engine: Engine, url: str, later
) -> None:
    before = set(inspect(engine).get_table_names())
    engine.dispose()
    later(also="raise RuntimeError('half way')")

    with pytest.raises(RuntimeError, match="half way"):
        open_database(url)

    plain = create_engine(url)
    assert set(inspect(plain).get_table_names()) == before
    plain.dispose()


def test_a_newer_database_is_refused_and_not_touched(engine: Engine, url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StorageError, match="newer SmartPark") as caught:
        open_database(url)

    assert "升级" in caught.value.text.zh


def test_a_database_of_another_program_is_refused(url: str) -> None:
    plain = create_engine(url)
    with plain.begin() as connection:
        connection.execute(text("CREATE TABLE jobs (id INTEGER)"))
    plain.dispose()

    with pytest.raises(StorageError, match="another program"):
        open_database(url)


def test_sqlite_runs_with_write_ahead_log_and_foreign_keys(tmp_path: Path) -> None:
    engine = open_database(database_url(tmp_path, None))

    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 10_000
    engine.dispose()


def test_a_locked_database_is_said_to_be_locked(tmp_path: Path) -> None:
    url = database_url(tmp_path, None)
    engine = open_database(url, busy_timeout_s=0.1)
    with closing(sqlite3.connect(tmp_path / "smartpark.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with (
            pytest.raises(StorageError, match="locked by another program"),
            session(engine) as work,
        ):
            list_clips(work)
        with reading(engine) as work:
            assert list_clips(work) == []
    engine.dispose()


def test_a_database_locked_from_the_start_is_said_to_be_locked(tmp_path: Path) -> None:
    url = database_url(tmp_path, None)
    open_database(url).dispose()
    with closing(sqlite3.connect(tmp_path / "smartpark.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(StorageError, match="locked by another program"):
            open_database(url, busy_timeout_s=0.1)


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "smartpark.db").write_bytes(b"This was a database once. " * 400)

    with pytest.raises(StorageError, match="damaged or is not a database"):
        open_database(database_url(tmp_path, None))


def test_a_database_with_broken_pages_is_said_to_be_damaged(tmp_path: Path) -> None:
    url = database_url(tmp_path, None)
    engine = open_database(url)
    with session(engine) as work:
        for number in range(300):
            put_clip(work, f"clip {number}")
    engine.dispose()
    file = tmp_path / "smartpark.db"
    content = bytearray(file.read_bytes())
    content[8192 : len(content) // 2] = b"\xff" * (len(content) // 2 - 8192)
    file.write_bytes(content)

    with pytest.raises(StorageError, match="damaged or is not a database"):
        open_database(url)


def test_a_file_in_the_place_of_the_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")

    with pytest.raises(StorageError, match="cannot be written") as caught:
        open_database(database_url(tmp_path / "data", None))

    assert "SMARTPARK_DATA_DIR" in caught.value.text.zh


def test_a_folder_in_the_place_of_the_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "smartpark.db").mkdir()

    with pytest.raises(StorageError, match="cannot be opened"):
        open_database(database_url(tmp_path, None))


def test_an_address_that_is_none_is_explained() -> None:
    with pytest.raises(StorageError, match="SMARTPARK_DATABASE_URL"):
        open_database("nonsense")


def test_an_unknown_kind_of_database_is_explained() -> None:
    with pytest.raises(StorageError, match="SMARTPARK_DATABASE_URL"):
        open_database("oracle9://user@host/name")


def test_a_server_that_is_not_there_is_explained() -> None:
    pytest.importorskip("psycopg")

    with pytest.raises(StorageError, match="does not let us in"):
        open_database("postgresql+psycopg://user@127.0.0.1:1/name")


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    def fail_half_way() -> None:
        with session(engine) as work:
            put_clip(work)
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail_half_way()

    with reading(engine) as work:
        assert list_clips(work) == []


def test_a_full_disk_is_recognised_through_its_causes() -> None:
    outer = RuntimeError("could not write")
    outer.__cause__ = OSError(28, "No space left on device")

    assert is_disk_full(outer)
    assert not is_disk_full(RuntimeError("something else"))
