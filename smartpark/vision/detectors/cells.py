"""Read a network's cells: scores and side distances of each, made into boxes."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import supervision as sv
from numpy.typing import NDArray

STRIDES = (8, 16, 32)
DISTANCE_BINS = 11

_BINS = np.arange(DISTANCE_BINS, dtype=np.float32)
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Limits:
    """Which boxes are kept.

    Attributes:
        min_score: lower ones are dropped. Low on purpose: the tracker uses faint boxes to keep
            what it already follows, and starts nothing new from them.
        max_overlap: of two boxes of one class that overlap more (intersection over union), the
            weaker is dropped.
        max_twin_overlap: the same for boxes of two classes, so that one van is not a car, a
            truck and a bus at once.
    """

    min_score: float = 0.1
    max_overlap: float = 0.45
    max_twin_overlap: float = 0.7


def boxes_from_cells(
    outputs: tuple[Floats, ...],
    *,
    labels: NDArray[np.str_],
    frame_size: tuple[int, int],
    limits: Limits,
) -> sv.Detections:
    """Return the boxes that a network's outputs describe, best first.

    Args:
        outputs: (cells,) the best class logit of each cell, stride by stride, row by row; then
            for each stride (classes + 44, rows, columns): class logits, then 11 logits for the
            distance to the left, top, right and bottom side, in strides.
        labels: class names.
        frame_size: `(width, height)` of the frame that boxes are wanted for, in pixels.
        limits: which boxes are kept.
    """
    best, *levels = outputs
    limit = np.float32(np.log(limits.min_score / (1 - limits.min_score)))
    rows = np.flatnonzero(best > limit)
    table = _gather(levels, rows)
    class_id, cell = np.nonzero(table[: len(labels)] > limit)
    scores = 1 / (1 + np.exp(-table[class_id, cell]))
    height, width = (STRIDES[0] * side for side in levels[0].shape[1:])
    boxes = _boxes(table[len(labels) :], rows, width, height)
    scale = np.array([frame_size[0] / width, frame_size[1] / height] * 2, np.float32)
    boxes = np.clip(boxes * scale, 0, np.array(frame_size * 2, np.float32))[cell]
    kept = _suppress(boxes, scores, class_id, limits)
    return sv.Detections(
        xyxy=boxes[kept],
        confidence=scores[kept],
        class_id=class_id[kept],
        data={"class_name": labels[class_id[kept]]},
    )


def _gather(levels: list[Floats], rows: NDArray[np.intp]) -> Floats:
    flat = [level.reshape(len(level), -1) for level in levels]
    starts = np.cumsum([0, *(level.shape[1] for level in flat)])
    cuts = np.searchsorted(rows, starts)
    parts = [
        level[:, rows[first:last] - start]
        for level, start, first, last in zip(flat, starts, cuts, cuts[1:], strict=False)
    ]
    return np.concatenate(parts, 1)


def _boxes(logits: Floats, rows: NDArray[np.intp], width: int, height: int) -> Floats:
    """Return (n, 4): the expected distance of each side, from the middle of its cell."""
    weights = np.exp(logits - logits.max(initial=0)).reshape(4, DISTANCE_BINS, -1)
    distances = np.einsum("sbn,b->ns", weights, _BINS) / weights.sum(1).T
    centres, strides = _grid(width, height)
    reach = distances * strides[rows, None]
    middle = centres[rows]
    return np.concatenate([middle - reach[:, :2], middle + reach[:, 2:]], 1)


def _suppress(
    boxes: Floats, scores: NDArray[np.floating], class_id: NDArray[np.intp], limits: Limits
) -> NDArray[np.intp]:
    xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    kept = cv2.dnn.NMSBoxesBatched(
        xywh.tolist(), scores.tolist(), class_id.tolist(), 0.0, limits.max_overlap
    )
    first = np.array(kept, np.intp).reshape(-1)
    first = first[np.argsort(-scores[first], kind="stable")]
    twins = cv2.dnn.NMSBoxes(
        xywh[first].tolist(), scores[first].tolist(), 0.0, limits.max_twin_overlap
    )
    return first[np.array(twins, np.intp).reshape(-1)]


@lru_cache(maxsize=8)
def _grid(width: int, height: int) -> tuple[Floats, Floats]:
    centres, strides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride]
        xy = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
        centres.append((xy + 0.5) * stride)
        strides.append(np.full(len(xy), stride, np.float32))
    return np.concatenate(centres), np.concatenate(strides)
