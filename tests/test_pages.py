"""Every screen, empty and filled, in both languages; its words, charts and drawings."""

import ast
import io
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from smartpark.core.text import Text
from smartpark.core.values import Alert, ClipInfo, Event
from smartpark.events.scene import parse_scene
from smartpark.store.alerts import list_alerts
from smartpark.store.clips import add_clip, assign_scene
from smartpark.store.database import database_url, open_database, reading, session
from smartpark.store.jobs import add_job, claim_job, fail_job, list_jobs
from smartpark.store.labels import list_labels
from smartpark.store.reports import replace_report
from smartpark.store.scenes import save_scene
from smartpark.ui import charts
from smartpark.ui.drawing import rules_of, shapes_of, spec_of
from smartpark.ui.formatting import plain
from smartpark.ui.messages import CATALOGUE
from smartpark.ui.pictures import covered
from smartpark.ui.presets import PRESETS, preset

ROOT = Path(__file__).parents[1]
SCREENS = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
PARTS = sorted((ROOT / "smartpark" / "ui").rglob("*.py"))
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> *北门* :smile:.mp4"
LAWN: dict[str, Any] = {
    "name": "Lawn",
    "polygon": [[10, 10], [300, 10], [300, 300], [10, 300]],
    "rules": [{"kind": "intrusion", "labels": ["person"], "min_s": 1.0}],
}
GATE: dict[str, Any] = {"name": "Gate", "start": [10, 200], "end": [600, 200], "rules": []}
SCENE = {"name": "North", "zones": [LAWN], "lines": [GATE], "rules": [], "privacy_masks": []}
REPORT: dict[str, Any] = {
    "clip": {
        "name": HOSTILE,
        "sha256": "0" * 64,
        "width": 640,
        "height": 360,
        "fps": 25.0,
        "frames": 250,
        "duration_s": 10.0,
    },
    "detector": {"name": "nanodet-g", "version": "1"},
    "lines": [
        {
            "name": "Gate",
            "in": {"person": 3},
            "out": {"person": 1},
            "intervals": [{"start_s": 0, "end_s": 10, "in": 3, "out": 1}],
        }
    ],
    "zones": [{"name": "Lawn", "occupancy": [{"t_s": 0, "count": 2}], "max_count": 2}],
    "tracks": 5,
    "heat_map": {"columns": 2, "rows": 1, "seconds": [[0.0, 4.0]]},
    "events": [{"kind": "intrusion"}],
    "timing": {"wall_s": 2.0, "frames_per_s": 125.0, "inferred_frames": 50},
}
INTRUSION = Event(
    "intrusion-Lawn-1",
    "intrusion",
    1.0,
    4.0,
    Text(en="Person 1 was in “Lawn” for 3 s.", zh="行人 1 进入“Lawn”3 秒。"),
    track_ids=(1,),
    zone="Lawn",
    severity="high",
    evidence={"stayed_s": 3.0, "limit_s": 1.0},
)


