"""Footage in; overlay, tracks, events, alerts and a report out."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine

from smartpark import __version__, plugins
from smartpark.config import Settings
from smartpark.core.errors import StorageError
from smartpark.core.protocols import Detector
from smartpark.core.scene import Scene
from smartpark.core.text import Language, Text
from smartpark.core.values import Alert, ClipInfo, Event
from smartpark.events.alerts import alerts_from
from smartpark.events.scene import load_scene, parse_scene, scene_to_dict
from smartpark.jobs.context import JobContext
from smartpark.jobs.tasks import AnalyseClip
from smartpark.journeys.detector import open_detector
from smartpark.journeys.intake import cannot_write, sha256_of
from smartpark.journeys.recorder import Recorder
from smartpark.journeys.report import event_dict, settings_digest, write_json, write_page
from smartpark.store.clips import get_clip
from smartpark.store.database import reading, session
from smartpark.store.jobs import Job
from smartpark.store.reports import replace_report
from smartpark.store.scenes import get_scene
from smartpark.vision.overlap import overlap
from smartpark.vision.pipeline import waiting, watch
from smartpark.vision.read import ClipReader, probe
from smartpark.vision.write import OverlayWriter

Mode = Literal["exact", "fast"]
OnProgress = Callable[[float, Text | None], None]
PROGRESS_EVERY = 8  # frames

OVERLAY_NAME = "overlay.mp4"


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an analysis found, and where its files lie.

    Attributes:
        report: the content of `report.json`.
        events: in order of their starts.
        snapshots: file name of each event's picture, by event id.
        alerts: the events that a person should see.
        warnings: what must be known before trusting the figures.
        folder: holds the files.
    """

    report: dict[str, Any]
    events: list[Event]
    snapshots: dict[str, str]
    alerts: list[Alert]
    warnings: list[Text]
    folder: Path


def analyse_file(  # noqa: PLR0913 - keyword arguments, one per choice of the user
    path: Path,
    out: Path,
    *,
    scene_path: Path | None,
    detector_name: str,
    mode: Mode,
    threads: int,
    max_pixels: int,
    on_progress: OnProgress,
    language: Language = "en",
) -> Analysis:
    """Analyse one file with the scene of another; see `analyse_clip`."""
    info = probe(path, max_pixels=max_pixels)
    scene = Scene(name="")
    if scene_path is not None:
        scene = load_scene(scene_path, width=info.width, height=info.height)
    return analyse_clip(
        path,
        out,
        scene=scene,
        detector_name=detector_name,
        mode=mode,
        threads=threads,
        on_progress=on_progress,
        max_pixels=max_pixels,
        language=language,
    )


def analyse_clip(  # noqa: PLR0913 - keyword arguments, one per choice of the user
    path: Path,
    out: Path,
    *,
    scene: Scene,
    detector_name: str,
    mode: Mode,
    threads: int,
    on_progress: OnProgress,
    max_pixels: int,
    clip_name: str | None = None,
    language: Language = "en",
) -> Analysis:
    """Analyse one clip and leave its files in `out`.

    All files appear together at the end; a failure or a cancel leaves `out` as it was.

    Args:
        path: the clip.
        out: the folder for the files; made where it is missing, earlier results are replaced.
        scene: zones, lines, rules, masks.
        detector_name: see `open_detector`.
        mode: `exact` infers every frame; `fast` only where something changes.
        threads: processor threads for decoding, inference and encoding.
        on_progress: called with the share done (0 to 1); may raise to stop the work.
        max_pixels: the largest frame that is opened, in pixels.
        clip_name: name for the report; the file's own where None.
        language: of the words on the overlay; the report speaks both.

    Raises:
        ClipError: the clip cannot be read.
        PluginError: the detector or a rule is unknown.
        StorageError: the folder cannot be written.
    """
    detector = open_detector(detector_name, threads=threads)
    started = time.monotonic()  # a detector is opened once and serves many clips
    name = clip_name or path.name
    with (
        ClipReader(path, threads=threads, max_pixels=max_pixels) as reader,
        _all_or_nothing(out) as folder,
    ):
        recorder = Recorder(
            folder,
            reader.info,
            scene,
            load_rule=lambda kind: plugins.load("rule", kind),
            language=language,
        )
        every_s = recorder.thumbnail_every_s
        with (
            recorder,
            OverlayWriter(folder / OVERLAY_NAME, reader.info, threads=threads) as writer,
            # A cancel ends every stage, from the last to the first, before the reader
            # closes.
            closing(watch(reader, detector, scene, mode=mode, thumbnail_every_s=every_s)) as sights,
            closing(overlap(recorder.record(sights), depth=waiting(reader.info))) as pictures,
        ):
            for picture in pictures:
                writer.write(picture.i420, picture.time_s)
                if picture.index % PROGRESS_EVERY == 0:
                    on_progress(min(0.99, picture.index / max(reader.info.frames, 1)), None)
        events = recorder.events()
        info, wall_s = reader.info, time.monotonic() - started
        report = {
            "clip": _clip_figures(info, name=name, sha256=sha256_of(path)),
            **_settings_figures(detector, mode=mode, language=language, scene=scene),
            **recorder.figures(),
            "events": [
                event_dict(
                    event, recorder.snapshots.get(event.id), raised_s=recorder.raised_s[event.id]
                )
                for event in events
            ],
            "warnings": [{"en": w.en, "zh": w.zh} for w in reader.warnings],
            "timing": {
                "wall_s": round(wall_s, 3),
                "frames_per_s": round(info.frames / wall_s, 2),
                "inferred_frames": recorder.inferred_frames,
            },
        }
        write_json(folder / "events.json", report["events"])
        write_json(folder / "report.json", report)
        write_page(folder, report, reader.warnings)
    on_progress(1.0, None)
    return Analysis(
        report=report,
        events=events,
        snapshots=dict(recorder.snapshots),
        alerts=alerts_from(events),
        warnings=list(reader.warnings),
        folder=out,
    )


