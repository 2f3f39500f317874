"""What an installation needs and holds."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def pinned(root: Path) -> dict[str, str]:
    lines = (root / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_requirement_is_pinned_to_a_version_that_it_allows(
    project: dict, pinned: dict[str, str]
) -> None:
    extras = [item for extra in project["optional-dependencies"].values() for item in extra]
    asked = [Requirement(item) for item in [*project["dependencies"], *extras]]
    wrong = [
        str(item)
        for item in asked
        if item.name != project["name"]
        and not item.specifier.contains(pinned.get(canonicalize_name(item.name), "0"))
    ]

    assert wrong == [], "Run: make constraints"


def test_pinned_versions_are_releases_that_anybody_can_install(pinned: dict[str, str]) -> None:
    assert [version for version in pinned.values() if not re.fullmatch(r"[\w.]+", version)] == []
    assert pinned["opencv-python"] == pinned["opencv-python-headless"]


def test_the_base_installation_brings_no_torch(project: dict) -> None:
    names = {Requirement(item).name for item in project["dependencies"]}

    assert not names & {"onnx", "psycopg", "ray", "torch", "torchvision", "transformers"}


def test_a_wheel_holds_the_screens_the_sample_park_and_the_weights(
    root: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())

    for file in ("app.py", "pages/1_Footage.py", "assets/sample.mp4", ".streamlit/config.toml"):
        assert f"smartpark/_screen/{file}" in held
    sources = (path for path in (root / "smartpark").rglob("*") if path.is_file())
    shipped = {str(path.relative_to(root)) for path in sources if "__pycache__" not in path.parts}
    assert shipped - held == set()
    assert any(name.endswith("/LICENSE") for name in held)
    assert any(name.endswith("/NOTICE") for name in held)


def test_the_notice_names_every_shipped_weight_and_clip(root: Path) -> None:
    notice = (root / "NOTICE").read_text()
    kinds = {".mp4", ".onnx", ".safetensors"}
    shipped = [*(root / "assets").rglob("*"), *(root / "smartpark").rglob("*")]
    named = {path.name for path in shipped if path.suffix in kinds}

    assert {name for name in named if name not in notice} == set()
    assert "sample.mp4" in named
