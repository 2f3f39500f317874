"""Remove what has been kept long enough, and what crashes left behind."""

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.store.clips import known_files, list_clips, remove_clip
from smartpark.store.database import reading, session
from smartpark.store.reports import report_folders

# A file younger than this may belong to an upload or a job that is still running.
LEFT_OVER_AFTER_S = 24 * 3600
KEEP_EVERYTHING = 0


@dataclass(frozen=True, slots=True)
class Removed:
    """What a tidy-up took away.

    Attributes:
        clips: number of clips.
        files: number of files.
        size: bytes.
    """

    clips: int
    files: int
    size: int


def tidy(engine: Engine, settings: Settings, now: datetime, *, by: str = "SmartPark") -> Removed:
    """Remove clips past their retention with all that was made of them, and left-over files.

    Args:
        engine: the open database.
        settings: for the data folder and `retention_days`; 0 keeps every clip.
        now: when, UTC.
        by: who asked, for the audit trail.
    """
    expired = _remove_expired(engine, settings, by=by, now=now)
    with reading(engine) as db:
        known = {*known_files(db), *report_folders(db)}
    doomed = [
        entry
        for folder in ("clips", "thumbnails", "reports", "incoming", "exports")
        for entry in _strangers(settings.data_dir, folder, known)
    ]
    removed = [*expired, *(_remove(path) for path in doomed)]
    return Removed(
        clips=len(expired), files=sum(n for n, _ in removed), size=sum(size for _, size in removed)
    )


def _remove_expired(
    engine: Engine, settings: Settings, *, by: str, now: datetime
) -> list[tuple[int, int]]:
    if settings.retention_days == KEEP_EVERYTHING:
        return []
    limit = now - timedelta(days=settings.retention_days)
    with session(engine) as db:
        expired = list_clips(db, before=limit)
        names = [remove_clip(db, clip.id, by=by, now=now) for clip in expired]
    # Files go after the commit: a crash in between leaves strangers, which the next run removes.
    taken = []
    for of_clip in names:
        gone = [_remove(settings.data_dir / name) for name in of_clip]
        taken.append((sum(n for n, _ in gone), sum(size for _, size in gone)))
    return taken


def _strangers(data_dir: Path, folder: str, known: set[str]) -> Iterable[Path]:
    parent = data_dir / folder
    if not parent.is_dir():
        return
    for entry in parent.iterdir():
        old = time.time() - entry.stat().st_mtime > LEFT_OVER_AFTER_S
        if old and f"{folder}/{entry.name}" not in known:
            yield entry


def _remove(path: Path) -> tuple[int, int]:
    inside = [entry for entry in path.rglob("*") if entry.is_file()] if path.is_dir() else [path]
    size = sum(entry.stat().st_size for entry in inside if entry.exists())
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return len(inside), size
