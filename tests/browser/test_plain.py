"""The screens under a plain `streamlit run app.py`, with neither routes nor a worker of ours."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from smartpark.store.database import database_url, open_database, reading
from smartpark.store.workers import list_workers

from .conftest import WAIT_MS, Program, free_port, wait_until_up

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Program]:
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPARK_")}
    environment["SMARTPARK_DATA_DIR"] = str(tmp_path)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    log = tmp_path / "program.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, f"{address}/_stcore/health", log)
        yield Program(address, tmp_path)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        for pid in worker_pids(tmp_path):
            os.kill(pid, signal.SIGTERM)


def worker_pids(data_dir: Path) -> list[int]:
    engine = open_database(database_url(data_dir, None))
    with reading(engine) as db:
        pids = [worker.pid for worker in list_workers(db, now=datetime.now(UTC))]
    engine.dispose()
    return pids


def test_a_clip_is_uploaded_and_analysed_by_a_worker_of_the_page(
    chromium: Browser, plain: Program, own_clip: Path
) -> None:
    page = chromium.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{plain.address}/Footage?lang=en")

    page.locator('[data-testid="stFileUploader"] input[type="file"]').set_input_files(own_clip)
    page.get_by_role("link", name="<b>1").click()
    page.get_by_role("button", name="Start analysis").click()
    page.locator("video").wait_for(timeout=WAIT_MS)
    page.locator("video").evaluate(
        "video => video.readyState >= 2 || new Promise(done => video.oncanplay = done)"
    )

    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert len(worker_pids(plain.data_dir)) == 1
    page.close()