@pytest.fixture
def empty(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without anything in it; no worker is started for it."""
    monkeypatch.setenv("SMARTPARK_RUNNER", "inline")
    monkeypatch.setenv("NO_COLOR", "1")
    st.cache_resource.clear()
    return data_dir


@pytest.fixture
def filled(empty: Path) -> Path:
    """A data folder with a clip, its scene, its report with an alert, and a failed job."""
    engine = open_database(database_url(empty, None))
    folder = empty / "reports" / "1"
    folder.mkdir(parents=True)
    (folder / "overlay.mp4").write_bytes(b"not looked at")
    with session(engine) as db:
        clip = add_clip(
            db,
            name=HOSTILE,
            sha256="0" * 64,
            file="clips/0.mp4",
            size_bytes=2_000_000,
            info=ClipInfo(HOSTILE, 640, 360, 25.0, 250, 10.0, "h264", "mov,mp4"),
            thumbnail=None,
            by="王芳",
            now=NOW,
        )
        scene = save_scene(db, name="North", spec=SCENE, by="王芳", now=NOW)
        assign_scene(db, clip.id, scene.id)
        replace_report(
            db,
            clip_id=clip.id,
            job_id=None,
            detector="nanodet-g",
            detector_version="1",
            mode="fast",
            settings_digest="0",
            folder="reports/1",
            report=REPORT,
            warnings=[Text(en="The tail is damaged.", zh="文件末尾已损坏。")],
            events=[(INTRUSION, None)],
            alerts=[Alert(INTRUSION, "intrusion|Lawn|1")],
            now=NOW,
        )
        arguments = {"clip_id": clip.id}
        add_job(db, kind="analyse_clip", arguments=arguments, clip_id=clip.id, by="王芳", now=NOW)
        job = claim_job(db, "worker", NOW)
        fail_job(db, job, Text(en="The disk is full.", zh="磁盘已满。"), now=NOW)
    engine.dispose()
    return empty


def open_page(script: str | None = None, *, lang: str = "en", **query: str) -> AppTest:
    """Return the page after its first run, in a language, under a deep link."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["lang"] = lang
    app.session_state["page_operator"] = "Li Wei"
    for name, value in query.items():
        app.query_params[name] = value
    if script is not None:
        app.switch_page(script)
    app.run()
    assert [error.message for error in app.exception] == []
    return app


def words(app: AppTest) -> str:
    """Return everything a reader sees, joined."""
    parts = [*app.markdown, *app.caption, *app.title, *app.subheader, *app.warning, *app.error]
    parts += [*app.button, *app.metric]
    return "\n".join(
        str(getattr(part, "value", "")) + str(getattr(part, "label", "")) for part in parts
    )


PAGES = [None, "pages/1_Footage.py", "pages/7_Jobs.py"]
TITLES = {
    "en": ["Overview", "Footage", "Jobs"],
    "zh": ["总览", "视频分析", "任务"],
}


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("number", range(3))
def test_every_page_opens_on_an_empty_database(number: int, lang: str) -> None:
    app = open_page(PAGES[number], lang=lang)

    assert app.title[0].value == TITLES[lang][number]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("number", range(3))
def test_every_page_opens_on_a_filled_database(number: int, lang: str) -> None:
    app = open_page(PAGES[number], lang=lang)

    assert app.title[0].value == TITLES[lang][number]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("view", ["results", "downloads"])
def test_every_view_of_a_clip_opens(view: str, lang: str) -> None:
    app = open_page("pages/1_Footage.py", lang=lang, clip="1", view=view)

    assert app.title[0].value == plain(HOSTILE)


@pytest.mark.usefixtures("filled")
def test_the_overview_counts_open_alerts_and_says_why() -> None:
    app = open_page()

    assert {metric.label: metric.value for metric in app.metric}["Open alerts"] == "1"
    assert plain("Person 1 was in “Lawn” for 3 s.") in words(app)


@pytest.mark.usefixtures("empty")
def test_the_empty_overview_says_what_to_do_next() -> None:
    assert "Upload a clip" in words(open_page())


@pytest.mark.usefixtures("filled")
def test_a_report_shows_its_warning_and_figures() -> None:
    app = open_page("pages/1_Footage.py", clip="1")

    assert plain("The tail is damaged.") in words(app)
    figures = {metric.label: metric.value for metric in app.metric}
    assert (figures["Events"], figures["Crossings"], figures["Most at once"]) == ("1", "4", "2")


@pytest.mark.usefixtures("filled")
def test_a_chosen_event_shows_what_was_measured_and_the_limit() -> None:
    app = open_page("pages/1_Footage.py", clip="1", event=INTRUSION.id)

    figures = {metric.label: metric.value for metric in app.metric}
    assert (figures["Measured"], figures["Limit"]) == ("3.0 s", "1.0 s")


def test_acknowledging_writes_who_and_what(filled: Path) -> None:
    app = open_page("pages/1_Footage.py", clip="1", event=INTRUSION.id)

    app.text_area(key="footage_note_1").set_value("Sent a guard")
    app.button(key="footage_acknowledge_1").click().run()

    engine = open_database(database_url(filled, None))
    with reading(engine) as db:
        alert = list_alerts(db, states=("acknowledged",))[0]
    engine.dispose()
    assert (alert.note, alert.changed_by) == ("Sent a guard", "Li Wei")


def test_a_false_alarm_becomes_a_labelled_example(filled: Path) -> None:
    app = open_page("pages/1_Footage.py", clip="1", event=INTRUSION.id)

    app.button(key="footage_false_1").click().run()

    engine = open_database(database_url(filled, None))
    with reading(engine) as db:
        labels = list_labels(db)
    engine.dispose()
    assert [label.is_true for label in labels] == [False]


def test_asking_for_an_analysis_queues_one_job(filled: Path) -> None:
    app = open_page("pages/1_Footage.py", clip="1")

    app.radio(key="analyse_mode_1").set_value("exact")
    next(button for button in app.button if button.label == "Start analysis").click().run()

    engine = open_database(database_url(filled, None))
    with reading(engine) as db:
        job = list_jobs(db, states=("queued",))[0]
    engine.dispose()
    assert (job.arguments["mode"], job.arguments["scene_id"]) == ("exact", 1)


def state_of_job(data_dir: Path) -> str:
    engine = open_database(database_url(data_dir, None))
    with reading(engine) as db:
        state = list_jobs(db)[0].state
    engine.dispose()
    return state


def test_a_failed_job_says_why_is_retried_and_cancelled(filled: Path) -> None:
    app = open_page("pages/7_Jobs.py")
    assert plain("The disk is full.") in words(app)

    app.button(key="jobs_retry_1").click().run()
    assert state_of_job(filled) == "queued"

    app.button(key="cancel_1").click().run()
    assert state_of_job(filled) == "cancelled"


@pytest.mark.usefixtures("empty")
def test_a_clip_that_is_gone_is_said_plainly() -> None:
    app = open_page("pages/1_Footage.py", clip="999")

    assert "not in the library" in words(app)


@pytest.mark.usefixtures("filled")
def test_a_name_is_shown_as_it_is_and_never_as_markup() -> None:
    app = open_page("pages/1_Footage.py", clip="1")

    assert "\\<script\\>" in app.title[0].value
    assert not any(part.allow_html and HOSTILE in part.value for part in app.markdown)


def test_a_damaged_database_is_explained(empty: Path) -> None:
    empty.mkdir()
    (empty / "smartpark.db").write_bytes(b"no database at all, but long enough to be read" * 30)

    app = open_page()

    assert "damaged" in words(app)


@pytest.mark.usefixtures("empty")
def test_the_overview_starts_without_heavy_libraries() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60).run()\n"
        "assert not app.exception\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())
    assert not {"av", "cv2", "onnxruntime", "openvino", "ray", "supervision"} & loaded
    assert not {"torch", "transformers"} & loaded


