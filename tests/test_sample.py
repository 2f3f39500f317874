"""The sample park that comes with the product."""

import json
from pathlib import Path

from smartpark.events.scene import parse_scene
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
