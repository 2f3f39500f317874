"""Look at the installation and say what is there, what is used and what is missing."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from smartpark import __version__, plugins
from smartpark.config import Settings
from smartpark.core.errors import SmartParkError
from smartpark.store.database import database_url, open_database

LIBRARIES = ("av", "opencv-python", "onnxruntime", "openvino", "supervision", "trackers")
SCREEN_LIBRARIES = ("streamlit", "plotly", "sqlalchemy")
EXTRAS = {
    "train": ("torch", "torchvision", "safetensors", "onnx"),
    "hub": ("transformers",),
    "postgres": ("psycopg",),
}
LOW_DISK_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        part: what was looked at.
        ok: whether it is as it should be.
        found: what is there.
        do: the command or step that mends it; empty where nothing is to do.
        needed: whether SmartPark cannot work without it.
    """

    part: str
    ok: bool
    found: str
    do: str = ""
    needed: bool = True


def check_up(settings: Settings) -> list[Check]:
    """Return findings about program, libraries, detector, data folder and database."""
    return [
        Check("smartpark", ok=True, found=f"{__version__}, Python {sys.version.split()[0]}"),
        *_libraries(),
        *_extras(),
        _picture_library(),
        *_detector(settings),
        _folder(settings.data_dir),
        _database(settings),
    ]


def _libraries() -> Iterator[Check]:
    for name in (*LIBRARIES, *SCREEN_LIBRARIES):
        found = _version(name) or (name == "opencv-python" and _version("opencv-python-headless"))
        yield Check(name, bool(found), str(found or "not installed"), "" if found else "make run")


def _extras() -> Iterator[Check]:
    for extra, libraries in EXTRAS.items():
        missing = [name for name in libraries if _version(name) is None]
        present = ", ".join(f"{n} {_version(n)}" for n in libraries if n not in missing)
        yield Check(
            f"extra {extra}",
            not missing,
            present if not missing else f"not installed: {', '.join(missing)}",
            f"pip install 'smartpark[{extra}]'" if missing else "",
            needed=False,
        )


def _picture_library() -> Check:
    try:
        import cv2
    except ImportError as error:
        step = "apt-get install libgl1 libglib2.0-0, or install opencv-python-headless"
        return Check("OpenCV loads", ok=False, found=str(error), do=step)
    return Check("OpenCV loads", ok=True, found=str(cv2.__version__))


def _detector(settings: Settings) -> Iterator[Check]:
    from smartpark.journeys.detector import open_detector
    from smartpark.models.runtime import describe_device

    try:
        detector = open_detector(settings.detector, threads=settings.threads)
    except SmartParkError as error:
        yield Check("detector", ok=False, found=str(error), do="smartpark plugins")
        return
    yield Check("detector", ok=True, found=f"{detector.name} {detector.version}")
    yield Check("device", ok=True, found=str(describe_device()))
    others = [name for name in plugins.names("detector") if name != settings.detector]
    yield Check("other detectors", ok=True, found=", ".join(others), needed=False)


def _folder(folder: Path) -> Check:
    nearest = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(nearest).free
    writable = nearest.is_dir() and os.access(nearest, os.W_OK)
    found = f"{folder.absolute()}, {free / 1e9:.1f} GB free"
    if not writable:
        return Check("data folder", ok=False, found=found, do="set SMARTPARK_DATA_DIR")
    enough = free > LOW_DISK_BYTES
    return Check("data folder", enough, found, "" if enough else "free some space", needed=False)


def _database(settings: Settings) -> Check:
    try:
        engine = open_database(database_url(settings.data_dir, settings.database_url))
    except SmartParkError as error:
        return Check("database", ok=False, found=str(error))
    dialect = engine.dialect.name
    engine.dispose()
    return Check("database", ok=True, found=f"{dialect}, up to date")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
