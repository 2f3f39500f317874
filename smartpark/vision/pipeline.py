"""The chain from a clip to what is seen in it: decode, infer, follow; one pass, flat memory."""

import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import cv2
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from smartpark.core.protocols import Detector, FittingDetector
from smartpark.core.scene import Scene
from smartpark.core.values import ClipInfo, Frame
from smartpark.vision.gate import Gate
from smartpark.vision.masks import PrivacyMask
from smartpark.vision.observation import Observation, class_names
from smartpark.vision.overlap import overlap
from smartpark.vision.read import ClipReader, DecodedFrame
from smartpark.vision.tiles import TiledDetector
from smartpark.vision.tracks import Released, TrackStream

Mode = Literal["exact", "fast"]

# Of the 80 everyday classes, those that a park's rules speak of. A detector with other classes
# of its own (a fine-tuned one) is heard in full.
PARK_LABELS = frozenset(
    {
        *("person", "bicycle", "car", "motorcycle", "bus", "truck"),
        *("train", "dog", "backpack", "handbag", "suitcase"),
    }
)
EVERYDAY_LABELS = 80
BATCH = 8  # frames: enough to keep every thread busy, few enough to cancel at once
# Frames may wait between two stages for up to this much memory: 8 of 768 x 576, 2 of 4K.
WAITING_BYTES = 8_000_000
# The interpreter's usual 5 ms let a busy stage keep the others from starting their next picture.
SWITCH_S = 0.0005
WINDOW_S = 0.6  # `fast` decides on so much of a clip at once
THUMBNAIL_WIDTH_PX = 320

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One frame with what is believed present in it.

    Attributes:
        observation: what the rules see.
        i420: (h * 3 // 2, w) uint8 planar YUV 4:2:0, masked, to draw the overlay on.
        rows: `(frame number, detections)` that are settled for the table of tracks; they come
            later than their frames, in order.
        inferred_frames: how many frames the detector has looked at so far.
    """

    observation: Observation
    i420: NDArray[np.uint8]
    rows: list[tuple[int, sv.Detections]]
    inferred_frames: int
    _frame: DecodedFrame
    _mask: PrivacyMask

    def rgb(self) -> NDArray[np.uint8]:
        """Return the frame as (h, w, 3) uint8 RGB, masked."""
        image = self._frame.rgb()
        self._mask.burn_rgb(image)
        return image


def watch(
    reader: ClipReader,
    detector: Detector,
    scene: Scene,
    *,
    mode: Mode,
    thumbnail_every_s: float | None,
) -> Generator[Sight]:
    """Yield every frame of a clip, in order, with the tracks in it.

    Decoding and inference run in threads of their own, ahead of the caller by a few frames.

    Args:
        reader: an open clip.
        detector: finds boxes.
        scene: for privacy masks (burned in before anything else sees the picture) and tiling.
        mode: `exact` infers every frame, `fast` only where something changes.
        thumbnail_every_s: seconds between small pictures for the rules; None for no pictures.
    """
    # The stages are the threads: OpenCV splitting its small pictures further only waits for them.
    cv2.setNumThreads(1)
    info = reader.info
    mask = PrivacyMask(scene.privacy_masks, width=info.width, height=info.height)
    if scene.tiling is not None:
        detector = TiledDetector(detector, scene.tiling)
    look = _Look(detector, info, mask)
    depth = waiting(info)
    frames = overlap(reader, depth=depth)
    infer = _infer_all if mode == "exact" else _infer_some
    steps = overlap(infer(frames, look, depth), depth=depth)
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield from _follow(steps, mask, _Thumbnails(thumbnail_every_s, info, mask))
    finally:
        sys.setswitchinterval(before_s)


def waiting(info: ClipInfo) -> int:
    """Return how many frames of a clip may wait between two stages."""
    return max(2, min(BATCH, WAITING_BYTES // (info.width * info.height * 3 // 2)))


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    frame: DecodedFrame
    released: Released
    inferred: bool


class _Look:
    """A detector for frames of one clip: scaled to its size, masked, boxes scaled back."""

    def __init__(self, detector: Detector, info: ClipInfo, mask: PrivacyMask) -> None:
        self._detector = detector
        self._mask = mask
        self._size = (info.width, info.height)
        self._input_size = detector.input_size
        if isinstance(detector, FittingDetector):
            self._input_size = detector.input_size_for(*self._size)
        self.info = info
        everyday = len(detector.labels) == EVERYDAY_LABELS
        self._heard = PARK_LABELS if everyday else frozenset(detector.labels)

    def picture(self, frame: DecodedFrame) -> Frame:
        image = frame.rgb(self._input_size)
        self._mask.burn_rgb(image)
        return Frame(image, frame.index, frame.time_s)

    def find(self, pictures: list[Frame]) -> list[sv.Detections]:
        found = self._detector.detect(pictures)
        return [self._scaled(d, p) for d, p in zip(found, pictures, strict=True)]

    def _scaled(self, detections: sv.Detections, picture: Frame) -> sv.Detections:
        height, width = picture.image.shape[:2]
        factor = np.array([self._size[0] / width, self._size[1] / height] * 2, np.float32)
        detections.xyxy = (detections.xyxy * factor).astype(np.float32)
        heard = np.isin(class_names(detections), list(self._heard))
        return detections[heard]  # type: ignore[return-value]  # a mask gives detections


def _infer_all(frames: Iterable[DecodedFrame], look: _Look, depth: int) -> Iterator[_Step]:
    stream = TrackStream(fps=look.info.fps, size=(look.info.width, look.info.height))
    pictures = overlap(((frame, look.picture(frame)) for frame in frames), depth=depth)
    last = None
    # Inference has a thread of its own: it must not wait while tracks are being made.
    for frame, detections in overlap(_find_all(pictures, look, depth), depth=depth):
        released = stream.infer(detections, index=frame.index, time_s=frame.time_s)
        yield _Step(frame, released, inferred=True)
        last = frame
    if last is not None:
        yield _Step(last, stream.finish(), inferred=False)


def _find_all(
    pictures: Iterable[tuple[DecodedFrame, Frame]], look: _Look, depth: int
) -> Iterator[tuple[DecodedFrame, sv.Detections]]:
    for batch in _batches(pictures, depth):
        found = look.find([picture for _, picture in batch])
        yield from zip((frame for frame, _ in batch), found, strict=True)


def _infer_some(frames: Iterable[DecodedFrame], look: _Look, depth: int) -> Iterator[_Step]:
    size = (look.info.width, look.info.height)
    stream = TrackStream(fps=look.info.fps, size=size)
    gate = Gate("fast", fps=look.info.fps, size=size)
    lumas = overlap(((frame, frame.luma(gate.luma_size)) for frame in frames), depth=depth)
    last = None
    # A whole window is decided on before any of it is inferred, so that its frames can be
    # inferred side by side.
    for window in _batches(lumas, max(1, min(2 * depth, round(WINDOW_S * look.info.fps)))):
        wanted = _wanted(window, gate, stream)
        chosen = [frame for (frame, _), yes in zip(window, wanted, strict=True) if yes]
        found = iter(look.find([look.picture(frame) for frame in chosen]))
        for (frame, _), yes in zip(window, wanted, strict=True):
            index, time_s = frame.index, frame.time_s
            if yes:
                released = stream.infer(next(found), index=index, time_s=time_s)
            else:
                released = stream.skip(index=index, time_s=time_s)
            yield _Step(frame, released, inferred=yes)
            last = frame
    if last is not None:
        yield _Step(last, stream.finish(), inferred=False)


@dataclass(slots=True)
class _Pace:
    """The pace that the tracks asked for when a window began."""

    pause_s: float
    restless: bool


def _wanted(
    window: list[tuple[DecodedFrame, NDArray[np.uint8]]], gate: Gate, stream: TrackStream
) -> list[bool]:
    pace = _Pace(stream.pause_s, stream.restless)
    wanted = []
    for frame, luma in window:
        wanted.append(gate.wants(luma, time_s=frame.time_s, tracks=pace))
        # One look answers what the tracks were restless about.
        pace.restless = pace.restless and not wanted[-1]
    return wanted


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class _Thumbnails:
    """Small masked pictures at a steady pace."""

    def __init__(self, every_s: float | None, info: ClipInfo, mask: PrivacyMask) -> None:
        width = min(THUMBNAIL_WIDTH_PX, info.width)
        self._size = (width, max(2, round(info.height * width / info.width)))
        self._scale = (info.width / self._size[0], info.height / self._size[1])
        self._every_s = every_s
        self._mask = mask
        self._next_s = 0.0

    def observe(self, frame: DecodedFrame, detections: sv.Detections) -> Observation:
        image = None
        if self._every_s is not None and frame.time_s >= self._next_s:
            image = frame.rgb(self._size)
            self._mask.burn_rgb(image)
            self._next_s = frame.time_s + self._every_s
        return Observation(frame.index, frame.time_s, detections, image, self._scale)


def _follow(steps: Iterable[_Step], mask: PrivacyMask, thumbnails: _Thumbnails) -> Iterator[Sight]:
    waiting: dict[int, DecodedFrame] = {}
    rows: list[tuple[int, sv.Detections]] = []
    inferred = 0
    held: Sight | None = None  # one sight is held back, so that the last one takes the last rows
    for step in steps:
        waiting[step.frame.index] = step.frame
        inferred += step.inferred
        rows += [(m.index, _inside(m.detections, step.frame)) for m in step.released.settled]
        for moment in step.released.shown:
            if held is not None:
                yield held
            frame = waiting.pop(moment.index)
            i420 = frame.i420()
            mask.burn_i420(i420)
            observation = thumbnails.observe(frame, _inside(moment.detections, frame))
            held = Sight(observation, i420, rows, inferred, frame, mask)
            rows = []
    if held is not None:
        held.rows.extend(rows)
        yield held


def _inside(detections: sv.Detections, frame: DecodedFrame) -> sv.Detections:
    """Cut boxes at the picture's edges: smoothed ones may reach a little beyond."""
    limits = np.array([frame.width, frame.height] * 2, np.float32)
    detections.xyxy = np.clip(detections.xyxy, 0, limits)
    return detections
