"""What an operator does, in a real browser: upload, watch, look, decide, draw, switch language."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from smartpark.store.alerts import list_alerts
from smartpark.store.clips import get_clip
from smartpark.store.database import database_url, open_database, reading
from smartpark.store.scenes import get_scene

from .conftest import SHOTS, WAIT_MS, Opener, Program

expect.set_options(timeout=WAIT_MS)


def time_of(page: Page) -> float:
    return float(page.locator("video").evaluate("video => video.currentTime"))


def wait_for_video(page: Page) -> None:
    page.locator("video").wait_for()
    page.locator("video").evaluate(
        "video => video.readyState >= 2 || new Promise(done => video.oncanplay = done)"
    )


def test_a_clip_is_uploaded_analysed_and_played(
    open_page: Opener, program: Program, own_clip: Path
) -> None:
    page = open_page("Footage?lang=en")
    page.locator(".drop").wait_for()

    page.locator('input[type="file"][multiple]').set_input_files(own_clip)
    expect(page.locator(".file.stored")).to_be_visible()
    page.get_by_role("link", name="<b>1").click()
    page.get_by_role("button", name="Start analysis").click()
    wait_for_video(page)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1500)

    assert time_of(page) > 0.2
    assert page.locator("video").evaluate("video => video.duration") == pytest.approx(3, abs=0.3)
    assert list((program.data_dir / "incoming").glob("*")) == []


def test_of_two_files_the_one_that_is_no_clip_is_refused_with_a_reason(
    open_page: Opener, own_clip: Path, tmp_path: Path
) -> None:
    words = tmp_path / "words.mp4"
    words.write_text("These are words, not pictures.\n" * 100)
    page = open_page("Footage?lang=zh")
    page.locator(".drop").wait_for()

    page.locator('input[type="file"][multiple]').set_input_files([words, own_clip])

    note = page.locator(".file.refused .note")
    expect(note).to_be_visible()
    assert any("一" <= letter <= "龥" for letter in note.inner_text())
    expect(page.locator(".file.stored, .file.known")).to_be_visible()


def test_a_file_over_the_limit_is_refused_before_it_is_sent(
    open_page: Opener, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(bytes(20_000_001))
    page = open_page("Footage?lang=en")
    page.locator(".drop").wait_for()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))

    page.locator('input[type="file"][multiple]').set_input_files(large)

    expect(page.locator(".file.refused .note")).to_contain_text("20.0 MB")
    assert not any("upload" in address for address in sent)


def test_an_event_makes_the_player_jump_and_its_alert_is_acknowledged(
    open_page: Opener, program: Program, sample_clip_id: int
) -> None:
    page = open_page(f"Footage?lang=en&clip={sample_clip_id}")
    wait_for_video(page)
    page.get_by_role("button", name="Who are you?").click()
    page.get_by_role("textbox", name="Your name").fill("李伟")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="李伟")).to_be_visible()
    page.keyboard.press("Escape")
    row = page.locator(".row", has_not=page.locator(".state")).last
    start_s = float(row.get_attribute("data-start") or 0)

    row.click()
    page.wait_for_timeout(500)
    assert start_s - 1.5 < time_of(page) < start_s + 20
    page.locator(".st-key-footage_evidence textarea").fill("Guard sent")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".st-key-footage_evidence")).to_contain_text("Acknowledged by 李伟")

    engine = open_database(database_url(program.data_dir, None))
    with reading(engine) as db:
        decided = list_alerts(db, states=("acknowledged",))
    engine.dispose()
    assert [(alert.changed_by, alert.note) for alert in decided] == [("李伟", "Guard sent")]


def test_the_arrow_keys_move_the_player_and_the_bar_jumps(
    open_page: Opener, sample_clip_id: int
) -> None:
    page = open_page(f"Footage?lang=en&clip={sample_clip_id}")
    wait_for_video(page)
    timeline = page.locator(".timeline")

    timeline.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    assert time_of(page) == pytest.approx(6, abs=0.5)
    bar = page.locator(".timeline .bar").last
    bar.click()
    page.wait_for_timeout(300)

    event = page.locator(f'.row[data-id="{bar.get_attribute("data-id")}"]')
    assert time_of(page) == pytest.approx(float(event.get_attribute("data-start") or 0), abs=2)


def test_the_language_is_switched_and_kept_after_a_reload(open_page: Opener) -> None:
    page = open_page()
    expect(page.locator("h1")).to_have_text("Overview")

    page.get_by_text("中文", exact=True).click()
    expect(page.locator("h1")).to_have_text("总览")
    page.wait_for_function("document.cookie.includes('smartpark_language=zh')")
    page.reload()

    expect(page.locator("h1")).to_have_text("总览")
    page.get_by_role("link", name="任务").click()
    expect(page.locator("h1")).to_have_text("任务")


def test_a_zone_is_drawn_with_the_mouse_undone_and_saved_with_its_rule(
    open_page: Opener, program: Program, sample_clip_id: int
) -> None:
    page = open_page(f"Footage?lang=en&view=scene&clip={sample_clip_id}")
    page.locator(".canvas image").wait_for()
    shapes = page.locator(".canvas polygon.zone")
    before = shapes.count()
    canvas = page.locator(".canvas > svg")

    for name in ("first", "second"):
        page.locator('.tools [data-tool="zone"]').click()
        box = canvas.bounding_box()
        for x, y in ((0.05, 0.05), (0.25, 0.05), (0.25, 0.2), (0.05, 0.2)):
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        canvas.focus()
        page.keyboard.press("Enter")
        expect(shapes).to_have_count(before + 1)
        page.locator(".tools input").fill(name)
        page.keyboard.press("Enter")
        if name == "first":
            canvas.focus()
            page.keyboard.press("Control+z")
            page.keyboard.press("Control+z")
            expect(shapes).to_have_count(before)
    box_of_rules = page.locator('[data-testid="stExpander"]', has_text="second")
    box_of_rules.get_by_role("button", name="Crowd").click()
    expect(box_of_rules).to_contain_text("Most people allowed")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Scene saved.")).to_be_visible()

    engine = open_database(database_url(program.data_dir, None))
    with reading(engine) as db:
        scene = get_scene(db, get_clip(db, sample_clip_id).scene_id)
    engine.dispose()
    drawn = next(zone for zone in scene.spec["zones"] if zone["name"] == "second")
    assert [rule["kind"] for rule in drawn["rules"]] == ["crowd"]
    assert len(drawn["polygon"]) == 4


def test_a_second_tab_shows_the_same_clip_from_its_address(
    open_page: Opener, sample_clip_id: int
) -> None:
    first = open_page(f"Footage?lang=en&clip={sample_clip_id}")
    first.get_by_text("Downloads").click()
    expect(first.get_by_text("Tracks (CSV)")).to_be_visible()

    second = open_page(first.url.split("/", 3)[3])

    expect(second.get_by_text("Tracks (CSV)")).to_be_visible()


def test_no_page_asks_another_server_for_anything(open_page: Opener, program: Program) -> None:
    page = open_page("Footage?lang=en")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.reload()
    page.locator(".drop").wait_for()
    page.wait_for_timeout(1000)

    own = (program.address, "data:", "blob:", program.address.replace("http", "ws"))
    assert [address for address in asked if not address.startswith(own)] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_pictures_of_every_page_are_taken(
    open_page: Opener, sample_clip_id: int, lang: str, theme: str
) -> None:
    SHOTS.mkdir(exist_ok=True)
    pages = {
        "overview": ("", '[class*="st-key-overview_report"]'),
        "library": ("Footage", ".drop"),
        "results": (f"Footage?clip={sample_clip_id}", ".js-plotly-plot"),
        "scene": (f"Footage?clip={sample_clip_id}&view=scene", ".canvas image"),
        "downloads": (
            f"Footage?clip={sample_clip_id}&view=downloads",
            "[data-testid=stLinkButton]",
        ),
        "jobs": ("Jobs", '[class*="st-key-jobs_"]'),
    }
    for name, (path, ready) in pages.items():
        glue = "&" if "?" in path else "?"
        page = open_page(f"{path}{glue}lang={lang}", theme=theme)
        page.locator(ready).first.wait_for()
        page.wait_for_timeout(1500)

        picture = page.screenshot(path=SHOTS / f"{name}-{lang}-{theme}.png")

        assert len(picture) > 20_000
        assert page.locator('[data-testid="stException"]').count() == 0
