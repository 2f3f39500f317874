"""Score tracks against ground truth: MOTA and IDF1, by the functions that `trackers` ships."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from trackers.eval.clear import compute_clear_metrics
from trackers.eval.identity import compute_identity_metrics

from smartpark.core.geometry import iou

Row = tuple[int, int, float, float, float, float]
"""Frame, id, x, y, width, height in pixels; x and y are the top left corner."""


def read_truth(path: Path) -> list[Row]:
    """Read a CSV with the columns `frame,id,x,y,w,h`."""
    with path.open(newline="") as file:
        return [_row(line) for line in csv.DictReader(file)]


def read_tracks(path: Path, *, label: str = "person") -> list[Row]:
    """Read the tracks of one class from a `tracks.csv`."""
    with path.open(newline="") as file:
        return [_row(line) for line in csv.DictReader(file) if line["label"] == label]


def read_mot(path: Path) -> list[Row]:
    """Read a text file of the MOT challenge: `frame,id,x,y,w,h,...` without a header."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    return [(int(r[0]), int(r[1]), *(float(v) for v in r[2:6])) for r in rows]  # type: ignore[misc]


def score(truth: Path, tracks: Path, *, label: str = "person") -> dict[str, float]:
    """Score a `tracks.csv` against a CSV of ground truth."""
    return score_rows(read_truth(truth), read_tracks(tracks, label=label))


def score_rows(
    truth: Iterable[Row], tracks: Iterable[Row], *, threshold: float = 0.5
) -> dict[str, float]:
    """Return MOTA, IDF1 and the counts behind them at an IoU of at least `threshold`."""
    real, found = _by_frame(truth), _by_frame(tracks)
    frames = sorted(real.keys() | found.keys())
    empty = np.empty((0, 5))
    pairs = [(real.get(frame, empty), found.get(frame, empty)) for frame in frames]
    real_ids = [a[:, 0].astype(int) for a, _ in pairs]
    found_ids = [b[:, 0].astype(int) for _, b in pairs]
    overlaps = [iou(a[:, 1:], b[:, 1:]).astype(np.float64) for a, b in pairs]
    clear = compute_clear_metrics(real_ids, found_ids, overlaps, threshold)
    identity = compute_identity_metrics(real_ids, found_ids, overlaps, threshold)
    return {
        "mota": clear["MOTA"],
        "idf1": identity["IDF1"],
        "false_positives": clear["CLR_FP"],
        "misses": clear["CLR_FN"],
        "switches": clear["IDSW"],
        "precision": clear["CLR_Pr"],
        "recall": clear["CLR_Re"],
        "ids": len({int(key) for ids in found_ids for key in ids}),
    }


def _row(line: Mapping[str, str]) -> Row:
    x, y, w, h = (float(line[name]) for name in ("x", "y", "w", "h"))
    return int(line["frame"]), int(line["id"]), x, y, w, h


def _by_frame(rows: Iterable[Row]) -> dict[int, np.ndarray]:
    frames: dict[int, list[tuple[float, ...]]] = defaultdict(list)
    for frame, key, x, y, w, h in rows:
        frames[frame].append((key, x, y, x + w, y + h))
    return {frame: np.array(found, np.float64) for frame, found in frames.items()}
