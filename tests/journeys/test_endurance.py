"""What must survive: a worker that is killed, and a clip of two hours."""

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from smartpark.config import Settings
from smartpark.events.scene import parse_scene, scene_to_dict
from smartpark.jobs import queue
from smartpark.jobs.runners import InlineRunner, environment_of
from smartpark.jobs.tasks import AnalyseClip
from smartpark.journeys.intake import receive
from smartpark.store.database import database_url, open_database, session
from smartpark.store.events import list_events
from smartpark.store.reports import list_reports
from smartpark.store.scenes import save_scene
from smartpark.testing.clips import ClipForm, make_clip

from .conftest import SCENE, analyse

PATIENCE_S = 120


def start_worker(settings: Settings) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "smartpark", "worker"]
    return subprocess.Popen(command, env=environment_of(settings))


def wait_until(holds) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def kill_in_the_middle(engine: Engine, settings: Settings, job_id: int) -> None:
    worker = start_worker(settings)
    wait_until(lambda: queue.watch(engine, job_id).progress > 0)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert queue.watch(engine, job_id).state == "running"


def work_to_the_end(engine: Engine, settings: Settings, job_id: int) -> None:
    worker = start_worker(settings)
    try:
        wait_until(lambda: queue.watch(engine, job_id).state not in ("queued", "running"))
    finally:
        worker.terminate()
        worker.wait()


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_the_report_comes_once(
    data_dir: Path, short_clip: Path, tmp_path: Path
) -> None:
    settings = Settings()
    engine = open_database(database_url(data_dir, None))
    source = data_dir / "incoming" / "in.mp4"
    source.parent.mkdir(parents=True)
    source.write_bytes(short_clip.read_bytes())
    clip, _ = receive(engine, settings, source, name="short.mp4", by="Li")
    with session(engine) as db:
        spec = scene_to_dict(parse_scene(SCENE))
        scene = save_scene(db, name="Gate", spec=spec, by="Li", now=datetime.now(UTC))
    task = AnalyseClip(clip_id=clip.id, scene_id=scene.id, mode="exact")
    job = queue.submit(engine, task, runner=InlineRunner(lambda _job_id: None), by="Li")

    kill_in_the_middle(engine, settings, job.id)
    work_to_the_end(engine, settings, job.id)

    ended = queue.watch(engine, job.id)
    assert (ended.state, ended.attempts) == ("done", 2)
    with session(engine) as db:
        (report,) = list_reports(db)
        stored = [event.event.id for event in list_events(db, report.id)]
    undisturbed = analyse(short_clip, tmp_path / "undisturbed")
    assert stored == [event.id for event in undisturbed.events]
    assert report.settings_digest == undisturbed.report["settings_digest"]
    assert [path.name for path in (data_dir / "reports").iterdir()] == [Path(report.folder).name]


def peak_mb(clip: Path, out: Path) -> float:
    program = (
        "import pathlib, sys\n"
        "from smartpark.cli import app\n"
        f"app(['analyse', {str(clip)!r}, '--out', {str(out)!r}, '--json'], "
        "standalone_mode=False)\n"
        # Not `ru_maxrss`: that one starts with what the parent had in use.
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "sys.stderr.write(status.split('VmHWM:')[1].split()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["clip"]["frames"] > 0
    return float(done.stderr.split()[-1]) / 1000  # the kernel counts in kB


@pytest.mark.slow
def test_a_clip_of_two_hours_takes_the_memory_of_a_short_one(
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
) -> None:
    form = ClipForm(size=(96, 64), fps=1)
    short = make_clip(tmp_path / "short.mp4", frames=120, form=form)
    long = make_clip(tmp_path / "long.mp4", frames=7200, form=form)

    short_mb, long_mb = peak_mb(short, tmp_path / "a"), peak_mb(long, tmp_path / "b")

    assert long_mb < 1.1 * short_mb
    assert long_mb < 500
