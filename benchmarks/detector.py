"""How well the shipped detector finds things: COCO AP, and small people with and without tiles.

    python -m benchmarks.detector --data ../shared/data --model ../shared/models/nanodet_g.onnx

Each line of output is one JSON object. AP is COCO's, by supervision; one decoder reads the cells of
the published network and of ours, so that only the networks differ.
"""

import argparse
import csv
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import supervision as sv
from numpy.typing import NDArray
from supervision.metrics import MeanAveragePrecision

from benchmarks._peer import MEAN, SIDE, SPREAD
from smartpark.core.scene import Tiling
from smartpark.core.values import Frame
from smartpark.models.card import BUILT_IN, read_card
from smartpark.vision.detectors.cells import Limits, boxes_from_cells
from smartpark.vision.detectors.nanodet import NanoDet, load_fp32, open_detector
from smartpark.vision.tiles import TiledDetector

FOR_AP = Limits(min_score=0.05, max_overlap=0.6, max_twin_overlap=1.0)
"""AP rewards long lists: the limits that the published figures were made with."""

STREET = (1920, 1080)
PERSON_PX = 60
FIRM_SCORE = 0.3
SEEN_OVERLAP = 0.4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("../shared/models/nanodet_g.onnx"))
    given = parser.parse_args()
    _compare_accuracy(given.data / "detection_coco", given.model)
    _compare_tiles(given.data / "surveillance" / "pets09_s2l1_a.mp4")


def _compare_accuracy(folder: Path, published: Path) -> None:
    if published.is_file():
        session = onnxruntime.InferenceSession(str(published))
        _print_ap(folder, "published, 416x416", lambda f: _detect_published(session, f))
    for size in ("416x416", ""):
        detectors = {
            "nanodet-g-fp32": load_fp32(argument=size),
            "nanodet-g": _int8("openvino", size),
            "nanodet-g in ONNX Runtime": _int8("onnxruntime", size),
        }
        for name, detector in detectors.items():
            detector.limits = FOR_AP
            shape = size or "the shape of the picture"
            _print_ap(folder, f"{name}, {shape}", lambda f, d=detector: d.detect([f])[0])


def _detect_published(session: onnxruntime.InferenceSession, frame: Frame) -> sv.Detections:
    resized = cv2.resize(frame.image, (SIDE, SIDE))[..., ::-1].astype(np.float32)
    blob = ((resized - MEAN) / SPREAD).transpose(2, 0, 1)[None]
    levels = [level[0] for level in session.run(None, {"x": np.ascontiguousarray(blob)})]
    labels = np.array(read_card(BUILT_IN, "nanodet_g.json").labels)
    best = np.concatenate([level[: len(labels)].max(axis=0).ravel() for level in levels])
    height, width = frame.image.shape[:2]
    size = (width, height)
    return boxes_from_cells((best, *levels), labels=labels, frame_size=size, limits=FOR_AP)


def _int8(engine: str, size: str) -> NanoDet:
    card = read_card(BUILT_IN, "nanodet_g.json")
    return open_detector(card, threads=2, name="nanodet-g", argument=size, engine=engine)


def _print_ap(folder: Path, name: str, find: Callable[[Frame], sv.Detections]) -> None:
    metric = MeanAveragePrecision()
    for frame, truth in _labelled(folder):
        metric.update(find(frame), truth)
    result = metric.compute()
    figures = {"ap50_95": round(result.map50_95, 4), "ap50": round(result.map50, 4)}
    print(json.dumps({"coco": name, **figures}), flush=True)


def _labelled(folder: Path) -> Iterator[tuple[Frame, sv.Detections]]:
    paths = sorted((folder / "images").glob("*.jpg"))
    if not paths:
        raise SystemExit(f"No pictures in {folder}: name the data folder with --data.")
    for path in paths:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        label = folder / "labels" / f"{path.stem}.txt"
        rows = np.loadtxt(label, ndmin=2) if label.is_file() else np.zeros((0, 5))
        middle, half = rows[:, 1:3], rows[:, 3:5] / 2
        sides = np.array(image.shape[1::-1] * 2)
        xyxy = np.concatenate([middle - half, middle + half], 1) * sides
        yield Frame(image, 1, 0.0), sv.Detections(xyxy=xyxy, class_id=rows[:, 0].astype(int))


