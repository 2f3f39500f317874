"""Compare trackers and settings on real clips; one JSON line a row.

    python -m benchmarks.tracking --data ../shared/data

Every row sees the same detections of the shipped detector, made once at three sizes; MOTA and
IDF1 are given as mean and worst over the three, so that one lucky crossing does not decide. `ratio`
is MOTA against the first row, the stock tracker.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from trackers import (
    BoTSORTTracker,
    ByteTrackTracker,
    CBIoUTracker,
    OCSORTTracker,
    SORTTracker,
)

from benchmarks._mot import Row, read_truth, score_rows
from smartpark.core.values import Frame
from smartpark.vision import tracks as ours
from smartpark.vision.detectors.nanodet import load
from smartpark.vision.gate import Gate, Mode
from smartpark.vision.read import ClipReader
from smartpark.vision.tracks import GapFiller, Moment, Sighting, TrackSettings, TrackStream

PETS = "surveillance/pets09_s2l1_a"
SIZES = ("384x288", "416x320", "416x416")  # the first is the shipped one for this clip
STILL = "surveillance/aboda_video4_abandoned_object.avi"
BUSY = "samples/vtest.avi"
FILL_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A clip as the trackers see it: detections and small grey pictures of every frame."""

    fps: float
    size: tuple[int, int]
    found: list[sv.Detections]
    lumas: list[NDArray[np.uint8]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    truth = read_truth(options.data / f"{PETS}_gt.csv")
    pets = [look(options.data / f"{PETS}.mp4", options.threads, size) for size in SIZES]
    first = None
    for name, follow in {**stock_rows(), **our_rows()}.items():
        row = judge(name, follow, pets, truth)
        first = first or row["mota"]
        print(json.dumps({**row, "ratio": round(row["mota"] / first, 3)}), flush=True)
    for path in (BUSY, STILL):
        print(json.dumps(compare_modes(path, look(options.data / path, options.threads, ""))))


def look(path: Path, threads: int, size: str) -> Clip:
    """Run the shipped detector over every frame."""
    detector = load(threads=threads, argument=size)
    with ClipReader(path) as reader:
        info = reader.info
        whole = (info.width, info.height)
        wanted = detector.input_size_for(*whole)
        factor = np.array([whole[0] / wanted[0], whole[1] / wanted[1]] * 2, np.float32)
        luma_size = Gate("fast", fps=info.fps, size=whole).luma_size
        found, lumas = [], []
        for frame in reader:
            picture = Frame(frame.rgb(wanted), frame.index, frame.time_s)
            detections = detector.detect([picture])[0]
            detections.xyxy = detections.xyxy * factor
            found.append(detections)
            lumas.append(frame.luma(luma_size))
    return Clip(info.fps, whole, found, lumas)


Follow = Callable[[Clip], tuple[list[Row], float, float]]
"""Rows, milliseconds per frame, share of frames inferred."""


def judge(name: str, follow: Follow, clips: Sequence[Clip], truth: list[Row]) -> dict[str, Any]:
    scores, times, shares = [], [], []
    for clip in clips:
        rows, ms, share = follow(clip)
        scores.append(score_rows(truth, rows))
        times.append(ms)
        shares.append(share)
    mean = {key: float(np.mean([s[key] for s in scores])) for key in scores[0]}
    return {
        "row": name,
        "mota": round(mean["mota"], 3),
        "mota_worst": round(min(s["mota"] for s in scores), 3),
        "mota_shipped": round(scores[0]["mota"], 3),
        "idf1": round(mean["idf1"], 3),
        "idf1_worst": round(min(s["idf1"] for s in scores), 3),
        "idf1_shipped": round(scores[0]["idf1"], 3),
        "false_positives": round(mean["false_positives"]),
        "misses": round(mean["misses"]),
        "switches": round(mean["switches"], 1),
        "ids": round(mean["ids"], 1),
        "inferred": round(float(np.mean(shares)), 3),
        "ms_per_frame": round(float(np.median(times)), 2),
    }


def stock_rows() -> dict[str, Follow]:
    """The trackers of `trackers`: as they come, then with our thresholds, filled and steadied."""
    alike = {"track_activation_threshold": 0.7, "high_conf_det_threshold": 0.45}
    loose = {**alike, "minimum_iou_threshold_first_assoc": 0.1}
    makers: dict[str, Callable[[float], Any]] = {
        "ByteTrack": lambda fps: ByteTrackTracker(frame_rate=fps),
        "SORT": lambda fps: SORTTracker(frame_rate=fps),
        "OC-SORT": lambda fps: OCSORTTracker(frame_rate=fps),
        "BoT-SORT": lambda fps: BoTSORTTracker(frame_rate=fps, enable_cmc=False),
        "C-BIoU": lambda fps: CBIoUTracker(frame_rate=fps),
    }
    tuned: dict[str, Callable[[float], Any]] = {
        "ByteTrack": lambda fps: ByteTrackTracker(
            frame_rate=fps, **alike, minimum_iou_threshold=0.15
        ),
        "SORT": lambda fps: SORTTracker(
            frame_rate=fps, track_activation_threshold=0.7, minimum_iou_threshold=0.15
        ),
        "OC-SORT": lambda fps: OCSORTTracker(
            frame_rate=fps, high_conf_det_threshold=0.5, minimum_iou_threshold=0.2
        ),
        "BoT-SORT": lambda fps: BoTSORTTracker(
            frame_rate=fps, **loose, minimum_iou_threshold_second_assoc=0.2, enable_cmc=False
        ),
        "C-BIoU": lambda fps: CBIoUTracker(
            frame_rate=fps, **loose, minimum_iou_threshold_second_assoc=0.2
        ),
    }
    return {
        **{f"{name}, as it comes": stock(make, fill=False) for name, make in makers.items()},
        **{f"{name}, thresholds and filling": stock(make) for name, make in tuned.items()},
    }


def our_rows() -> dict[str, Follow]:
    settings: dict[str, TrackSettings] = {
        "ours": TrackSettings(),
        "ours, faint tracks kept": TrackSettings(unsure_s=1e9),
        "ours, start 0.55": TrackSettings(start=0.55),
        "ours, start 0.65": TrackSettings(start=0.65),
        "ours, boxes grown by 0.1": TrackSettings(buffer=0.1),
        "ours, boxes grown by 0.3": TrackSettings(buffer=0.3),
        "ours, lost after 1 s": TrackSettings(lost_s=1.0),
    }
    return {
        **{name: stream("exact", one) for name, one in settings.items()},
        "ours, boxes not steadied": stream("exact", TrackSettings(), smooth_s=0.05),
        "ours, fast": stream("fast", TrackSettings()),
    }


def stock(make: Callable[[float], Any], *, fill: bool = True) -> Follow:
    def follow(clip: Clip) -> tuple[list[Row], float, float]:
        tracker = make(clip.fps)
        filler = GapFiller(lag=round(FILL_S * clip.fps) if fill else 1)
        moments: list[Moment] = []
        spent = 0.0
        for index, found in enumerate(clip.found, 1):
            heard = people(found, least=0.3 if fill else 0.25)
            began = time.process_time()
            seen = sightings(tracker.update(heard), index, clip.fps)
            spent += time.process_time() - began
            if fill:
                moments += filler.push(index, index / clip.fps, seen)
            else:
                moments.append(Moment(index, index / clip.fps, as_detections(seen)))
        moments += filler.finish()
        return rows(moments), spent / len(clip.found) * 1000, 1.0

    return follow


def stream(mode: Mode, settings: TrackSettings, *, smooth_s: float = ours.SMOOTH_S) -> Follow:
    def follow(clip: Clip) -> tuple[list[Row], float, float]:
        usual, ours.SMOOTH_S = ours.SMOOTH_S, smooth_s
        moments, looks, ms = run(clip, mode, settings)
        ours.SMOOTH_S = usual
        return rows(moments), ms, looks / len(clip.found)

    return follow


def run(clip: Clip, mode: Mode, settings: TrackSettings) -> tuple[list[Moment], int, float]:
    """Return the settled moments, how many frames were inferred, and milliseconds per frame."""
    chain = TrackStream(fps=clip.fps, size=clip.size, settings=settings)
    gate = Gate(mode, fps=clip.fps, size=clip.size)
    moments: list[Moment] = []
    looks = 0
    began = time.process_time()
    for index, (found, luma) in enumerate(zip(clip.found, clip.lumas, strict=True), 1):
        time_s = (index - 1) / clip.fps
        if gate.wants(luma, time_s=time_s, tracks=chain):
            looks += 1
            moments += chain.infer(found, index=index, time_s=time_s).settled
        else:
            moments += chain.skip(index=index, time_s=time_s).settled
    moments += chain.finish().settled
    return moments, looks, (time.process_time() - began) / len(clip.found) * 1000


def compare_modes(name: str, clip: Clip) -> dict[str, Any]:
    """Return how the tracks of `fast` differ from those of `exact` where there is no truth."""
    exact, _, _ = run(clip, "exact", TrackSettings())
    fast, looks, ms = run(clip, "fast", TrackSettings())
    found = score_rows(rows(exact, label=None), rows(fast, label=None))
    share = looks / len(clip.found)
    return {
        "row": f"fast against exact, {name}",
        "inferred": round(share, 3),
        "ratio": round(1 / share, 1),
        "mota": round(found["mota"], 3),
        "idf1": round(found["idf1"], 3),
        "ms_per_frame": round(ms, 2),
    }


def people(found: sv.Detections, *, least: float) -> sv.Detections:
    mask = (found.class_id == 0) & (found.confidence >= least)
    return sv.Detections(
        xyxy=found.xyxy[mask].astype(np.float64),
        confidence=found.confidence[mask],
        class_id=found.class_id[mask],
        data={"class_name": found.data["class_name"][mask]},
    )


def sightings(found: sv.Detections, index: int, fps: float) -> list[Sighting]:
    return [
        Sighting(index, index / fps, int(key) + 1, box.astype(np.float32), float(one), 0, "person")
        for box, one, key in zip(found.xyxy, found.confidence, found.tracker_id, strict=True)
        if key >= 0
    ]


def as_detections(seen: Sequence[Sighting]) -> sv.Detections:
    return sv.Detections(
        xyxy=np.array([item.box for item in seen], np.float32).reshape(-1, 4),
        tracker_id=np.array([item.track_id for item in seen], np.int64),
        data={"class_name": np.array([item.label for item in seen], dtype=np.str_)},
    )


def rows(moments: Iterable[Moment], *, label: str | None = "person") -> list[Row]:
    return list(_rows(moments, label))


def _rows(moments: Iterable[Moment], label: str | None) -> Iterator[Row]:
    for moment in moments:
        found = moment.detections
        for box, key, name in zip(
            found.xyxy, found.tracker_id, found.data["class_name"], strict=True
        ):
            if label in (None, name):
                x1, y1, x2, y2 = (float(edge) for edge in box)
                yield moment.index, int(key), x1, y1, x2 - x1, y2 - y1


if __name__ == "__main__":
    main()
