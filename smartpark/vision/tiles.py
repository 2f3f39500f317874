"""Find small things: look at a frame as a whole and, closer, in overlapping tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from smartpark.core.protocols import Detector, FittingDetector
from smartpark.core.scene import Tiling
from smartpark.core.values import Frame

MAX_OVERLAP = 0.5
"""Of two boxes of one class that overlap more (intersection over union), one is dropped."""
MAX_COVERED = 0.6
"""A box that its tile cut off is dropped where another covers more than this share of it."""
EDGE_PX = 3.0
"""A box that ends nearer than this to an inner edge of its tile counts as cut off there."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a frame, in pixels; `right` and `bottom` are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int


class TiledDetector:
    """A detector that looks at each frame once as a whole and once in each tile.

    One look costs what a frame costs without tiles, so a grid of 3 x 2 costs seven times as much.
    """

    def __init__(self, detector: Detector, tiling: Tiling) -> None:
        self.name = detector.name
        self.version = detector.version
        self.labels = detector.labels
        self.input_size: tuple[int, int] | None = None
        self.looks = 1 + tiling.columns * tiling.rows
        self._detector = detector
        self._tiling = tiling

    def detect(self, frames: Sequence[Frame]) -> list[sv.Detections]:
        """Return one `Detections` for each frame, in order, in pixels of that frame's image."""
        places = [(frame, tile) for frame in frames for tile in self._places(frame)]
        found = self._detector.detect([self._look(frame, tile) for frame, tile in places])
        moved = [
            _moved(detections, frame, tile, self._look_size(tile))
            for detections, (frame, tile) in zip(found, places, strict=True)
        ]
        return [
            _merged(moved[first : first + self.looks]) for first in range(0, len(moved), self.looks)
        ]

    def _places(self, frame: Frame) -> list[Tile]:
        height, width = frame.image.shape[:2]
        return [Tile(0, 0, width, height), *cut(width, height, self._tiling)]

    def _look(self, frame: Frame, tile: Tile) -> Frame:
        image = frame.image[tile.top : tile.bottom, tile.left : tile.right]
        size = self._look_size(tile)
        if size != (tile.right - tile.left, tile.bottom - tile.top):
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        return Frame(np.ascontiguousarray(image), frame.index, frame.time_s)

    def _look_size(self, tile: Tile) -> tuple[int, int]:
        width, height = tile.right - tile.left, tile.bottom - tile.top
        if isinstance(self._detector, FittingDetector):
            return self._detector.input_size_for(width, height)
        return self._detector.input_size or (width, height)


def cut(width: int, height: int, tiling: Tiling) -> list[Tile]:
    """Return the tiles of a frame, row by row; together they cover it.

    Example:
        >>> cut(100, 50, Tiling(columns=2, rows=1, overlap=0.0))
        [Tile(left=0, top=0, right=50, bottom=50), Tile(left=50, top=0, right=100, bottom=50)]
    """
    across = _spans(width, tiling.columns, tiling.overlap)
    down = _spans(height, tiling.rows, tiling.overlap)
    return [Tile(left, top, right, bottom) for top, bottom in down for left, right in across]


def _spans(length: int, count: int, overlap: float) -> list[tuple[int, int]]:
    span = length / (count - (count - 1) * overlap)
    starts = [number * span * (1 - overlap) for number in range(count)]
    return [(round(start), min(length, round(start + span))) for start in starts]


def _moved(
    detections: sv.Detections, frame: Frame, tile: Tile, size: tuple[int, int]
) -> sv.Detections:
    """Return boxes of a tile in pixels of the frame, with `data["cut"]`: cut off by the tile."""
    scale = ((tile.right - tile.left) / size[0], (tile.bottom - tile.top) / size[1])
    offset = np.array([tile.left, tile.top] * 2, np.float32)
    boxes = (detections.xyxy * np.array(scale * 2, np.float32) + offset).astype(np.float32)
    height, width = frame.image.shape[:2]
    inner = np.array([tile.left > 0, tile.top > 0, tile.right < width, tile.bottom < height])
    edges = np.array([tile.left, tile.top, tile.right, tile.bottom], np.float32)
    cut_off = ((np.abs(boxes - edges) < EDGE_PX) & inner).any(axis=1)
    return sv.Detections(
        xyxy=boxes,
        confidence=detections.confidence,
        class_id=detections.class_id,
        data={**detections.data, "cut": cut_off},
    )


def _merged(parts: list[sv.Detections]) -> sv.Detections:
    every = sv.Detections.merge(parts) if any(len(part) for part in parts) else parts[0]
    cut_off = np.asarray(every.data.pop("cut"), bool)
    class_id = np.asarray(every.class_id)
    # Whole boxes first: a box that a seam cut off never wins against one that saw all of it.
    order = np.lexsort((-np.asarray(every.confidence), cut_off))
    kept = order[
        _survivors(np.asarray(every.xyxy[order], np.float32), class_id[order], cut_off[order])
    ]
    return every[kept]  # type: ignore[return-value]  # indices give detections


def _survivors(
    boxes: NDArray[np.float32], class_id: NDArray[np.integer], cut_off: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the indices that stay when each box drops later ones of its class that it repeats."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = np.ones(len(boxes), bool)
    for first in range(len(boxes)):
        if not alive[first]:
            continue
        low = np.maximum(boxes[first, :2], boxes[:, :2])
        high = np.minimum(boxes[first, 2:], boxes[:, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        repeats = shared > MAX_OVERLAP * (area + area[first] - shared)
        repeats |= cut_off & (shared > MAX_COVERED * area)
        repeats &= class_id == class_id[first]
        repeats[: first + 1] = False
        alive &= ~repeats
    return np.flatnonzero(alive)
