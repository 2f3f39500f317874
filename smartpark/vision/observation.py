"""What a rule sees of one moment: followed detections and, where it asks, a small picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import supervision as sv
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """One moment of a clip as the rules see it.

    Attributes:
        index: frame number from 1.
        time_s: seconds from the clip's start.
        detections: boxes in pixels of the clip, with `tracker_id` (all confirmed, > 0) and
            `data["class_name"]`.
        thumbnail: (h, w, 3) uint8 RGB, the frame scaled down, privacy masks burned in; None where
            no rule asked for pictures.
        scale: pixels of the clip per pixel of the thumbnail, `(x, y)`.
    """

    index: int
    time_s: float
    detections: sv.Detections
    thumbnail: NDArray[np.uint8] | None = None
    scale: tuple[float, float] = (1.0, 1.0)


def class_names(detections: sv.Detections) -> NDArray[np.str_]:
    """Return (n,) the class name of each box; empty where there is none."""
    return np.asarray(detections.data.get("class_name", np.empty(0, np.str_)))


def rows(detections: sv.Detections) -> Iterator[tuple[int, str, list[float], float]]:
    """Yield `(track id, class name, [x1, y1, x2, y2], score)` of each followed box."""
    count = len(detections)
    if count == 0:
        return
    tracks = np.asarray(detections.tracker_id).tolist()
    scores = np.asarray(detections.confidence).tolist()
    yield from zip(
        tracks, class_names(detections).tolist(), detections.xyxy.tolist(), scores, strict=True
    )
