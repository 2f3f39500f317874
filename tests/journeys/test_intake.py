from pathlib import Path

import pytest
from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.core.errors import ClipError
from smartpark.journeys.intake import MAX_NAME, clean_name, receive
from smartpark.store.clips import list_clips
from smartpark.store.database import database_url, open_database, session
from smartpark.testing.clips import make_clip


@pytest.fixture
def settings(data_dir: Path) -> Settings:  # noqa: ARG001 - sets the environment
    return Settings()


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return open_database(database_url(settings.data_dir, None))


def upload(settings: Settings, name: str = "incoming.mp4") -> Path:
    folder = settings.data_dir / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return make_clip(folder / name)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.mp4", "passwd.mp4"),
        ("C:\\clips\\gate.mp4", "gate.mp4"),
        ('a "quoted" name.mp4', 'a "quoted" name.mp4'),
        ("<script>alert(1)<!--.mp4", "<script>alert(1)<!--.mp4"),
        ("东门 录像.mp4", "东门 录像.mp4"),
        ("line\nbreak\x00\u202e.mp4", "linebreak.mp4"),
        ("", "clip"),
        ("..", "clip"),
    ],
)
def test_a_name_is_cleaned_of_folders_and_control_characters(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_long_name_keeps_its_suffix() -> None:
    name = clean_name("长" * 300 + ".mp4")

    assert len(name) == MAX_NAME
    assert name.endswith(".mp4")


def test_an_upload_lands_in_the_library_under_its_digest(
    engine: Engine, settings: Settings
) -> None:
    clip, is_new = receive(engine, settings, upload(settings), name="../Gate.mp4", by="Li")

    assert is_new
    assert clip.name == "Gate.mp4"
    assert clip.file == f"clips/{clip.sha256}.mp4"
    assert (settings.data_dir / clip.file).is_file()
    assert (settings.data_dir / str(clip.thumbnail)).read_bytes()[:2] == b"\xff\xd8"
    assert list((settings.data_dir / "incoming").iterdir()) == []


def test_the_same_clip_twice_is_one_clip(engine: Engine, settings: Settings) -> None:
    first, _ = receive(engine, settings, upload(settings, "a.mp4"), name="a.mp4", by="Li")
    second, is_new = receive(engine, settings, upload(settings, "b.mp4"), name="b.mp4", by="Li")

    assert not is_new
    assert second.id == first.id
    with session(engine) as db:
        assert len(list_clips(db)) == 1


def test_what_is_no_clip_leaves_nothing_behind(engine: Engine, settings: Settings) -> None:
    source = upload(settings)
    source.write_text("not a clip at all")

    with pytest.raises(ClipError):
        receive(engine, settings, source, name="text.mp4", by="Li")

    with session(engine) as db:
        assert list_clips(db) == []
    assert [
        p for p in settings.data_dir.rglob("*") if p.is_file() and "smartpark" not in p.name
    ] == []


def test_a_clip_over_the_limit_is_refused(engine: Engine, settings: Settings) -> None:
    small = settings.model_copy(update={"max_upload_mb": 1})
    source = upload(settings)
    with source.open("ab") as file:
        file.truncate(2_000_000)

    with pytest.raises(ClipError, match="at most 1 MB"):
        receive(engine, small, source, name="big.mp4", by="Li")

    assert not source.exists()
