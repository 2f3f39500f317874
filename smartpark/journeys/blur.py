"""Make a copy of a clip in which nobody can be recognised."""

from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.events.scene import parse_scene
from smartpark.jobs.context import JobContext
from smartpark.jobs.tasks import BlurExport
from smartpark.store.clips import get_clip
from smartpark.store.database import reading, session
from smartpark.store.jobs import Job
from smartpark.store.reports import get_report
from smartpark.vision.blur import blur_clip
from smartpark.vision.masks import PrivacyMask

BLURRED_NAME = "blurred.mp4"


def export_blurred(
    engine: Engine, settings: Settings, _job: Job, task: BlurExport, *, context: JobContext
) -> None:
    """Write `blurred.mp4` into the report's folder; it appears whole or not at all.

    Args:
        engine: the open database.
        settings: for the data folder and the threads.
        _job: the claimed job.
        task: which clip, and the report whose tracks say where people are.
        context: for progress, cancel and a folder of its own.
    """
    with reading(engine) as db:
        clip, report = get_clip(db, task.clip_id), get_report(db, task.report_id)
    folder = settings.data_dir / report.folder
    made = context.folder / BLURRED_NAME
    scene = parse_scene(report.report["scene"])
    blur_clip(
        settings.data_dir / clip.file,
        folder / "tracks.csv",
        made,
        mask=PrivacyMask(scene.privacy_masks, width=clip.info.width, height=clip.info.height),
        threads=settings.threads,
        on_progress=context.progress,
    )
    with session(engine) as db:
        context.finish(db)
        made.replace(folder / BLURRED_NAME)
