"""Synthetic views with known answers: people and vehicles that move as a test tells them to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import cv2
import numpy as np
import supervision as sv
from numpy.typing import NDArray

from smartpark.vision.observation import Observation

Point = tuple[float, float]
Waypoint = tuple[float, Point]

CLASS_IDS = {"person": 0, "bicycle": 1, "car": 2, "motorcycle": 3, "bus": 5, "truck": 7}
PERSON_WIDTH = 0.4  # of its height
THUMBNAIL_WIDTH_PX = 320


@dataclass(slots=True)
class _Actor:
    track_id: int
    label: str
    size: tuple[float, float]
    path: list[Waypoint]
    colour: tuple[int, int, int]
    gaps: list[tuple[float, float]] = field(default_factory=list)
    new_ids: list[tuple[float, int]] = field(default_factory=list)
    is_seen: bool = True

    def foot(self, time_s: float) -> Point | None:
        if not self.path[0][0] <= time_s <= self.path[-1][0]:
            return None
        times = [moment for moment, _ in self.path]
        x = np.interp(time_s, times, [point[0] for _, point in self.path])
        y = np.interp(time_s, times, [point[1] for _, point in self.path])
        return float(x), float(y)

    def is_detected(self, time_s: float) -> bool:
        return self.is_seen and not any(start <= time_s < end for start, end in self.gaps)

    def number(self, time_s: float) -> int:
        return next(
            (number for since_s, number in reversed(self.new_ids) if time_s >= since_s),
            self.track_id,
        )


class Stage:
    """A view in which people and vehicles act; the same seed gives the same play.

    Actors get the track numbers 1, 2, 3 ... in the order in which they are added. Places are foot
    points in pixels, times are seconds.

    Example:
        >>> stage = Stage(seconds=2, fps=10).walker((0, 50), to=(100, 50))
        >>> [len(moment.detections) for moment in stage.observations()][:3]
        [1, 1, 1]
    """

    def __init__(
        self,
        *,
        seconds: float,
        fps: float = 10.0,
        size: tuple[int, int] = (640, 360),
        jitter_px: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.seconds = seconds
        self.fps = fps
        self.size = size
        self._jitter_px = jitter_px
        self._seed = seed
        self._actors: list[_Actor] = []
        self._light: list[tuple[float, float]] = []
        self._floor: NDArray[np.uint8] | None = None

    def walker(
        self,
        start: Point,
        *,
        to: Point,
        from_s: float = 0.0,
        until_s: float | None = None,
        height: float = 60.0,
    ) -> Self:
        """Add a person who walks evenly from one place to another."""
        end_s = self.seconds if until_s is None else until_s
        return self.actor([(from_s, start), (end_s, to)], height=height)

    def stander(
        self,
        at: Point,
        *,
        from_s: float = 0.0,
        until_s: float | None = None,
        height: float = 60.0,
    ) -> Self:
        """Add a person who stands in one place."""
        return self.walker(at, to=at, from_s=from_s, until_s=until_s, height=height)

    def crowd(
        self, count: int, *, around: Point, from_s: float = 0.0, spread: float = 60.0
    ) -> Self:
        """Add people who stand around a place."""
        rng = np.random.default_rng([self._seed, len(self._actors)])
        for dx, dy in rng.uniform(-spread, spread, (count, 2)):
            self.stander((around[0] + float(dx), around[1] + float(dy)), from_s=from_s)
        return self

    def vehicle(
        self,
        start: Point,
        *,
        to: Point,
        label: str = "car",
        from_s: float = 0.0,
        until_s: float | None = None,
    ) -> Self:
        """Add a vehicle that drives evenly from one place to another."""
        end_s = self.seconds if until_s is None else until_s
        return self.actor([(from_s, start), (end_s, to)], label=label, height=50.0)

    def actor(self, path: Sequence[Waypoint], *, label: str = "person", height: float) -> Self:
        """Add anything that goes from waypoint to waypoint; before and after it is not there."""
        width = height * (PERSON_WIDTH if label == "person" else 1.8)
        rng = np.random.default_rng([self._seed, 7, len(self._actors)])
        red, green, blue = (int(value) for value in rng.integers(20, 235, 3))
        self._actors.append(
            _Actor(
                track_id=len(self._actors) + 1,
                label=label,
                size=(width, height),
                path=list(path),
                colour=(red, green, blue),
            )
        )
        return self

    def thing(
        self,
        at: Point,
        *,
        from_s: float = 0.0,
        until_s: float | None = None,
        side: float = 24.0,
    ) -> Self:
        """Add a dark thing that only pictures show: no detector knows it."""
        end_s = self.seconds if until_s is None else until_s
        self.actor([(from_s, at), (end_s, at)], label="thing", height=side)
        thing = self._actors[-1]
        thing.is_seen, thing.size, thing.colour = False, (side, side), (25, 25, 35)
        return self

    def unseen(self, track_id: int, *, from_s: float, until_s: float) -> Self:
        """Let the detector miss an actor for a while."""
        self._actors[track_id - 1].gaps.append((from_s, until_s))
        return self

    def renumber(self, track_id: int, new_id: int, *, at_s: float) -> Self:
        """Let the tracker mistake an actor for a new one."""
        self._actors[track_id - 1].new_ids.append((at_s, new_id))
        return self

    def light(self, factor: float, *, from_s: float) -> Self:
        """Change the brightness of the whole picture from a moment on."""
        self._light.append((from_s, factor))
        return self

    def observations(self, *, thumbnail_interval_s: float | None = None) -> Iterator[Observation]:
        """Give each frame as the rules see it, with thumbnails at an interval where asked for."""
        rng = np.random.default_rng([self._seed, 11])
        next_s = 0.0
        for index in range(1, round(self.seconds * self.fps) + 1):
            time_s = (index - 1) / self.fps
            thumbnail = None
            if thumbnail_interval_s is not None and time_s >= next_s - 1e-6:
                thumbnail, next_s = self.picture(time_s), next_s + thumbnail_interval_s
            yield Observation(
                index=index,
                time_s=time_s,
                detections=self._detections(time_s, rng),
                thumbnail=thumbnail,
                scale=self._scale(),
            )

    def detections(self) -> Iterator[sv.Detections]:
        """Give the boxes of each frame without track numbers, as a detector would."""
        for observation in self.observations():
            observation.detections.tracker_id = None
            yield observation.detections

    def picture(self, time_s: float) -> NDArray[np.uint8]:
        """Return the view at a moment, (h, w, 3) uint8 RGB, at most 320 pixels wide."""
        if self._floor is None:
            self._floor = self._paint_floor()
        picture = self._floor.copy()
        across, down = self._scale()
        # Whoever stands lower in the picture is nearer and hides what lies behind.
        for actor in sorted(self._actors, key=lambda actor: actor.path[0][1][1]):
            foot = actor.foot(time_s)
            if foot is not None:
                _paint_actor(picture, actor, (foot[0] / across, foot[1] / down), (across, down))
        factor = next((f for since_s, f in reversed(self._light) if time_s >= since_s), 1.0)
        rng = np.random.default_rng([self._seed, 13, round(time_s * 1000)])
        noisy = picture * factor + rng.normal(0, 2, picture.shape)
        return noisy.clip(0, 255).astype(np.uint8)

    def _scale(self) -> tuple[float, float]:
        factor = max(1.0, self.size[0] / THUMBNAIL_WIDTH_PX)
        return factor, factor

    def _paint_floor(self) -> NDArray[np.uint8]:
        rng = np.random.default_rng([self._seed, 17])
        across, down = self._scale()
        shape = (round(self.size[1] / down), round(self.size[0] / across), 3)
        coarse = rng.uniform(90, 170, (shape[0] // 16 + 1, shape[1] // 16 + 1, 3))
        floor = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        return np.asarray(floor + rng.normal(0, 4, shape)).clip(0, 255).astype(np.uint8)

    def _detections(self, time_s: float, rng: np.random.Generator) -> sv.Detections:
        boxes, labels, numbers = [], [], []
        for actor in self._actors:
            foot = actor.foot(time_s)
            trembling = rng.normal(0, 1, 4) * self._jitter_px
            if foot is None or not actor.is_detected(time_s):
                continue
            (x, y), (width, height) = foot, actor.size
            boxes.append(np.array([x - width / 2, y - height, x + width / 2, y]) + trembling)
            labels.append(actor.label)
            numbers.append(actor.number(time_s))
        return sv.Detections(
            xyxy=np.array(boxes, np.float32).reshape(-1, 4),
            confidence=np.full(len(boxes), 0.9, np.float32),
            class_id=np.array([CLASS_IDS.get(label, 99) for label in labels], int),
            tracker_id=np.array(numbers, int),
            data={"class_name": np.array(labels, dtype="<U20")},
        )


def _paint_actor(
    picture: NDArray[np.uint8], actor: _Actor, foot: Point, scale: tuple[float, float]
) -> None:
    width, height = actor.size[0] / scale[0], actor.size[1] / scale[1]
    left, top = round(foot[0] - width / 2), round(foot[1] - height)
    right, bottom = round(foot[0] + width / 2), round(foot[1])
    cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), actor.colour, -1)
    lighter = tuple(min(255, value + 60) for value in actor.colour)
    middle = (top + bottom) // 2
    cv2.rectangle(picture, (left + 1, middle), (right - 2, middle + 1), lighter, -1)
