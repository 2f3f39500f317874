"""What several test folders share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NO_BROWSER = "no browser; on Debian: apt install chromium libatomic1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is no browser."""
    needing = [item for item in items if ROOT / "tests" / "browser" in item.path.parents]
    if needing and not _has_chromium():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def _has_chromium() -> bool:
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    if not Path("/usr/bin/chromium").exists() and not any(Path(own).glob("chromium*")):
        return False
    # Playwright's own driver needs libatomic, which a bare machine lacks.
    driver = [sys.executable, "-m", "playwright", "--version"]
    return subprocess.run(driver, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real footage; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SMARTPARK_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real footage in {folder}; set SMARTPARK_TEST_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def sample_clip() -> Path:
    """The clip of the sample park: 400 frames, 768 x 576, 10 frames/s."""
    return ROOT / "assets" / "sample.mp4"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, set as `SMARTPARK_DATA_DIR`; no other setting leaks in."""
    for name in [name for name in os.environ if name.startswith("SMARTPARK_")]:
        if not name.startswith("SMARTPARK_TEST_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "data"
    monkeypatch.setenv("SMARTPARK_DATA_DIR", str(folder))
    return folder
