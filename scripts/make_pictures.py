"""Take the pictures of `docs/pictures/` from the running app, in English and Chinese.

    python scripts/make_pictures.py

starts the app on an empty data folder, waits until the sample park is analysed and photographs its
pages with the system's Chromium. Look at the pictures before you commit them.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_S = 300  # the sample clip's analysis included
SETTLE_MS = 4000  # until fonts, pictures and plots have come to rest
MOMENT_S = 23.0  # of the sample clip: two people on the lawn, the junction busy


@contextmanager
def running_app(data_dir: Path) -> Iterator[str]:
    """Start the app on an empty data folder and yield its address once the sample is analysed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {**os.environ, "SMARTPARK_DATA_DIR": str(data_dir), "SMARTPARK_LANGUAGE": "en"}
    command = [sys.executable, "-m", "smartpark"]
    app = subprocess.Popen([*command, "run", "--port", str(port)], env=settings)  # noqa: S603 - our own program
    try:
        until_s = time.monotonic() + START_S
        while time.monotonic() < until_s:
            time.sleep(2)
            listed = subprocess.run(  # noqa: S603 - our own program
                [*command, "jobs", "--json"], env=settings, capture_output=True, check=False
            )
            jobs = json.loads(listed.stdout or "[]")
            if jobs and all(job["state"] == "done" for job in jobs):
                break
        else:
            raise SystemExit(f"The sample clip was not analysed within {START_S} s.")
        yield f"http://127.0.0.1:{port}"
    finally:
        app.send_signal(signal.SIGINT)
        app.wait()


def take(page: Page, address: str, data_dir: Path, suffix: str) -> None:
    """Photograph each page in one language; `suffix` is appended to the files' names."""
    language = "zh" if suffix else "en"

    def go(path: str) -> None:
        joint = "&" if "?" in path else "?"
        page.goto(f"{address}{path}{joint}lang={language}")
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_timeout(SETTLE_MS)

    def save(name: str) -> None:
        page.screenshot(path=TARGET / f"{name}{suffix}.png")

    for name, path in (("overview", "/"), ("library", "/Footage")):
        go(path)
        save(name)
    go("/Footage?clip=1&view=scene")
    save("scene")
    go("/Footage?clip=1&view=results")
    video = page.locator("video")
    video.evaluate(f"video => {{ video.pause(); video.currentTime = {MOMENT_S}; }}")
    page.wait_for_timeout(SETTLE_MS)
    save("results")
    (listed,) = data_dir.glob("reports/*/events.json")
    events = json.loads(listed.read_text(encoding="utf-8"))
    intrusion = next(event for event in events if event["kind"] == "intrusion")
    go(f"/Footage?clip=1&view=results&event={intrusion['id']}")
    evidence = page.locator(".st-key-footage_evidence")
    evidence.scroll_into_view_if_needed()
    evidence.screenshot(path=TARGET / f"alert{suffix}.png")


def main() -> None:
    """Start, photograph, stop."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data_dir = Path(folder)
        with running_app(data_dir) as address:
            browser = playwright.chromium.launch(
                executable_path=browser_path, args=["--no-sandbox", "--hide-scrollbars"]
            )
            for suffix in ("", "_zh"):
                size = {"width": 1440, "height": 920}
                take(browser.new_page(viewport=size), address, data_dir, suffix)
            browser.close()


if __name__ == "__main__":
    main()
