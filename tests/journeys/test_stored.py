"""From an upload to a stored report, a blurred export and the sample park, through the worker."""

from datetime import UTC, datetime
from pathlib import Path

import av
import pytest
from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.core.text import Text
from smartpark.events.scene import parse_scene, scene_to_dict
from smartpark.jobs import queue
from smartpark.jobs.runners import InlineRunner
from smartpark.jobs.tasks import AnalyseClip, BlurExport
from smartpark.journeys.intake import receive
from smartpark.journeys.samples import add_sample_park
from smartpark.store.alerts import list_alerts, set_alert_state
from smartpark.store.clips import StoredClip, assign_scene, list_clips
from smartpark.store.database import database_url, open_database, session
from smartpark.store.events import list_events
from smartpark.store.jobs import Job, list_jobs
from smartpark.store.reports import latest_report, list_reports
from smartpark.store.scenes import save_scene
from smartpark.worker import run_job

from .conftest import SCENE


@pytest.fixture
def settings(data_dir: Path) -> Settings:  # noqa: ARG001 - sets the environment
    return Settings()


@pytest.fixture
def engine(settings: Settings) -> Engine:
    return open_database(database_url(settings.data_dir, None))


@pytest.fixture
def runner(settings: Settings) -> InlineRunner:
    return InlineRunner(lambda job_id: run_job(job_id, settings=settings))


@pytest.fixture
def clip(engine: Engine, settings: Settings, short_clip: Path) -> StoredClip:
    incoming = settings.data_dir / "incoming" / "gate.mp4"
    incoming.parent.mkdir(parents=True)
    incoming.write_bytes(short_clip.read_bytes())
    return receive(engine, settings, incoming, name="gate.mp4", by="Li")[0]


def analysed(engine: Engine, clip: StoredClip, runner: InlineRunner) -> Job:
    now = datetime.now(UTC)
    with session(engine) as db:
        spec = scene_to_dict(parse_scene(SCENE))
        scene = save_scene(db, name="Gate", spec=spec, by="Li", now=now)
        assign_scene(db, clip.id, scene.id)
    task = AnalyseClip(clip_id=clip.id, scene_id=scene.id, mode="fast")
    job = queue.submit(engine, task, runner=runner, by="Li")
    return queue.watch(engine, job.id)


def test_an_upload_becomes_a_stored_report_with_alerts(
    engine: Engine, settings: Settings, clip: StoredClip, runner: InlineRunner
) -> None:
    job = analysed(engine, clip, runner)

    assert (job.state, job.progress, job.error) == ("done", 1.0, None)
    with session(engine) as db:
        report = latest_report(db, clip.id)
        assert report is not None
        events = list_events(db, report.id)
        alerts = list_alerts(db)
    folder = settings.data_dir / report.folder
    assert (folder / "overlay.mp4").is_file()
    assert events
    assert alerts
    assert {alert.event.kind for alert in alerts} == {"intrusion"}
    assert all((folder / str(event.snapshot)).is_file() for event in events)
    assert report.report["clip"]["name"] == "gate.mp4"


def test_a_second_analysis_keeps_what_was_said_of_the_same_alert(
    engine: Engine, clip: StoredClip, runner: InlineRunner
) -> None:
    analysed(engine, clip, runner)
    with session(engine) as db:
        first = list_alerts(db)[0]
        now = datetime.now(UTC)
        set_alert_state(db, first.id, "acknowledged", by="Li", note="seen", now=now)
        before = len(list_alerts(db))

    analysed(engine, clip, runner)

    with session(engine) as db:
        assert len(list_reports(db)) == 2
        assert len(list_alerts(db)) == before
        known = list_alerts(db, states=("acknowledged",))
    assert [(alert.key, alert.note) for alert in known] == [(first.key, "seen")]


def test_the_blurred_export_has_the_clips_frames_and_no_faces(
    engine: Engine, settings: Settings, clip: StoredClip, runner: InlineRunner
) -> None:
    analysed(engine, clip, runner)
    with session(engine) as db:
        report = latest_report(db, clip.id)
    assert report is not None

    task = BlurExport(clip_id=clip.id, report_id=report.id)
    job = queue.submit(engine, task, runner=runner, by="Li")

    assert queue.watch(engine, job.id).state == "done"
    with av.open(str(settings.data_dir / report.folder / "blurred.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 80


def test_a_clip_whose_file_is_gone_fails_with_a_sentence(
    engine: Engine, settings: Settings, clip: StoredClip, runner: InlineRunner
) -> None:
    (settings.data_dir / clip.file).unlink()

    job = analysed(engine, clip, runner)

    assert job.state == "failed"
    assert isinstance(job.error, Text)
    with session(engine) as db:
        assert list_reports(db) == []
    assert list((settings.data_dir / "reports").glob("*")) == []


def test_the_sample_park_comes_once(engine: Engine, settings: Settings) -> None:
    waiting = InlineRunner(lambda _job_id: None)

    add_sample_park(engine, settings, runner=waiting)
    add_sample_park(engine, settings, runner=waiting)

    with session(engine) as db:
        clips, jobs = list_clips(db), list_jobs(db, limit=10)
    assert [clip.name for clip in clips] == ["Sample park.mp4"]
    assert clips[0].scene_id is not None
    assert [(job.kind, job.state) for job in jobs] == [("analyse_clip", "queued")]