def _compare_tiles(clip: Path) -> None:
    """Print how many of the small people of a made-up street each grid finds, at what cost."""
    streets = list(make_streets(clip, count=6))
    detector = _int8("openvino", "")
    base_s = None
    for grid in (None, (2, 2), (3, 2), (4, 2)):
        looker = TiledDetector(detector, Tiling(*grid)) if grid else detector
        looker.detect([streets[0][0]])
        started = time.process_time()
        found = [looker.detect([frame])[0] for frame, _ in streets]
        spent_s = (time.process_time() - started) / len(streets)
        base_s = base_s or spent_s
        people = [d[(d.class_id == 0) & (d.confidence > FIRM_SCORE)] for d in found]
        seen = sum(_seen(p.xyxy, truth) for p, (_, truth) in zip(people, streets, strict=True))
        line = {
            "street_1080p": "one look" if grid is None else f"{grid[0]} x {grid[1]} tiles and one",
            "people": sum(len(truth) for _, truth in streets),
            "found": seen,
            "boxes": sum(len(p) for p in people),
            "processor_ms": round(spent_s * 1000, 1),
            "cost": round(spent_s / base_s, 1),
        }
        print(json.dumps(line), flush=True)


def _seen(boxes: NDArray[np.float32], truth: NDArray[np.float64]) -> int:
    return (
        int((sv.box_iou_batch(truth, boxes) > SEEN_OVERLAP).any(axis=1).sum()) if len(boxes) else 0
    )


def make_streets(clip: Path, *, count: int) -> Iterator[tuple[Frame, NDArray[np.float64]]]:
    """Yield 1080p frames with real people, 60 pixels high, on the empty place they were filmed on.

    The empty place is the median of the clip; people are what differs from it, scaled down.
    """
    frames = _read(clip)
    boxes = _truth(clip.with_name(f"{clip.stem}_gt.csv"))
    empty = np.median(np.stack(frames[::20]), axis=0).astype(np.uint8)
    crop = empty[: empty.shape[1] * STREET[1] // STREET[0]]
    street = cv2.resize(crop, STREET, interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(1)
    people = [
        (frame, box) for index, frame in enumerate(frames, 1) for box in boxes.get(index, [])
        if box[3] > 70 and 20 < box[0] < 700 and 20 < box[1] < 440
    ]  # fmt: skip
    for number in range(count):
        image, truth = street.copy(), []
        for slot in range(24):
            frame, box = people[rng.integers(len(people))]
            at = (60 + slot % 8 * 235 + rng.integers(80), 60 + slot // 8 * 330 + rng.integers(150))
            truth.append(_paste(image, frame, empty, box, at))
        yield Frame(image, number + 1, float(number)), np.array(truth)


def _paste(
    image: NDArray[np.uint8],
    frame: NDArray[np.uint8],
    empty: NDArray[np.uint8],
    box: NDArray[np.float64],
    at: tuple[int, int],
) -> list[float]:
    x, y, w, h = (round(v) for v in box)
    scale = PERSON_PX / h
    patch, ground = frame[y : y + h, x : x + w], empty[y : y + h, x : x + w]
    differs = np.abs(patch.astype(int) - ground).max(axis=2) > 25
    mask = cv2.dilate(differs.astype(np.float32), np.ones((3, 3)))
    size = (max(1, round(w * scale)), PERSON_PX)
    small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)[..., None]
    place = image[at[1] : at[1] + size[1], at[0] : at[0] + size[0]]
    place[:] = (small * share + place * (1 - share)).astype(np.uint8)
    return [at[0], at[1], at[0] + size[0], at[1] + size[1]]


def _read(clip: Path) -> list[NDArray[np.uint8]]:
    capture, frames = cv2.VideoCapture(str(clip)), []
    while (step := capture.read())[0]:
        frames.append(cv2.cvtColor(step[1], cv2.COLOR_BGR2RGB))
    if not frames:
        raise SystemExit(f"Cannot read {clip}: name the data folder with --data.")
    return frames


def _truth(path: Path) -> dict[int, list[NDArray[np.float64]]]:
    boxes: dict[int, list[NDArray[np.float64]]] = {}
    with path.open() as lines:
        for row in csv.DictReader(lines):
            box = np.array([float(row[key]) for key in "xywh"])
            boxes.setdefault(int(row["frame"]), []).append(box)
    return boxes


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
