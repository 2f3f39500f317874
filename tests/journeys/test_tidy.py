import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smartpark.config import Settings
from smartpark.journeys.intake import receive
from smartpark.journeys.tidy import LEFT_OVER_AFTER_S, tidy
from smartpark.store.audit import list_audit
from smartpark.store.clips import list_clips
from smartpark.store.database import database_url, open_database, session
from smartpark.testing.clips import make_clip


def test_a_clip_past_its_retention_goes_with_its_files_and_is_written_down(data_dir: Path) -> None:
    settings = Settings(retention_days=7)
    engine = open_database(database_url(data_dir, None))
    source = data_dir / "incoming.mp4"
    clip, _ = receive(engine, settings, make_clip(source), name="gate.mp4", by="Li")
    now = datetime.now(UTC)

    assert tidy(engine, settings, now + timedelta(days=6), by="Li").clips == 0
    assert tidy(engine, settings, now + timedelta(days=8), by="Li").clips == 1

    with session(engine) as db:
        assert list_clips(db) == []
        assert list_audit(db)[0].who == "Li"
    assert not (data_dir / clip.file).exists()
    assert not (data_dir / str(clip.thumbnail)).exists()


def test_zero_days_keep_clips_for_ever(data_dir: Path) -> None:
    settings = Settings(retention_days=0)
    engine = open_database(database_url(data_dir, None))
    receive(engine, settings, make_clip(data_dir / "in.mp4"), name="gate.mp4", by="Li")

    assert tidy(engine, settings, datetime.now(UTC) + timedelta(days=9999)).clips == 0


def test_old_left_over_files_go_and_young_ones_stay(data_dir: Path) -> None:
    settings = Settings()
    engine = open_database(database_url(data_dir, None))
    old, young = data_dir / "incoming" / "old", data_dir / "incoming" / "young"
    old.parent.mkdir(parents=True)
    for path in (old, young):
        path.write_bytes(b"half an upload")
    long_ago = time.time() - LEFT_OVER_AFTER_S - 60
    os.utime(old, (long_ago, long_ago))

    removed = tidy(engine, settings, datetime.now(UTC))

    assert removed.files == 1
    assert not old.exists()
    assert young.exists()
