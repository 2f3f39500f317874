"""The real program on a free port, and a real Chromium that opens it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
START_S = 120
WAIT_MS = 120_000  # two slow cores also analyse while a page is drawn
SHOTS = Path(__file__).parent / "shots"

Opener = Callable[..., Page]


@dataclass(frozen=True)
class Program:
    """A running `smartpark run`."""

    address: str
    data_dir: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The app and its worker, with the sample park, over a data folder of their own."""
    data_dir = tmp_path_factory.mktemp("park")
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPARK_")}
    environment |= {"SMARTPARK_DATA_DIR": str(data_dir), "SMARTPARK_MAX_UPLOAD_MB": "20"}
    log = (data_dir / "program.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "smartpark", "run", "--port", str(port)],
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, f"{address}/health", data_dir / "program.log")
        yield Program(address, data_dir)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def wait_until_up(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the program ended at its start:\n{log.read_text()}")
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    pytest.fail(f"the program did not start within {START_S} s:\n{log.read_text()}")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's Chromium where there is one, else the one that Playwright brought."""
    path = str(SYSTEM_CHROMIUM) if SYSTEM_CHROMIUM.exists() else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, program: Program) -> Iterator[Opener]:
    """Open an address of the program in a fresh profile; scripts that fail fail the test."""
    contexts = []
    failures: list[str] = []

    def opener(
        path: str = "", *, theme: str = "light", size: tuple[int, int] = (1440, 1000)
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(f"{program.address}/{path}")
        page.locator("h1").wait_for()
        return page

    yield opener
    for context in contexts:
        context.close()
    assert failures == []


@pytest.fixture(scope="package")
def sample_clip_id(program: Program) -> int:
    """The clip of the sample park, once its first analysis is done."""
    from smartpark.store.clips import list_clips
    from smartpark.store.database import database_url, open_database, reading
    from smartpark.store.jobs import list_jobs

    engine = open_database(database_url(program.data_dir, None))
    end = time.monotonic() + START_S * 2
    while time.monotonic() < end:
        with reading(engine) as db:
            clips, jobs = list_clips(db), list_jobs(db)
        if jobs and jobs[-1].state == "done":
            engine.dispose()
            return clips[-1].id
        if jobs and jobs[-1].state == "failed":
            pytest.fail(f"the sample park was not analysed: {jobs[-1].error}")
        time.sleep(0.5)
    pytest.fail("the sample park was not analysed in time")


@pytest.fixture(scope="session")
def own_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a bright square that walks over a dark ground; name in Chinese."""
    path = tmp_path_factory.mktemp("own") / "北门 <b>1.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(30):
            image = np.full((240, 320, 3), 60, np.uint8)
            image[100:160, 5 * index : 5 * index + 40] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path