def _clip_figures(info: ClipInfo, *, name: str, sha256: str) -> dict[str, Any]:
    return {
        "name": name,
        "sha256": sha256,
        "width": info.width,
        "height": info.height,
        "fps": round(info.fps, 4),
        "frames": info.frames,
        "duration_s": round(info.duration_s, 3),
    }


def _settings_figures(
    detector: Detector, *, mode: Mode, language: Language, scene: Scene
) -> dict[str, Any]:
    spec = {
        "program": __version__,
        "detector": [detector.name, detector.version],
        "mode": mode,
        "language": language,
        "scene": scene_to_dict(scene),
    }
    return {
        "detector": {"name": detector.name, "version": detector.version},
        "mode": mode,
        "settings_digest": settings_digest(spec),
        "scene": spec["scene"],
    }


@contextmanager
def _all_or_nothing(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out`; its files move into `out` when the block ends well."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise StorageError(cannot_write(out, error)) from error
    try:
        yield folder
        _move_into(folder, out)
    except OSError as error:
        raise StorageError(cannot_write(out, error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move_into(folder: Path, out: Path) -> None:
    if not out.exists():
        folder.chmod(0o755)
        folder.rename(out)
        return
    for stale in out.glob("snapshot-*.jpg"):
        stale.unlink()
    for file in folder.iterdir():
        file.replace(out / file.name)


def analyse_stored(
    engine: Engine, settings: Settings, job: Job, task: AnalyseClip, *, context: JobContext
) -> None:
    """Analyse a clip of the library and store its report, exactly once, with the job's end.

    Args:
        engine: the open database.
        settings: for the data folder, the threads and the limits.
        job: the claimed job.
        task: what to analyse, and how.
        context: for progress, cancel and a folder of its own.

    Raises:
        Cancelled: a person asked for the work to stop; nothing was stored.
    """
    with reading(engine) as db:
        clip = get_clip(db, task.clip_id)
        spec = get_scene(db, task.scene_id).spec if task.scene_id is not None else None
    scene = Scene(name="")
    if spec is not None:
        scene = parse_scene(spec, width=clip.info.width, height=clip.info.height)
    analysis = analyse_clip(
        settings.data_dir / clip.file,
        context.folder / "report",
        scene=scene,
        detector_name=task.detector,
        mode=task.mode,
        threads=settings.threads,
        max_pixels=settings.max_frame_pixels,
        on_progress=context.progress,
        clip_name=clip.name,
        language=settings.language,
    )
    # Named by the claim: attempts count anew after a retry, and two never share a folder.
    folder = f"reports/{job.id}-{(job.token or '')[:8]}"
    with session(engine) as db:
        context.finish(db)
        (settings.data_dir / "reports").mkdir(exist_ok=True)
        analysis.folder.rename(settings.data_dir / folder)
        replace_report(
            db,
            clip_id=clip.id,
            job_id=job.id,
            detector=analysis.report["detector"]["name"],
            detector_version=analysis.report["detector"]["version"],
            mode=task.mode,
            settings_digest=analysis.report["settings_digest"],
            folder=folder,
            report=analysis.report,
            warnings=analysis.warnings,
            events=[(event, analysis.snapshots.get(event.id)) for event in analysis.events],
            alerts=analysis.alerts,
            now=datetime.now(UTC),
        )
