"""The files that an analysis leaves behind, written while the clip streams by."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from smartpark.core.geometry import feet
from smartpark.core.values import ClipInfo, Event
from smartpark.vision.observation import class_names, rows
from smartpark.vision.snapshot import jpeg

TRACKS_HEADER = ("frame", "id", "label", "x", "y", "w", "h", "score")
MAX_SNAPSHOTS = 500  # a page with more pictures helps nobody, and the folder stays small
HEAT_COLUMNS = 64


class TracksFile:
    """Write `tracks.csv` row by row; a context manager."""

    def __init__(self, path: Path) -> None:
        self._file: io.TextIOWrapper = path.open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file)
        self._rows.writerow(TRACKS_HEADER)
        self.ids: set[int] = set()

    def write(self, index: int, detections: sv.Detections) -> None:
        """Add one row for each box of frame `index` (from 1); boxes in pixels, ids from 1."""
        for track, label, box, score in rows(detections):
            x1, y1, x2, y2 = box
            self.ids.add(track)
            self._rows.writerow(
                (
                    index,
                    track,
                    label,
                    f"{x1:.1f}",
                    f"{y1:.1f}",
                    f"{x2 - x1:.1f}",
                    f"{y2 - y1:.1f}",
                    f"{score:.3f}",
                )
            )

    def __enter__(self) -> "TracksFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@dataclass(slots=True)
class HeatMap:
    """Seconds that people stood in each cell of a grid over the picture."""

    info: ClipInfo
    seconds: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        rows = max(1, round(HEAT_COLUMNS * self.info.height / self.info.width))
        self.seconds = np.zeros((rows, HEAT_COLUMNS))

    def add(self, detections: sv.Detections, *, frame_s: float) -> None:
        """Count `frame_s` seconds at the feet of every person."""
        if len(detections) == 0:
            return
        people = detections.xyxy[class_names(detections) == "person"]
        rows, columns = self.seconds.shape
        spots = feet(people)
        x = np.clip(spots[:, 0] / self.info.width * columns, 0, columns - 1).astype(int)
        y = np.clip(spots[:, 1] / self.info.height * rows, 0, rows - 1).astype(int)
        np.add.at(self.seconds, (y, x), frame_s)

    def as_dict(self) -> dict[str, Any]:
        """Return the grid as plain lists, seconds with one decimal."""
        rows, columns = self.seconds.shape
        return {"columns": columns, "rows": rows, "seconds": self.seconds.round(1).tolist()}


class Snapshots:
    """One picture of each event, taken when it was raised."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names: dict[str, str] = {}

    def take(self, event: Event, image: NDArray[np.uint8]) -> None:
        """Keep `image`, (h, w, 3) uint8 RGB, as the picture of `event`."""
        name = f"snapshot-{len(self.names) + 1:04d}.jpg"
        (self._folder / name).write_bytes(jpeg(image))
        self.names[event.id] = name

    def wants(self, event: Event) -> bool:
        """Return whether `event` has no picture yet and may have one."""
        return event.id not in self.names and len(self.names) < MAX_SNAPSHOTS
