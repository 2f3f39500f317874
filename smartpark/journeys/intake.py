"""Take a file in: check that it is a clip, name it by its digest, put it into the library."""

import hashlib
import os
import re
import shutil
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.core.errors import ClipError, StorageError
from smartpark.core.text import Text
from smartpark.store.clips import StoredClip, add_clip, find_clip
from smartpark.store.database import session
from smartpark.vision.read import READABLE_SUFFIXES, ClipReader, probe
from smartpark.vision.snapshot import save_jpeg

MAX_NAME = 120  # characters: fits a card on the screen and every file system
THUMBNAIL_WIDTH_PX = 480


def clean_name(name: str) -> str:
    r"""Return a clip's name without folders, control characters and excess length.

    Example:
        >>> clean_name("../../etc/pass\x00wd.mp4")
        'passwd.mp4'
    """
    last = PureWindowsPath(PurePosixPath(name).name).name
    printable = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    trimmed = re.sub(r"\s+", " ", printable).strip(" .") or "clip"
    stem, dot, suffix = trimmed.rpartition(".")
    if len(trimmed) <= MAX_NAME or not dot or len(suffix) > 8:
        return trimmed[:MAX_NAME]
    return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def receive(
    engine: Engine, settings: Settings, source: Path, *, name: str, by: str
) -> tuple[StoredClip, bool]:
    """Move an uploaded file into the library.

    Args:
        engine: the open database.
        settings: for the data folder and the limits.
        source: the uploaded file, inside the data folder; it is gone afterwards, come what may.
        name: the name the user gave it; hostile until cleaned.
        by: who uploaded it.

    Returns:
        The stored clip, and whether it is new: the same bytes a second time give the clip that is
        there already.

    Raises:
        ClipError: the file is no clip that can be read, or is too large.
        StorageError: the data folder cannot be written.
    """
    try:
        return _receive(engine, settings, source, name=clean_name(name), by=by)
    except OSError as error:
        raise StorageError(cannot_write(settings.data_dir, error)) from error
    finally:
        source.unlink(missing_ok=True)


def cannot_write(folder: Path, error: OSError) -> Text:
    """Return the sentence for a folder that took no more bytes."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Text(
        en=f"Cannot write to {str(folder)!r}: {reason}. Free some space or choose another folder "
        "with SMARTPARK_DATA_DIR, then try again.",
        zh=f"无法写入“{folder}”：{reason}。请清理磁盘空间，或用 SMARTPARK_DATA_DIR "
        "指定其他文件夹后重试。",
    )


def _receive(
    engine: Engine, settings: Settings, source: Path, *, name: str, by: str
) -> tuple[StoredClip, bool]:
    size = source.stat().st_size
    _check_size(size, settings.max_upload_mb, name)
    digest = sha256_of(source)
    with session(engine) as db:
        known = find_clip(db, digest)
    if known is not None:
        return known, False
    info = probe(source, max_pixels=settings.max_frame_pixels)
    suffix = Path(name).suffix.lower()
    stored = f"clips/{digest}{suffix if suffix in READABLE_SUFFIXES else ''}"
    thumbnail = f"thumbnails/{digest}.jpg"
    _save_thumbnail(source, settings.data_dir / thumbnail)
    target = settings.data_dir / stored
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
    with session(engine) as db:
        clip = add_clip(
            db,
            name=name,
            sha256=digest,
            file=stored,
            size_bytes=size,
            info=replace(info, name=name),
            thumbnail=thumbnail,
            by=by,
            now=datetime.now(UTC),
        )
    return clip, True


def _check_size(size_bytes: int, limit_mb: int, name: str) -> None:
    if size_bytes > limit_mb * 1_000_000:
        raise ClipError(
            Text(
                en=f"{name!r} has {size_bytes / 1e6:.0f} MB; at most {limit_mb} MB are taken. "
                "Cut it into shorter clips, or raise SMARTPARK_MAX_UPLOAD_MB.",
                zh=f"“{name}”大小为 {size_bytes / 1e6:.0f} MB，上限为 {limit_mb} MB。"
                "请剪成较短的片段，或调高 SMARTPARK_MAX_UPLOAD_MB。",
            )
        )


def _save_thumbnail(source: Path, target: Path) -> None:
    with ClipReader(source) as reader:
        for frame in reader:
            height = max(2, round(THUMBNAIL_WIDTH_PX * frame.height / frame.width))
            save_jpeg(target, frame.rgb((THUMBNAIL_WIDTH_PX, height)))
            return
