import csv
import json
import re
from pathlib import Path

import av
import pytest

from smartpark.core.errors import Cancelled, StorageError
from smartpark.core.text import Text
from smartpark.journeys.analyse import Analysis
from smartpark.journeys.outputs import TRACKS_HEADER

from .conftest import analyse, report_of


def test_an_analysis_leaves_the_promised_files(analysis: Analysis) -> None:
    names = {path.name for path in analysis.folder.iterdir()}

    assert {"tracks.csv", "events.json", "report.json", "overlay.mp4", "report.html"} <= names
    snapshots = {name for name in names if name.startswith("snapshot-")}
    assert snapshots == set(analysis.snapshots.values())


def test_people_of_the_sample_clip_are_followed(analysis: Analysis) -> None:
    with (analysis.folder / "tracks.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert tuple(rows[0]) == TRACKS_HEADER
    people = [row for row in rows if row["label"] == "person"]
    assert len({row["id"] for row in people}) >= 3
    frames = [int(row["frame"]) for row in rows]
    assert frames == sorted(frames)
    assert frames[0] >= 1
    assert frames[-1] <= report_of(analysis.folder)["clip"]["frames"]
    assert all(0 <= float(row["score"]) <= 1 and float(row["w"]) > 0 for row in rows)


def test_a_track_has_a_row_for_every_frame_between_its_first_and_last(analysis: Analysis) -> None:
    with (analysis.folder / "tracks.csv").open() as file:
        frames: dict[str, list[int]] = {}
        for row in csv.DictReader(file):
            frames.setdefault(row["id"], []).append(int(row["frame"]))

    holes = sum(seen[-1] - seen[0] + 1 - len(seen) for seen in frames.values())
    assert holes == 0


def test_events_say_why_in_both_languages(analysis: Analysis) -> None:
    events = json.loads((analysis.folder / "events.json").read_text(encoding="utf-8"))

    assert events
    for event in events:
        assert event["kind"] == "intrusion"
        assert event["zone"] == "Everywhere"
        assert event["line"] is None
        assert event["severity"] in ("info", "low", "medium", "high")
        assert 0 <= event["start_s"] <= event["end_s"] <= 8.2
        assert "Everywhere" in event["text"]["en"]
        assert re.search(r"[\u4e00-\u9fff]", event["text"]["zh"])
        assert (analysis.folder / event["snapshot"]).read_bytes()[:2] == b"\xff\xd8"


def test_the_report_names_clip_detector_and_settings(analysis: Analysis, short_clip: Path) -> None:
    report = report_of(analysis.folder)

    assert report["clip"]["name"] == short_clip.name
    assert (report["clip"]["width"], report["clip"]["height"]) == (768, 576)
    assert report["clip"]["frames"] == 80
    assert report["clip"]["duration_s"] == pytest.approx(8.0, abs=0.11)
    assert report["detector"]["name"] == "nanodet-g"
    assert re.fullmatch(r"[0-9a-f]{64}", report["settings_digest"])
    assert report["timing"]["inferred_frames"] == 80
    zone = report["zones"][0]
    assert zone["max_count"] == max(sample["count"] for sample in zone["occupancy"])
    assert report["lines"][0]["name"] == "Middle"


def test_the_overlay_has_the_size_and_times_of_the_clip(
    analysis: Analysis, short_clip: Path
) -> None:
    def facts(path: Path) -> tuple[object, ...]:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            times = [round(float(frame.time), 3) for frame in container.decode(video)]
            return video.width, video.height, times

    with av.open(str(analysis.folder / "overlay.mp4")) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
    assert facts(analysis.folder / "overlay.mp4") == facts(short_clip)
    head = (analysis.folder / "overlay.mp4").read_bytes()[:4096]
    assert b"moov" in head


def test_the_page_needs_no_other_file_and_no_network(analysis: Analysis) -> None:
    page = (analysis.folder / "report.html").read_text(encoding="utf-8")

    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "<svg" in page
    assert "入侵" in page or "进入" in page


def test_a_name_with_html_is_only_text_on_the_page(short_clip: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "<script>alert(1)<．script>.mp4"
    hostile.write_bytes(short_clip.read_bytes())

    done = analyse(hostile, tmp_path / "out", mode="fast")

    page = (done.folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_same_clip_gives_the_same_report_twice(
    analysis: Analysis, short_clip: Path, tmp_path: Path
) -> None:
    again = analyse(short_clip, tmp_path / "again")

    first, second = report_of(analysis.folder), report_of(again.folder)
    assert first.pop("timing")["inferred_frames"] == second.pop("timing")["inferred_frames"]
    assert first == second
    for name in ("tracks.csv", "events.json", "overlay.mp4"):
        assert (analysis.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_fast_infers_fewer_frames_and_finds_the_same_people(
    analysis: Analysis, short_clip: Path, tmp_path: Path
) -> None:
    fast = analyse(short_clip, tmp_path / "fast", mode="fast")

    assert 0 < fast.report["timing"]["inferred_frames"] < 80
    assert fast.report["zones"][0]["max_count"] == pytest.approx(
        analysis.report["zones"][0]["max_count"], abs=1
    )


def test_a_cancelled_analysis_leaves_nothing(short_clip: Path, tmp_path: Path) -> None:
    def stop(share: float, _note: Text | None) -> None:
        if share > 0.2:
            raise Cancelled(Text(en="stop", zh="停"))

    with pytest.raises(Cancelled):
        analyse(short_clip, tmp_path / "out", on_progress=stop)

    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_survives_a_cancelled_analysis(short_clip: Path, tmp_path: Path) -> None:
    analyse(short_clip, tmp_path / "out", mode="fast")
    before = (tmp_path / "out" / "report.json").read_bytes()

    def stop(_share: float, _note: Text | None) -> None:
        raise Cancelled(Text(en="stop", zh="停"))

    with pytest.raises(Cancelled):
        analyse(short_clip, tmp_path / "out", mode="fast", on_progress=stop)

    assert (tmp_path / "out" / "report.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_progress_rises_to_one(short_clip: Path, tmp_path: Path) -> None:
    shares: list[float] = []

    analyse(
        short_clip,
        tmp_path / "out",
        mode="fast",
        on_progress=lambda share, _note: shares.append(share),
    )

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) > 5


def test_a_folder_that_cannot_be_made_is_said_plainly(short_clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match="Cannot write to"):
        analyse(short_clip, tmp_path / "file" / "out")
