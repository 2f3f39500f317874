"""The sample park: a clip and a scene that come with the product."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.core.errors import StorageError
from smartpark.core.protocols import Runner
from smartpark.core.text import Text
from smartpark.events.scene import load_scene, scene_to_dict
from smartpark.jobs.queue import submit
from smartpark.jobs.tasks import AnalyseClip
from smartpark.journeys.intake import receive
from smartpark.store.clips import assign_scene, list_clips
from smartpark.store.database import session
from smartpark.store.scenes import save_scene

SYSTEM = "SmartPark"


def assets_dir() -> Path:
    """Return the folder of the shipped samples: beside the source, or inside the package."""
    package = Path(__file__).parents[1]
    for folder in (package.parent / "assets", package / "_screen" / "assets"):
        if (folder / "sample.mp4").is_file():
            return folder
    raise StorageError(
        Text(
            en="The sample clip is missing from this installation. Install SmartPark again.",
            zh="安装中缺少示例视频。请重新安装 SmartPark。",
        )
    )


def sample_clip() -> Path:
    """Return the path of the sample clip."""
    return assets_dir() / "sample.mp4"


def sample_scene() -> Path:
    """Return the path of the sample clip's scene."""
    return assets_dir() / "sample_scene.json"


def add_sample_park(engine: Engine, settings: Settings, *, runner: Runner) -> None:
    """Put the sample clip and its scene into an empty library and queue their analysis."""
    with session(engine) as db:
        if list_clips(db):
            return
    incoming = settings.data_dir / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    copy = incoming / "sample.mp4"
    shutil.copyfile(sample_clip(), copy)
    clip, is_new = receive(engine, settings, copy, name="Sample park.mp4", by=SYSTEM)
    if not is_new:
        return
    scene = load_scene(sample_scene(), width=clip.info.width, height=clip.info.height)
    now = datetime.now(UTC)
    with session(engine) as db:
        stored = save_scene(db, name=scene.name, spec=scene_to_dict(scene), by=SYSTEM, now=now)
        assign_scene(db, clip.id, stored.id)
    task = AnalyseClip(
        clip_id=clip.id, scene_id=stored.id, detector=settings.detector, mode=settings.mode
    )
    submit(engine, task, runner=runner, by=SYSTEM, now=now)
