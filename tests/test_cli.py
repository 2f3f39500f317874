"""The commands: exit status, one sentence for each bad input, JSON on standard output."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smartpark.testing.clips import ClipForm, make_clip


def smartpark(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "smartpark", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The only line on standard error of a command that refused its input."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def write_bad_clip(folder: Path, kind: str) -> Path:
    path = folder / "bad.mp4"
    good = make_clip(folder / "good.mp4", frames=20)
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("This is a shopping list, not a clip.\n" * 50)
    elif kind == "no moov":
        path.write_bytes(good.read_bytes()[: good.stat().st_size // 3])
    elif kind == "playlist":
        path.write_text(f"#EXTM3U\n#EXTINF:2,\nfile://{good}\n#EXT-X-ENDLIST\n")
    elif kind == "concat":
        path.write_text(f"ffconcat version 1.0\nfile '{good}'\n")
    good.unlink()
    return path


@pytest.mark.parametrize("kind", ["empty", "text", "no moov", "playlist", "concat", "missing"])
def test_a_file_that_is_no_clip_is_refused_in_one_line(
    kind: str,
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
) -> None:
    clip = write_bad_clip(tmp_path, kind)

    said = one_line(smartpark("analyse", clip, "--out", tmp_path / "out", "--json"))

    assert "bad.mp4" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ({"name": "x", "zones": [{"name": "Z", "polygon": [[0, 0], [9, 9], [9, 0], [0, 9]]}]}, "Z"),
        (
            {"name": "x", "zones": [{"name": "Z", "polygon": [[0, 0], [9000, 0], [0, 90]]}]},
            "outside",
        ),
        (
            {
                "name": "x",
                "zones": [
                    {
                        "name": "Z",
                        "polygon": [[0, 0], [90, 0], [0, 90]],
                        "rules": [{"kind": "dancing"}],
                    }
                ],
            },
            "intrusion",
        ),
        (
            {
                "name": "x",
                "lines": [
                    {
                        "name": "L",
                        "start": [0, 50],
                        "end": [90, 50],
                        "rules": [{"kind": "speed", "max_kmh": 30}],
                    }
                ],
            },
            "calibration",
        ),
    ],
)
def test_a_scene_at_fault_is_refused_in_one_line(
    scene: dict,
    expected: str,
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
) -> None:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(scene))
    clip = make_clip(tmp_path / "clip.mp4", frames=5)

    said = one_line(smartpark("analyse", clip, "--scene", path, "--out", tmp_path / "out"))

    assert expected in said


def test_an_unknown_detector_lists_the_known_ones(tmp_path: Path, data_dir: Path) -> None:  # noqa: ARG001 - sets the environment
    clip = make_clip(tmp_path / "clip.mp4", frames=5)

    said = one_line(smartpark("analyse", clip, "--out", tmp_path / "out", "--detector", "yolo99"))

    assert "nanodet-g" in said


def test_json_is_one_document_and_a_folder_is_analysed_in_one_call(
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    make_clip(clips / "one.mp4", frames=10)
    make_clip(clips / "two.webm", frames=10, form=ClipForm(codec="libvpx-vp9"))
    (clips / "notes.txt").write_text("not a clip")

    done = smartpark("analyse", clips, "--out", tmp_path / "out", "--json")

    assert done.returncode == 0, done.stderr
    reports = json.loads(done.stdout)
    assert [report["clip"]["name"] for report in reports] == ["one.mp4", "two.webm"]
    assert (tmp_path / "out" / "one" / "report.html").is_file()
    assert (tmp_path / "out" / "two" / "overlay.mp4").is_file()


def test_one_bad_clip_in_a_folder_does_not_stop_the_others(
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    (clips / "a.mp4").write_text("no clip")
    make_clip(clips / "b.mp4", frames=5)

    done = smartpark("analyse", clips, "--out", tmp_path / "out", "--json")

    assert done.returncode == 2
    assert "a.mp4" in done.stderr
    assert [report["clip"]["name"] for report in json.loads(done.stdout)] == ["b.mp4"]


def test_errors_are_in_chinese_where_that_is_set(
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMARTPARK_LANGUAGE", "zh")

    assert "找不到" in one_line(smartpark("analyse", tmp_path / "none.mp4", "--out", tmp_path))


def test_a_setting_at_fault_is_named(
    data_dir: Path,  # noqa: ARG001 - sets the environment
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMARTPARK_THREADS", "many")

    assert "SMARTPARK_THREADS" in one_line(smartpark("settings"))


def test_a_data_folder_that_cannot_be_used_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SMARTPARK_DATA_DIR", str(tmp_path / "file"))

    done = smartpark("jobs")

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1


def test_settings_show_no_secret(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - sets the environment
    monkeypatch.setenv("SMARTPARK_SMTP_PASSWORD", "hunter2")

    done = smartpark("settings", "--json")

    assert "hunter2" not in done.stdout
    rows = {row["setting"]: row for row in json.loads(done.stdout)}
    assert rows["SMARTPARK_SMTP_PASSWORD"]["origin"] == "set"


def test_doctor_finds_nothing_that_is_needed_missing(data_dir: Path) -> None:  # noqa: ARG001 - sets the environment
    done = smartpark("doctor", "--json")

    checks = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert {"smartpark", "detector", "device", "database"} <= {check["part"] for check in checks}


def test_analysing_does_not_load_torch(
    sample_clip: Path,  # noqa: ARG001 - the sample must be there
    tmp_path: Path,
    data_dir: Path,  # noqa: ARG001 - sets the environment
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", frames=5)
    program = (
        "import sys\n"
        "from smartpark.cli import app\n"
        f"app(['analyse', {str(clip)!r}, '--out', {str(tmp_path / 'out')!r}], "
        "standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'ray', 'streamlit'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_tidy_and_jobs_work_on_a_new_database(data_dir: Path) -> None:
    assert json.loads(smartpark("jobs", "--json").stdout) == []
    assert json.loads(smartpark("tidy", "--json").stdout)["clips"] == 0
    shutil.rmtree(data_dir)