# --- words -------------------------------------------------------------------------------------


def test_every_sentence_exists_in_both_languages_with_the_same_blanks() -> None:
    def blanks(sentence: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(sentence) if name}

    for key, text in CATALOGUE.items():
        assert text.en.strip(), key
        assert text.zh.strip(), key
        assert blanks(text.en) == blanks(text.zh), key


def test_every_key_that_a_screen_uses_exists() -> None:
    sources = [*SCREENS, *PARTS]
    used = {key for path in sources for key in re.findall(r'say\(\s*"([^"{]+)"', path.read_text())}
    families = {
        key for path in sources for key in re.findall(r'say\(\s*f"([a-z_.]+)\{', path.read_text())
    }

    assert used - set(CATALOGUE) == set()
    assert [family for family in families if not any(k.startswith(family) for k in CATALOGUE)] == []


def test_no_screen_holds_a_sentence_of_its_own() -> None:
    catalogues = {path for path in PARTS if path.name.startswith("messages")}
    found = []
    for path in [*SCREENS, *(part for part in PARTS if part not in catalogues)]:
        tree = ast.parse(path.read_text())
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        found += [
            f"{path.name}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documented
            and (
                re.match(r"[A-Z][a-z]+ [a-z]+ ", node.value) or re.search("[一-龥]{3}", node.value)
            )
        ]

    assert found == []


# --- charts and drawings -----------------------------------------------------------------------


def test_the_axes_of_every_chart_name_their_unit() -> None:
    occupancy = charts.occupancy(REPORT["zones"], 10.0, "en")
    crossings = charts.crossings(REPORT["lines"][0], 7200.0, "zh")

    assert occupancy.layout.xaxis.title.text == "Time, s"
    assert crossings.layout.xaxis.title.text == "时间（分钟）"
    assert list(crossings.data[1].y) == [-1]
    assert crossings.data[1].x[0] == pytest.approx(5 / 60)


def test_the_heat_map_leaves_empty_places_clear() -> None:
    figure = charts.heat(REPORT["heat_map"], None, "en")

    assert list(figure.data[0].z[0]) == [None, 4.0]


def test_small_pictures_of_a_clip_keep_its_privacy_masks(tmp_path: Path) -> None:
    Image.new("RGB", (80, 40), "white").save(tmp_path / "first.jpg")

    mask = [(0, 0), (320, 0), (320, 320), (0, 320)]
    jpeg = covered(tmp_path / "first.jpg", [mask], width=640, height=320)

    shown = Image.open(io.BytesIO(jpeg))
    assert sum(shown.getpixel((20, 20))) < 30
    assert sum(shown.getpixel((60, 20))) > 735


def test_a_scene_that_is_opened_and_saved_stays_the_same() -> None:
    calibration = {
        "image_points": [[0, 0], [99, 0], [99, 99], [0, 99]],
        "ground_points_m": [[0, 0], [8, 0], [8, 8], [0, 8]],
    }
    scene = {
        **SCENE,
        "calibration": calibration,
        "privacy_masks": [[[1, 1], [9, 1], [9, 9]]],
        "tiling": {"columns": 2, "rows": 2, "overlap": 0.2},
    }
    shapes = shapes_of(scene, width=640, height=360)

    again = spec_of(
        shapes,
        rules_of(scene),
        name="North",
        scene_rules=[],
        ground_m=calibration["ground_points_m"],
        tiling=scene["tiling"],
    )

    assert parse_scene(again) == parse_scene(scene)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_scene_for_any_size_of_picture(name: str) -> None:
    for width, height in ((64, 48), (640, 360), (720, 1280)):
        spec = preset(name, width=width, height=height, language="zh")
        scene = parse_scene(spec, width=width, height=height)

        assert any(place.rules for place in [*scene.zones, *scene.lines])
