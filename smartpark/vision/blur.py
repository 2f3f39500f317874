"""Make people unrecognisable in a clip that is handed on."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np

from smartpark.core.errors import StorageError
from smartpark.core.geometry import Boxes
from smartpark.core.text import Text
from smartpark.vision.canvas import Picture, i420_planes
from smartpark.vision.masks import PrivacyMask
from smartpark.vision.overlap import overlap
from smartpark.vision.read import ClipReader
from smartpark.vision.write import OverlayWriter

# Share of its longer side by which each box grows on all sides: boxes cut off hands and hats, and
# lag behind those who walk fast, by about a tenth of their height.
_MARGIN = 0.1
# A body keeps this many blocks across; a head is then at most one or two of them.
_BLOCKS_ACROSS = 3
_LEAST_BLOCK_PX = 8
# A track hides its surroundings this long before its first and after its last sight.
_HOLD_S = 0.5
_COLUMNS = frozenset(("frame", "id", "label", "x", "y", "w", "h"))


@dataclass(frozen=True, slots=True)
class _Row:
    frame: int
    track: int
    box: tuple[float, float, float, float]


def blur_boxes(i420: Picture, boxes: Boxes) -> None:
    """Pixelate what lies in the boxes, and a margin around it, in place.

    Args:
        i420: (h * 3 / 2, w) contiguous planar 4:2:0 of even size.
        boxes: (n, 4) `x1 y1 x2 y2` in pixels.
    """
    planes = i420_planes(i420)
    height, width = planes[0].shape
    for x1, y1, x2, y2 in _widen(boxes, width, height):
        across = max(1, min(_BLOCKS_ACROSS, (x2 - x1) // _LEAST_BLOCK_PX))
        down = max(1, round(across * (y2 - y1) / (x2 - x1)))
        for shrink, plane in zip((0, 1, 1), planes, strict=True):
            part = plane[y1 >> shrink : y2 >> shrink, x1 >> shrink : x2 >> shrink]
            blocks = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
            part[:] = cv2.resize(blocks, part.shape[::-1], interpolation=cv2.INTER_NEAREST)


def blur_clip(
    path: Path,
    tracks_csv: Path,
    out: Path,
    *,
    mask: PrivacyMask | None = None,
    threads: int = 1,
    on_progress: Callable[[float], None] | None = None,
) -> list[Text]:
    """Write a copy of a clip in which every tracked person is pixelated; sound is left out.

    Args:
        path: the clip.
        tracks_csv: its tracks: `frame,id,label,x,y,w,h,score`, sorted by frame.
        out: the MP4 to write.
        mask: privacy masks to burn in.
        threads: threads of the decoder and the encoder.
        on_progress: told the share that is done, between 0 and 1; may raise to stop.

    Returns:
        What was wrong with the clip but did not stop the export.

    Raises:
        ClipError: the clip cannot be read.
        StorageError: the tracks are missing or damaged; nothing is written then.
    """
    with (
        ClipReader(path, threads=threads) as reader,
        _open_tracks(tracks_csv) as file,
        OverlayWriter(out, reader.info, threads=threads) as writer,
    ):
        hold = max(1, round(_HOLD_S * reader.info.fps))
        nearby = _Nearby(_people(file, tracks_csv), hold)
        total = reader.info.frames
        for frame in overlap(reader):
            i420 = frame.i420()
            if mask is not None:
                mask.burn_i420(i420)
            blur_boxes(i420, nearby.boxes(frame.index))
            writer.write(i420, frame.time_s)
            if on_progress is not None:
                on_progress(min(1.0, frame.index / total))
        return reader.warnings


def _widen(boxes: Boxes, width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield boxes with their margin, inside the picture, on even pixels."""
    for x1, y1, x2, y2 in np.asarray(boxes, np.float64).reshape(-1, 4).tolist():
        margin = _MARGIN * max(x2 - x1, y2 - y1)
        left, top = max(0, int(x1 - margin)) & ~1, max(0, int(y1 - margin)) & ~1
        right = min(width, int(np.ceil(x2 + margin)) + 1 & ~1)
        bottom = min(height, int(np.ceil(y2 + margin)) + 1 & ~1)
        if right > left and bottom > top:
            yield left, top, right, bottom


class _Nearby:
    """Where people are, or were a moment ago, or will be in a moment; a bounded window of rows."""

    def __init__(self, rows: Iterable[_Row], hold: int) -> None:
        self._groups = ((frame, list(group)) for frame, group in groupby(rows, lambda r: r.frame))
        self._hold = hold
        self._window: deque[tuple[int, list[_Row]]] = deque()
        self._next = next(self._groups, None)

    def boxes(self, index: int) -> Boxes:
        """Return (n, 4) `x1 y1 x2 y2` at frame `index`, which must rise from call to call."""
        while self._next is not None and self._next[0] <= index + self._hold:
            self._window.append(self._next)
            self._next = next(self._groups, None)
        while self._window and self._window[0][0] < index - self._hold:
            self._window.popleft()
        nearest: dict[int, _Row] = {}
        for frame, group in self._window:
            for row in group:
                held = nearest.get(row.track)
                if held is None or abs(frame - index) < abs(held.frame - index):
                    nearest[row.track] = row
        return np.array([row.box for row in nearest.values()], np.float32).reshape(-1, 4)


def _open_tracks(tracks_csv: Path) -> TextIO:
    try:
        return tracks_csv.open(newline="", encoding="utf-8")
    except OSError as error:
        raise _no_tracks(tracks_csv) from error


def _people(file: TextIO, tracks_csv: Path) -> Iterator[_Row]:
    try:
        reader = csv.DictReader(file)
        # An empty file must not pass for a clip without people.
        if not set(reader.fieldnames or ()) >= _COLUMNS:
            raise _no_tracks(tracks_csv)
        for row in reader:
            if row["label"] == "person":
                x, y, w, h = (float(row[name]) for name in ("x", "y", "w", "h"))
                yield _Row(int(row["frame"]), int(row["id"]), (x, y, x + w, y + h))
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise _no_tracks(tracks_csv) from error


def _no_tracks(tracks_csv: Path) -> StorageError:
    return StorageError(
        Text(
            en=f"Cannot blur people: the tracks in {tracks_csv.name!r} are missing or damaged."
            " Analyse the clip again, then export.",
            zh=f"无法模糊人物：轨迹文件“{tracks_csv.name}”缺失或损坏。请重新分析该视频后再导出。",
        )
    )
