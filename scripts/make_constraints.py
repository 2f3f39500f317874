"""Write `constraints.txt`: exact versions of all packages that SmartPark needs, directly or not.

    python scripts/make_constraints.py

asks pip what it would install today into an empty environment and installs nothing. Local package
folders are left out, so that everything named there can be had from the public registry.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "constraints.txt"
# trackers asks for the OpenCV build with windows, which needs libGL and X11; the Makefile puts the
# build without windows over it, at the same version.
ALSO = ["opencv-python-headless"]
HEADER = "# Exact versions for `make run` and `make test`; made by `make constraints`.\n"


def requirements() -> list[str]:
    """Return everything that `pyproject.toml` asks for, all extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [item for extra in project["optional-dependencies"].values() for item in extra]
    asked = [*project["dependencies"], *extras, *ALSO]
    return [item for item in asked if not item.startswith("smartpark[")]


def resolve(asked: list[str]) -> dict[str, str]:
    """Return name to version of all packages that pip would install for `asked`."""
    local = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"}
    settings = {key: value for key, value in os.environ.items() if key not in local}
    settings["PIP_CONFIG_FILE"] = os.devnull
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--report", str(report), *asked]
        subprocess.run(command, env=settings, check=True)  # noqa: S603 - our own arguments
        found = json.loads(report.read_text())["install"]
    packages = [item["metadata"] for item in found]
    return {package["name"].lower().replace("_", "-"): package["version"] for package in packages}


def main() -> None:
    """Resolve and write."""
    versions = resolve(requirements())
    if not re.fullmatch(r"[\d.]+", versions["torch"]):
        raise SystemExit(f"torch {versions['torch']} is not the registry's build.")
    lines = [f"{name}=={versions[name]}\n" for name in sorted(versions)]
    TARGET.write_text(HEADER + "".join(lines))


if __name__ == "__main__":
    main()
