"""What holds for the whole program: imports, light start, documents that stay true."""

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from smartpark.config import Settings
from smartpark.plugins import BUILT_IN

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "smartpark").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
# Split, so that this file does not hold the words that it looks for.
NOT_IN_ANY_FILE = [
    "/wo" + "rk/", "/ro" + "ot/", "py" + "pi.org", "python" + "hosted.org", "npm" + "js.org",
    "deb." + "debian.org", "download.py" + "torch.org",
]  # fmt: skip


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def _in_fresh_interpreter(code: str, cwd: Path = ROOT) -> str:
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _make_docs():
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts" / "make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_imports_point_downwards() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_command_line_starts_without_heavy_libraries() -> None:
    loaded = _in_fresh_interpreter(
        "import sys, smartpark.cli; print(*{name.split('.')[0] for name in sys.modules})"
    ).split()

    assert not {"av", "cv2", "onnxruntime", "openvino", "streamlit", "supervision"} & set(loaded)
    assert not {"ray", "torch", "transformers"} & set(loaded)


def test_a_worker_that_only_analyses_never_loads_torch(tmp_path: Path, sample_clip: Path) -> None:
    loaded = _in_fresh_interpreter(
        "import sys; from smartpark.cli import app\n"
        f"app(['analyse', {str(sample_clip)!r}, '--out', {str(tmp_path / 'out')!r}, '--json'],"
        " standalone_mode=False)\n"
        "import smartpark.worker\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    ).split()

    assert "supervision" in loaded
    assert not {"ray", "streamlit", "torch", "transformers"} & set(loaded)


@pytest.mark.usefixtures("data_dir")
def test_the_overview_screen_loads_no_vision_library() -> None:
    loaded = _in_fresh_interpreter(
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "page = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "assert not page.exception, page.exception\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    ).split()

    assert not {"cv2", "ray", "torch", "transformers"} & set(loaded)


@pytest.mark.parametrize("page", ["commands.md", "settings.md"])
def test_pages_made_from_the_program_are_current(page: str) -> None:
    made = _make_docs().PAGES[page]()

    assert (ROOT / "docs" / page).read_text() == made, "Run: make docs"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_documents_name_every_plug_in() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    named = [name for kind in BUILT_IN.values() for name in kind]

    assert [name for name in named if f"`{name}" not in text] == []


def test_every_rule_has_its_page() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "rules").glob("*.md")}

    assert set(BUILT_IN["rule"]) - pages == set()


def test_every_built_in_plug_in_can_be_found() -> None:
    for targets in BUILT_IN.values():
        for target in targets.values():
            module, attribute = target.split(":")
            spec = importlib.util.find_spec(module)
            assert spec, target
            assert re.search(rf"^(class|def) {attribute}\b", Path(spec.origin).read_text(), re.M)


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_both_readmes_show_the_same_pictures_and_commands() -> None:
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh.md"))

    for pattern in (r"docs/pictures/[\w-]+\.png", r"^make \w+", r"`smartpark \w+", r"^## "):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, chinese, re.M))


def test_every_module_says_what_lives_in_it() -> None:
    bare = [path for path in SOURCES if path.stat().st_size and not _docstring(path)]

    assert _names(bare) == []


def _docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text()))


def test_no_module_has_a_vague_name() -> None:
    assert _names([path for path in SOURCES if path.stem in VAGUE_NAMES]) == []


def test_every_exception_to_the_linter_gives_its_reason() -> None:
    without = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"# (noqa|type: ignore)", line)
        and not re.search(r"(# noqa: [A-Z0-9, ]+|# type: ignore\[[\w, -]+\])(  #| -) \S", line)
    ]

    assert without == []


def test_what_a_package_exports_is_sorted_and_there() -> None:
    for path in SOURCES:
        if path.name != "__init__.py" or "__all__" not in path.read_text():
            continue
        name = ".".join(path.parent.relative_to(ROOT).parts)
        package = importlib.import_module(name)
        assert list(package.__all__) == sorted(package.__all__), name
        assert [item for item in package.__all__ if not hasattr(package, item)] == [], name


def test_no_file_names_a_machine_or_a_registry() -> None:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b""
        found += [f"{name}: {word}" for word in NOT_IN_ANY_FILE if word.encode() in data]

    assert found == []
