"""What several test folders share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NO_BROWSER = "no Chromium; on Debian: apt install chromium, elsewhere: playwright install chromium"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is no browser."""
    if _has_chromium():
        return
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def _has_chromium() -> bool:
    own = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    return Path("/usr/bin/chromium").exists() or any(Path(own).glob("chromium*"))


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
