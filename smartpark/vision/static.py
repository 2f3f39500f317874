"""Find what was put down: regions that differ from the background and stay as they are.

A slow background model says where something is new; a second, short memory says whether it holds
still. Both work on small pictures a few times a second, so they cost little.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from smartpark.core.geometry import Boxes
from smartpark.vision.novelty import is_put_down

Picture = NDArray[np.uint8]
Plane = NDArray[np.float32]
Mask = NDArray[np.uint8]  # 255 where it holds: the form in which OpenCV takes masks
Box = tuple[float, float, float, float]

WIDTH_PX = 320  # pictures are scaled down to this width; a bag of 1/40 of the width is 8 px
CONFIRM_S = 2.0  # as it is for this long: held still, not passing
LEAST_DIFFERENCE = 16.0  # grey levels above which a pixel is new; compression stays below
GROWN_DIFFERENCE = 8.0  # beside such pixels, in averaged pictures, this much will do
NOISE_FACTOR = 3.0  # plus so many times the pixel's own unrest
MOST_NOISE = 12.0  # grey levels; leaves and water never drown a real thing altogether
LEARN_SHARE = 0.03  # share of the background that one sample renews
BACKGROUND_LOSS = 0.5  # share of its age that a pixel keeps on seeing the background again
HIDDEN_LOSS = 0.2  # how fast a confirmed pixel that somebody walks before is forgotten
LEAST_AREA_SHARE = 0.0004  # of the picture; smaller is noise
MOST_AREA_SHARE = 0.12  # of the picture; larger is a change of light or a lorry
LEAST_FILL = 0.3  # share of its box; less is an edge, not a thing
MOST_GROWTH = 5.0  # a seed that grows more than this has leaked
LEAST_AGE_S = 0.1  # younger pixels have no memory worth keeping
LONGEST_S = 3600.0  # no pixel is remembered as still for longer
UPSET_SHARE = 0.55  # of the picture: all of it changed, so the camera moved or the light did
UPSET_SAMPLES = 3
MOVEMENTS_S = 60.0
JUDGE_EVERY_S = 1.0
OFTEN = 5  # judgements before a region is looked at more seldom
SELDOM_S = 5.0
GHOST_JUDGEMENTS = 4  # so many and no other: it was taken away, or it is light; learn it


@dataclass(slots=True)
class StaticBlob:
    """A region that is new and holds still.

    Attributes:
        id: number in the order of discovery, from 1.
        since_s: when it came to rest.
        last_s: when it was last seen.
        box: `x1 y1 x2 y2` in pixels of the small picture.
        mask: (h, w) uint8, 255 where it is.
        judged_s: when it was last judged.
        yes: how often it was judged to be a thing that was put down.
        no: how often it was judged to be a ghost (something taken away) or a change of light.
    """

    id: int
    since_s: float
    last_s: float
    box: Box
    mask: Mask = field(repr=False)
    judged_s: float = float("-inf")
    yes: int = 0
    no: int = 0

    @property
    def is_new_thing(self) -> bool:
        """Whether it was mostly judged to be a thing that was put down."""
        return self.yes > self.no


@dataclass(frozen=True, slots=True)
class Movement:
    """Where something moved at one moment, whatever it was.

    Attributes:
        time_s: when.
        boxes: `x1 y1 x2 y2` of each moving region, in pixels of the small picture.
    """

    time_s: float
    boxes: tuple[Box, ...]


class StaticForeground:
    """Keeps the background and the regions that rest upon it.

    Attributes:
        blobs: the regions that rest, hidden ones too.
        movements: where something moved, one entry for each picture of the last minute.
    """

    def __init__(self) -> None:
        self.blobs: list[StaticBlob] = []
        self.movements: deque[Movement] = deque()
        self._found = 0
        self._upset = 0
        self._time_s = 0.0
        self._image: Picture | None = None
        self._background: Plane
        self._short: Plane
        self._noise: Plane
        self._age_s: Plane
        self._covered: Mask
        self._known: Mask
        self._new: Mask

    def observe(self, picture: Picture, time_s: float, movers: Boxes) -> list[StaticBlob]:
        """Take in one small picture; return the regions that rest in view now.

        Args:
            picture: (h, w, 3) uint8.
            time_s: seconds from the clip's start, rising.
            movers: (n, 4) boxes of people and vehicles in pixels of `picture`.
        """
        image, scale = _small(picture)
        covered = _covered(image.shape[:2], np.asarray(movers, np.float32) * scale)
        if self._image is None or self._image.shape != image.shape:
            self._start(image, covered, time_s)
            return []
        elapsed_s, self._time_s = time_s - self._time_s, time_s
        self._image, self._covered = image, covered
        before = self._new
        difference = self._compare(image)
        if self._is_upset(covered):
            return self._after_upset(image, covered, time_s)
        self._upset = 0
        colours = image.astype(np.float32)
        self._grow_old(image, colours, elapsed_s)
        self._learn(colours, difference, covered, before)
        self._find_blobs(covered)
        self._find_movements()
        return [blob for blob in self.blobs if blob.last_s == time_s]

    @property
    def size(self) -> tuple[int, int]:
        """`(width, height)` of the small pictures that boxes refer to."""
        height, width = (1, 1) if self._image is None else self._image.shape[:2]
        return width, height

    def absorb(self, blob: StaticBlob) -> None:
        """Take a region into the background: it is nothing to watch."""
        if self._image is not None:
            cv2.copyTo(self._image.astype(np.float32), blob.mask, self._background)
            self._age_s[blob.mask > 0] = 0
        self.blobs = [other for other in self.blobs if other is not blob]

    def new_share(self, box: Box, *, beside: StaticBlob) -> float:
        """Return the share of a box, in small pixels, that differs from the background now.

        What belongs to `beside` and what is behind the movers of this moment does not count.
        """
        left, top, right, bottom = (max(0, round(value)) for value in box)
        place = np.s_[top:bottom, left:right]
        left_out = _or(_as_mask(cv2.dilate(beside.mask, _SQUARE_5)), self._covered)
        other = left_out[place] == 0
        return float((self._new[place][other] > 0).mean()) if other.any() else 0.0

    def _start(self, image: Picture, covered: Mask, time_s: float) -> None:
        shape = image.shape[:2]
        self._image, self._time_s, self._upset = image, time_s, 0
        self._covered = covered
        self._background = image.astype(np.float32)
        self._short = self._background.copy()
        self._noise = np.full(shape, 2.0, np.float32)
        self._age_s = np.zeros(shape, np.float32)
        # Behind whoever stands in the first picture the background is not known yet.
        self._known = _not(covered)
        self._new = np.zeros(shape, np.uint8)
        self.blobs = []

    def _compare(self, image: Picture) -> Picture:
        """Note which pixels are new; follow changes of brightness of the whole picture first."""
        background = _bytes(self._background)
        difference = _distance(image, background)
        self._note_new(difference)
        calm = _and(self._known, _not(self._new))
        enough = cv2.countNonZero(calm) > 0.4 * calm.size
        gain = _gain(image, background, calm if enough else self._known)
        if np.abs(gain - 1).max() > 0.01:
            self._background *= gain
            self._short *= gain
            difference = _distance(image, _bytes(self._background))
            self._note_new(difference)
        return difference

    def _note_new(self, difference: Picture) -> None:
        self._new = _and(_mask(difference > self._limit()), self._known)

    def _limit(self) -> Picture:
        limit = cv2.convertScaleAbs(self._noise, alpha=NOISE_FACTOR, beta=LEAST_DIFFERENCE)
        return np.asarray(limit, np.uint8)

    def _is_upset(self, covered: Mask) -> bool:
        free = _and(self._known, _not(covered))
        new = cv2.countNonZero(_and(self._new, free))
        return new > UPSET_SHARE * max(1, cv2.countNonZero(free))

    def _after_upset(self, image: Picture, covered: Mask, time_s: float) -> list[StaticBlob]:
        self._upset += 1
        if self._upset >= UPSET_SAMPLES:
            self._start(image, covered, time_s)
        return []

    def _grow_old(self, image: Picture, colours: Plane, elapsed_s: float) -> None:
        """Count how long each new pixel has held still."""
        stable = _mask(_distance(image, _bytes(self._short)) < self._limit())
        held = _and(self._new, stable)
        age = self._age_s
        change = np.where(age >= CONFIRM_S, np.float32(-HIDDEN_LOSS), np.float32(-1))
        change[held > 0] = 1
        age += change * np.float32(elapsed_s)
        age[self._new == 0] *= BACKGROUND_LOSS
        np.clip(age, 0, LONGEST_S, out=age)
        cv2.copyTo(colours, _mask(age < LEAST_AGE_S), self._short)
        cv2.accumulateWeighted(colours, self._short, 0.1, mask=held)

    def _learn(self, colours: Plane, difference: Picture, covered: Mask, before: Mask) -> None:
        free = _not(covered)
        uncovered = _and(free, _not(self._known))
        if cv2.countNonZero(uncovered):
            cv2.copyTo(colours, uncovered, self._background)
            self._known = _or(self._known, uncovered)
        # What hardly differs beside a new pixel belongs to the same thing: it is not learnt.
        near = _as_mask(cv2.dilate(self._new, _SQUARE_9))
        for blob in self.blobs:
            near = _or(near, blob.mask)
        calm = _and(free, _not(near))
        cv2.accumulateWeighted(colours, self._background, LEARN_SHARE, mask=calm)
        # Leaves and water come and go: each change makes the pixel harder to impress.
        restless = _and(free, _as_mask(cv2.bitwise_xor(self._new, before)))
        unrest = np.minimum(difference, np.uint8(4 * MOST_NOISE)).astype(np.float32)
        cv2.accumulateWeighted(unrest, self._noise, 0.05, mask=_or(calm, restless))
        np.minimum(self._noise, MOST_NOISE, out=self._noise)

    def _find_blobs(self, covered: Mask) -> None:
        still = _and(_mask(self._age_s >= CONFIRM_S), _not(covered))
        still = _as_mask(cv2.morphologyEx(still, cv2.MORPH_CLOSE, _SQUARE_5))
        still = _as_mask(cv2.morphologyEx(still, cv2.MORPH_OPEN, _SQUARE_3))
        if cv2.countNonZero(still):
            clear = _mask(_distance(_bytes(self._short), _bytes(self._background))
                          > GROWN_DIFFERENCE)  # fmt: skip
            weak = _or(_and(clear, _not(covered)), still)
            weak = _as_mask(cv2.morphologyEx(weak, cv2.MORPH_OPEN, _SQUARE_3))
            for seed, box in _components(still, self._least_area() / 3):
                self._note(*self._grown(seed, box, _or(weak, seed)))
        self.blobs = [blob for blob in self.blobs if not self._has_gone(blob, covered)]

    def _find_movements(self) -> None:
        moving = _and(self._new, _mask(self._age_s < CONFIRM_S))
        moving = _as_mask(cv2.morphologyEx(moving, cv2.MORPH_OPEN, _SQUARE_3))
        moving = _as_mask(cv2.morphologyEx(moving, cv2.MORPH_CLOSE, _SQUARE_9))
        boxes = []
        if cv2.countNonZero(moving):
            _, _, figures, _ = cv2.connectedComponentsWithStats(moving)
            for x, y, width, height, area in np.asarray(figures).tolist()[1:]:
                if area >= 2 * self._least_area():
                    boxes.append((float(x), float(y), float(x + width), float(y + height)))
        self.movements.append(Movement(self._time_s, tuple(boxes)))
        while self._time_s - self.movements[0].time_s > MOVEMENTS_S:
            self.movements.popleft()

    def _least_area(self) -> float:
        return LEAST_AREA_SHARE * self._age_s.size

    def _grown(self, seed: Mask, box: Box, weak: Mask) -> tuple[Mask, Mask, Box]:
        """Return the seed, the region it grows to over weak pixels, and that region's box."""
        left, top, right, bottom = (int(value) for value in box)
        reach = max(6, (right - left) // 2, (bottom - top) // 2)
        x, y = max(0, left - reach), max(0, top - reach)
        part = np.s_[y : bottom + reach, x : right + reach]
        _, places = cv2.connectedComponents(weak[part])
        touched = np.unique(places[seed[part] > 0])
        region = np.isin(places, touched[touched > 0])
        if not 0 < np.count_nonzero(region) <= MOST_GROWTH * np.count_nonzero(seed):
            return seed, seed, box
        mask = np.zeros_like(seed)
        mask[part] = cv2.morphologyEx(_mask(region), cv2.MORPH_CLOSE, _SQUARE_5)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        grown = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        return seed, mask, (float(grown[0]), float(grown[1]), float(grown[2]), float(grown[3]))

    def _note(self, seed: Mask, mask: Mask, box: Box) -> None:
        area = cv2.countNonZero(mask)
        of_box = (box[2] - box[0]) * (box[3] - box[1])
        fits = self._least_area() <= area <= MOST_AREA_SHARE * mask.size
        if not fits or area < LEAST_FILL * of_box:
            return
        since_s = self._time_s - float(np.median(self._age_s[seed > 0]))
        known = [blob for blob in self.blobs if _same_place(blob.mask, mask)]
        if known:
            blob = known[0]
            self.blobs = [other for other in self.blobs if other not in known[1:]]
            blob.box, blob.mask, blob.last_s = box, mask, self._time_s
            blob.since_s = since_s
        else:
            self._found += 1
            blob = StaticBlob(self._found, since_s, self._time_s, box, mask)
            self.blobs.append(blob)
        self._judge(blob)

    def _judge(self, blob: StaticBlob) -> None:
        wait_s = JUDGE_EVERY_S if blob.yes + blob.no < OFTEN else SELDOM_S
        if self._time_s - blob.judged_s < wait_s:
            return
        blob.judged_s = self._time_s
        if is_put_down(_bytes(self._short), _bytes(self._background), blob.mask, blob.box):
            blob.yes += 1
        else:
            blob.no += 1
            if blob.no >= GHOST_JUDGEMENTS and blob.yes == 0:
                self.absorb(blob)

    def _has_gone(self, blob: StaticBlob, covered: Mask) -> bool:
        seen = (blob.mask > 0) & (covered == 0)
        if np.count_nonzero(seen) < 0.5 * cv2.countNonZero(blob.mask):
            return False
        return self._time_s > blob.last_s and float((self._new[seen] > 0).mean()) < 0.2


_SQUARE_3 = np.ones((3, 3), np.uint8)
_SQUARE_5 = np.ones((5, 5), np.uint8)
_SQUARE_9 = np.ones((9, 9), np.uint8)


def _small(picture: Picture) -> tuple[Picture, float]:
    scale = min(1.0, WIDTH_PX / picture.shape[1])
    if scale < 1:
        size = (WIDTH_PX, max(1, round(picture.shape[0] * scale)))
        picture = _as_mask(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    return _as_mask(cv2.blur(picture, (3, 3))), scale


def _covered(shape: Sequence[int], boxes: Boxes) -> Mask:
    mask = np.zeros(shape, np.uint8)
    for box in np.asarray(boxes).reshape(-1, 4):
        left, top, right, bottom = (max(0, int(value)) for value in box)
        mask[top : bottom + 1, left : right + 1] = 255
    return mask


def _components(mask: Mask, least_area: float) -> list[tuple[Mask, Box]]:
    _, places, figures, _ = cv2.connectedComponentsWithStats(mask)
    found = []
    for number, (x, y, width, height, area) in enumerate(np.asarray(figures).tolist()):
        if number and area >= least_area:
            box = (float(x), float(y), float(x + width), float(y + height))
            found.append((_mask(places == number), box))
    return found


def _same_place(first: Mask, second: Mask) -> bool:
    smaller = min(cv2.countNonZero(first), cv2.countNonZero(second))
    return cv2.countNonZero(_and(first, second)) >= 0.5 * smaller


def _distance(image: Picture, model: Picture) -> Picture:
    """Largest difference of the three colours, per pixel, in grey levels."""
    red, green, blue = cv2.split(cv2.absdiff(image, model))
    return _as_mask(cv2.max(cv2.max(red, green), blue))


def _gain(image: Picture, model: Picture, where: Mask) -> Plane:
    now = np.array(cv2.mean(image, mask=where)[:3])
    before = np.array(cv2.mean(model, mask=where)[:3])
    return np.asarray(np.clip(now / np.maximum(before, 1), 0.5, 2.0), np.float32)


def _bytes(model: Plane) -> Picture:
    return _as_mask(cv2.convertScaleAbs(model))


def _mask(where: NDArray[np.bool_]) -> Mask:
    return where.view(np.uint8) * np.uint8(255)


def _and(first: Mask, second: Mask) -> Mask:
    return _as_mask(cv2.bitwise_and(first, second))


def _or(first: Mask, second: Mask) -> Mask:
    return _as_mask(cv2.bitwise_or(first, second))


def _not(mask: Mask) -> Mask:
    return _as_mask(cv2.bitwise_not(mask))


def _as_mask(plane: ArrayLike) -> Mask:
    return np.asarray(plane, np.uint8)
