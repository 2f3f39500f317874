"""What a rule sees of one moment: followed detections and, where it asks, a small picture."""

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
