"""The sample park that comes with the product."""

import json
from collections import Counter
from pathlib import Path

import pytest

from smartpark.events.scene import parse_scene
from smartpark.journeys.analyse import analyse_file
from smartpark.vision.pipeline import Mode
from smartpark.vision.read import probe

LARGEST_BYTES = 6_000_000


def test_the_sample_clip_is_short_small_and_plays_while_it_loads(sample_clip: Path) -> None:
    info = probe(sample_clip)
    head = sample_clip.read_bytes()[:4096]

    assert (info.width, info.height, info.fps, info.codec) == (768, 576, 10, "h264")
    assert info.duration_s <= 40
    assert sample_clip.stat().st_size <= LARGEST_BYTES
    assert b"moov" in head, "the index must stand before the pictures"


def test_the_sample_scene_fits_its_clip(root: Path) -> None:
    data = json.loads((root / "assets" / "sample_scene.json").read_text())

    scene = parse_scene(data, width=768, height=576)

    assert {rule.kind for zone in scene.zones for rule in zone.rules} >= {"intrusion", "loitering"}
    assert len(scene.lines) == 2


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_the_sample_park_raises_what_a_person_sees_in_its_clip(
    sample_clip: Path, root: Path, tmp_path: Path, mode: Mode
) -> None:
    found = analyse_file(
        sample_clip,
        tmp_path / "report",
        scene_path=root / "assets" / "sample_scene.json",
        detector_name="nanodet-g",
        mode=mode,
        threads=2,
        max_pixels=33_200_000,
        on_progress=lambda _share, _note: None,
    ).events

    kinds = Counter((event.kind, event.zone) for event in found)
    # Two people walk onto the lawn at 11 s, one of them stays until 36 s; a third steps on its edge
    # at 36 s. A van is parked throughout. The man in black stands about at the junction.
    assert 2 <= kinds.pop(("intrusion", "Lawn")) <= 5
    assert kinds.pop(("loitering", "Lawn")) == 1
    assert 1 <= kinds.pop(("loitering", "Junction")) <= 2
    assert 1 <= kinds.pop(("crowd", "Junction")) <= 3
    assert kinds.pop(("stopped_vehicle", "Fire lane")) == 1
    assert not kinds, "nothing else happens there"
    van = next(event for event in found if event.kind == "stopped_vehicle")
    assert van.start_s < 2
    assert van.end_s > 36  # it stands to the end, but is small: its last seconds may be too faint
    first = min(event.start_s for event in found if event.kind == "intrusion")
    assert first == pytest.approx(11, abs=2)
