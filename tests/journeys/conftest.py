"""A few seconds of the sample clip, analysed once for the whole folder."""

import json
from pathlib import Path

import av
import pytest

from smartpark.events.scene import parse_scene
from smartpark.journeys.analyse import Analysis, analyse_clip

SECONDS = 8
FRAMES = 80
# The whole picture: whoever walks through the sample clip is inside.
EVERYWHERE = [[1, 1], [766, 1], [766, 574], [1, 574]]
SCENE = {
    "name": "Test",
    "zones": [
        {
            "name": "Everywhere",
            "polygon": EVERYWHERE,
            "rules": [{"kind": "intrusion", "labels": ["person"], "min_s": 1}],
        }
    ],
    "lines": [
        {"name": "Middle", "start": [384, 570], "end": [384, 5], "rules": [{"kind": "count"}]}
    ],
}


@pytest.fixture(scope="session")
def short_clip(sample_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first eight seconds of the sample clip, packets copied."""
    out = tmp_path_factory.mktemp("clip") / "short.mp4"
    with av.open(str(sample_clip)) as source, av.open(str(out), "w") as target:
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.pts is not None and packet.pts * video.time_base < SECONDS:
                packet.stream = copy
                target.mux(packet)
    return out


@pytest.fixture(scope="session")
def analysis(short_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The exact analysis of the short clip."""
    return analyse(short_clip, tmp_path_factory.mktemp("out") / "exact")


def analyse(clip: Path, out: Path, *, mode: str = "exact", on_progress=None) -> Analysis:
    return analyse_clip(
        clip,
        out,
        scene=parse_scene(SCENE),
        detector_name="nanodet-g",
        mode=mode,
        threads=2,
        max_pixels=33_200_000,
        on_progress=on_progress or (lambda _share, _note: None),
    )


def report_of(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))
