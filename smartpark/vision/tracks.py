"""Follow detections through a clip: one id per thing, and a box for every frame it is there.

Three parts, each usable alone. `Follower` gives ids on the frames that were inferred. `GapFiller`
turns these into rows for every frame, with straight lines over the gaps. `TrackStream` joins one
follower with two fillers: a quick one for the picture and the rules, a patient one for the table.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import supervision as sv
from numpy.typing import NDArray
from trackers import BIoU, ByteTrackTracker

from smartpark.core.geometry import iou

SHOWN_LAG_S = 0.4  # longer than a pause; frames wait as 3 MB of planes each at 1080p
SHOWN_LAG_FRAMES = (8, 16)  # at least and at most
SETTLED_LAG_S = 3.0  # the table holds numbers only and may wait as long as a person is hidden
PAUSE_S = 0.33  # between two looks at a moving scene; half a step of a walk
PAUSE_SIZES = 0.6  # a thing must not move further than this, in its own sizes, between two looks
RESTLESS_S = 0.1  # until the second look at a thing just come
MISSED_S = 1.0  # a thing that was missed is looked for again during this time
TICKS_PER_S = 5.0  # unit of time of the motion model, so that it acts alike at every frame rate
SMOOTH_S = 0.35  # how far in time a sighting is felt; a step of a walk takes 0.5 s
LINE_POINTS = 3  # sightings that the window holds at least

# Labels that a detector confuses with one another share a group; groups never share a track.
_GROUPS: Mapping[str, int] = {
    "person": 0,
    "bicycle": 1,
    "motorcycle": 1,
    "car": 2,
    "bus": 2,
    "truck": 2,
    "train": 2,
    "backpack": 3,
    "handbag": 3,
    "suitcase": 3,
}


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """How detections become tracks; scores between 0 and 1, times in seconds.

    Attributes:
        low: detections below this score are ignored.
        high: detections from this score on choose their track first.
        start: only a detection of a person of at least this score starts a track; poles, cones and
            bags look like people more often than other things look like vehicles.
        start_other: the same for all other things.
        overlap: of two detections of one group that overlap more (IoU), the weaker one is dropped.
        buffer: boxes grow by this share on each side before they are compared, so that a fast walk
            at few frames per second still overlaps with its own past.
        similarity: least overlap (IoU of the grown boxes) between a track and its next detection.
        sure: a track goes on from one detection of at least this score to the next; weaker ones
            only fill the time between two such.
        unsure_s: how long a track may live on weaker detections alone; then it ends. Without this
            a track whose person walked out of sight would cling to the next cone or pole.
        lost_s: how long a track without detections is remembered,
        lost_sizes: and how far it may be expected to have moved meanwhile, in its own sizes
            (square root of the box's area); past that it could be anything.
    """

    low: float = 0.3
    high: float = 0.45
    start: float = 0.7
    start_other: float = 0.5
    overlap: float = 0.5
    buffer: float = 0.3
    similarity: float = 0.15
    sure: float = 0.5
    unsure_s: float = 2.0
    lost_s: float = 2.5
    lost_sizes: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What is believed present in one frame.

    Attributes:
        index: frame number from 1.
        time_s: seconds from the clip's start.
        detections: boxes in pixels of the clip with `tracker_id` > 0 and `data["class_name"]`.
    """

    index: int
    time_s: float
    detections: sv.Detections


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One track seen in one frame.

    Attributes:
        index: frame number from 1.
        time_s: seconds from the clip's start.
        track_id: > 0; 0 before it is known.
        box: (4,) float32 `x1 y1 x2 y2` in pixels of the clip.
        score: of the detection; between sightings the lower of the two around.
        class_id: the detector's number of `label`.
        label: the class that the track was given most often.
    """

    index: int
    time_s: float
    track_id: int
    box: NDArray[np.float32]
    score: float
    class_id: int
    label: str


@dataclass(frozen=True, slots=True)
class Released:
    """Frames that are ready: `shown` for picture and rules, `settled` for the table of tracks."""

    shown: list[Moment] = field(default_factory=list)
    settled: list[Moment] = field(default_factory=list)


class TrackStream:
    """Follow a clip frame by frame and release each frame twice, each time in order.

    Example:
        >>> stream = TrackStream(fps=10, size=(64, 48))
        >>> stream.skip(index=1, time_s=0.0).shown
        []
        >>> [moment.index for moment in stream.finish().shown]
        [1]
    """

    def __init__(
        self, *, fps: float, size: tuple[int, int], settings: TrackSettings | None = None
    ) -> None:
        self.follower = Follower(fps=fps, size=size, settings=settings)
        least, most = SHOWN_LAG_FRAMES
        shown = min(most, max(least, round(SHOWN_LAG_S * fps)))
        self._shown = GapFiller(lag=shown)
        self._settled = GapFiller(lag=max(shown, round(SETTLED_LAG_S * fps)))

    @property
    def pause_s(self) -> float:
        """How long the things followed can be left alone while something moves, in seconds."""
        return self.follower.pause_s

    @property
    def restless(self) -> bool:
        """Whether something has just come or gone missing, so that another look is due."""
        return self.follower.restless

    def infer(self, detections: sv.Detections, *, index: int, time_s: float) -> Released:
        """Take the detections of an inferred frame."""
        self.follower.update(detections, index=index, time_s=time_s)
        return self._push(index, time_s, self.follower.sightings, looked=True)

    def skip(self, *, index: int, time_s: float) -> Released:
        """Take note of a frame that was not inferred."""
        return self._push(index, time_s, [], looked=False)

    def finish(self) -> Released:
        """Release the frames still held; call once, after the last frame."""
        return Released(shown=list(self._shown.finish()), settled=list(self._settled.finish()))

    def _push(
        self, index: int, time_s: float, seen: Sequence[Sighting], *, looked: bool
    ) -> Released:
        return Released(
            shown=list(self._shown.push(index, time_s, seen, looked=looked)),
            settled=list(self._settled.push(index, time_s, seen, looked=looked)),
        )


class Follower:
    """Give detections ids that stay with a thing from frame to frame.

    Attributes:
        sightings: what the last `update` learned, oldest first: confirmed tracks in that frame,
            and, of tracks confirmed just then, their detections in frames before.
        pause_s: how long things can be left alone while something moves, in seconds.
        restless: whether something has just come or gone missing, so that another look is due.
    """

    def __init__(
        self,
        *,
        fps: float,  # noqa: ARG002 - given to every follower; this one counts in seconds
        size: tuple[int, int],
        settings: TrackSettings | None = None,
    ) -> None:
        self.settings = settings or TrackSettings()
        self.sightings: list[Sighting] = []
        self.pause_s = 0.0
        self.restless = True
        self._tracker = ByteTrackTracker(
            lost_track_buffer=round(self.settings.lost_s * 30),  # its unit is 1/30 s
            frame_rate=TICKS_PER_S,
            track_activation_threshold=self.settings.start,
            high_conf_det_threshold=self.settings.high,
            minimum_iou_threshold=self.settings.similarity,
            minimum_consecutive_frames=2,
            iou=BIoU(buffer_ratio=self.settings.buffer),
        )
        self._apart = 10.0 * max(size)
        self._tracks: dict[int, _Track] = {}
        self._confirmed = 0
        self._loose: list[Sighting] = []

    def update(self, detections: sv.Detections, *, index: int, time_s: float) -> sv.Detections:
        """Follow the detections of one frame; frames in order, those not inferred left out.

        Args:
            detections: of one frame, with `confidence`, `class_id` and `data["class_name"]`.
            index: frame number from 1.
            time_s: seconds from the clip's start.

        Returns:
            The detections that belong to confirmed tracks, with `tracker_id` counted from 1 and
            the class that each track was given most often.
        """
        seen = _without_doubles(_sightings(detections, index, time_s), self.settings)
        raw = self._follow(seen, time_s)
        self.sightings = []
        for sighting, key in zip(seen, raw, strict=True):
            if key < 0:
                continue
            if key not in self._tracks:
                self._confirmed += 1
                self._tracks[key] = _Track(self._confirmed)
                self._look_back(self._tracks[key], sighting)
            self.sightings += self._tracks[key].take(sighting, sure=self.settings.sure)
        self.sightings.sort(key=lambda sighting: sighting.index)
        self._loose = [item for item, key in zip(seen, raw, strict=True) if key < 0]
        self._forget(time_s)
        self._set_pace(time_s)
        return _detections([item for item in self.sightings if item.index == index])

    def _follow(self, seen: Sequence[Sighting], time_s: float) -> list[int]:
        """Return the tracker's own id for each sighting, -1 where it has none yet."""
        raw = np.full(len(seen), -1)
        boxes = np.array([item.box for item in seen], np.float64).reshape(-1, 4)
        groups = np.array([_group(item) for item in seen], np.float64).reshape(-1, 1)
        lift = self.settings.start - self.settings.start_other
        rows = sv.Detections(
            xyxy=boxes + groups * self._apart,  # each group in a place of its own: they never meet
            confidence=np.array([item.score + (lift if _group(item) else 0.0) for item in seen]),
            data={"row": np.arange(len(seen))},
        )
        followed = self._tracker.update(rows, timestamp=time_s)
        if len(followed):
            raw[followed.data["row"]] = followed.tracker_id
        return [int(key) for key in raw]

    def _forget(self, time_s: float) -> None:
        """End tracks that the tracker gave up, that went too far unseen or are weak for long."""
        oldest = time_s - self.settings.unsure_s
        kept = []
        for lost in self._tracker.tracks:
            track = self._tracks.get(int(lost.tracker_id))
            if track is None or (
                not track.weak_since(oldest)
                and track.sizes_away(lost.get_state_bbox(), self._apart) <= self.settings.lost_sizes
            ):
                kept.append(lost)
        self._tracker.tracks = kept
        alive = {int(track.tracker_id) for track in kept}
        self._tracks = {key: track for key, track in self._tracks.items() if key in alive}

    def _set_pace(self, time_s: float) -> None:
        """Say when the next look is due: soon after arrivals, and before anything gets far."""
        begun = any(track.tracker_id < 0 for track in self._tracker.tracks)
        followed = [track for track in self._tracks.values() if track.last is not None]
        missed = any(0 < time_s - track.last_s <= MISSED_S for track in followed)
        fastest = max((track.sizes_per_s for track in followed), default=0.0)
        self.restless = begun or missed
        self.pause_s = min(PAUSE_S, PAUSE_SIZES / max(fastest, 1e-6))
        if begun:
            self.pause_s = min(self.pause_s, RESTLESS_S)

    def _look_back(self, track: "_Track", sighting: Sighting) -> None:
        """Give `track` the detection that it began with, from before it was confirmed."""
        near = [item for item in self._loose if _group(item) == _group(sighting)]
        if not near:
            return
        overlap = iou(sighting.box[None], np.array([item.box for item in near]))[0]
        if overlap.max() > 0:
            first = near[int(overlap.argmax())]
            self._loose.remove(first)
            self.sightings += track.take(first, sure=self.settings.sure)


class GapFiller:
    """Turn what was seen on some frames into boxes for every frame, with a bounded delay.

    A track is present between two sightings at most `lag` frames apart. Its box is a straight line
    fitted locally in time (Cleveland, "Robust locally weighted regression", JASA 74, 1979) through
    the sightings around, stronger ones weighing more: this fills gaps and takes the trembling out
    of a detector's boxes.

    Example:
        >>> def seen(index, x):
        ...     box = np.array([x, 0, x + 2, 4], np.float32)
        ...     return Sighting(index, index / 10, 1, box, 0.5, 0, "person")
        >>> filler = GapFiller(lag=4)
        >>> moments = list(filler.push(1, 0.1, [seen(1, 0)]))
        >>> moments += filler.push(2, 0.2, [])
        >>> moments += filler.push(3, 0.3, [seen(3, 4)])
        >>> moments += filler.finish()
        >>> [round(float(moment.detections.xyxy[0, 0]), 3) for moment in moments]
        [0.0, 2.0, 4.0]
    """

    def __init__(self, *, lag: int) -> None:
        self.lag = lag
        self._frames: deque[_Held] = deque()
        self._looked = 0
        self._last: dict[int, Sighting] = {}
        self._trails: dict[int, _Trail] = {}

    def push(
        self, index: int, time_s: float, seen: Iterable[Sighting], *, looked: bool = True
    ) -> Iterator[Moment]:
        """Add the next frame and yield the frames that are now old enough.

        Args:
            index: frame number, one more than the last.
            time_s: seconds from the clip's start.
            seen: sightings of this frame and, where they have become known only now, of frames
                before; oldest first.
            looked: whether this frame was inferred. What was there at the last look is believed
                to stay until the next one.
        """
        self._frames.append(_Held(index, time_s))
        self._looked = index if looked else self._looked
        for sighting in seen:
            self._connect(sighting)
        while len(self._frames) > self.lag:
            yield self._release()
        oldest = min(index - self.lag, self._looked)
        self._last = {k: s for k, s in self._last.items() if s.index >= oldest}
        self._trails = {k: trail for k, trail in self._trails.items() if k in self._last}

    def finish(self) -> Iterator[Moment]:
        """Yield every frame still held."""
        while self._frames:
            yield self._release()

    def _connect(self, sighting: Sighting) -> None:
        key = sighting.track_id
        before = self._last.get(key)
        if before is not None:
            weaker = sighting if sighting.score < before.score else before
            for index in range(before.index + 1, sighting.index):
                self._put(index, replace(sighting, score=weaker.score))
        self._put(sighting.index, sighting)
        self._last[key] = sighting
        self._trails.setdefault(key, _Trail()).add(sighting)

    def _put(self, index: int, sighting: Sighting) -> None:
        place = index - self._frames[0].index
        if place >= 0:
            self._frames[place].seen[sighting.track_id] = sighting

    def _release(self) -> Moment:
        held = self._frames.popleft()
        if held.index > self._looked:  # no later look has told yet
            held.seen |= {k: s for k, s in self._last.items() if s.index == self._looked}
        keys = sorted(held.seen)
        boxes = _boxes_at([self._trails[key] for key in keys], held.time_s)
        seen = [replace(held.seen[key], box=box) for key, box in zip(keys, boxes, strict=True)]
        return Moment(held.index, held.time_s, _detections(seen))


class _Trail:
    """The recent sightings of one track: (n, 6) rows of time_s, score, x1, y1, x2, y2."""

    def __init__(self) -> None:
        self.rows = np.empty((0, 6))

    def add(self, sighting: Sighting) -> None:
        row = np.array([[sighting.time_s, sighting.score, *sighting.box]])
        self.rows = np.concatenate([self.rows, row])

    def forget(self, before_s: float) -> None:
        """Drop what is older than `before_s`, but keep enough for a line."""
        old = 0
        while old < len(self.rows) - LINE_POINTS and self.rows[old, 0] < before_s:
            old += 1
        if old:
            self.rows = self.rows[old:]


def _boxes_at(trails: Sequence[_Trail], time_s: float) -> NDArray[np.float32]:
    """Return the (k, 4) boxes of k tracks at `time_s`, all at once; times never go back."""
    if not trails:
        return np.empty((0, 4), np.float32)
    lengths = np.array([len(trail.rows) for trail in trails])
    rows = np.zeros((len(trails), lengths.max(), 6))  # a missing sighting weighs nothing
    for place, trail in enumerate(trails):
        rows[place, : len(trail.rows)] = trail.rows
        trail.forget(time_s - 3 * SMOOTH_S)
    last_s = rows[np.arange(len(trails)), lengths - 1, 0]
    away = rows[:, :, 0] - np.minimum(time_s, last_s)[:, None]  # nothing is guessed ahead
    weight = rows[:, :, 1] * np.exp(-0.5 * (away / _widths(away, lengths)[:, None]) ** 2)
    total, first, second = weight.sum(1), (weight * away).sum(1), (weight * away**2).sum(1)
    boxes = rows[:, :, 2:]
    level = np.einsum("kn,knc->kc", weight, boxes)
    slope = np.einsum("kn,knc->kc", weight * away, boxes)
    spread = total * second - first**2
    is_point = spread <= 1e-9 * total**2
    line = second[:, None] * level - first[:, None] * slope
    line /= np.where(is_point, 1.0, spread)[:, None]
    return np.asarray(np.where(is_point[:, None], level / total[:, None], line), np.float32)


def _widths(away: NDArray[np.float64], lengths: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return (k,) seconds: in a gap the window widens until it holds enough for a line."""
    if away.shape[1] < LINE_POINTS:
        return np.full(len(away), SMOOTH_S)
    is_there = np.arange(away.shape[1]) < lengths[:, None]
    distance = np.where(is_there, np.abs(away), np.inf)
    reach = np.partition(distance, LINE_POINTS - 1, axis=1)[:, LINE_POINTS - 1]
    return np.maximum(SMOOTH_S, np.where(lengths >= LINE_POINTS, reach, 0.0) / 1.5)


@dataclass(slots=True)
class _Held:
    index: int
    time_s: float
    seen: dict[int, Sighting] = field(default_factory=dict)


@dataclass(slots=True)
class _Track:
    id: int
    votes: Counter[tuple[int, str]] = field(default_factory=Counter)
    weak: list[Sighting] = field(default_factory=list)
    last: Sighting | None = None
    sizes_per_s: float = 0.0

    @property
    def last_s(self) -> float:
        return self.last.time_s if self.last is not None else -np.inf

    def take(self, sighting: Sighting, *, sure: float) -> list[Sighting]:
        """Add a sighting; return those that are now sure, with the track's id and usual class."""
        self.votes[sighting.class_id, sighting.label] += 1
        self.weak.append(sighting)
        self._feel_speed(sighting)
        self.last = sighting
        if sighting.score < sure:
            return []
        class_id, label = self.votes.most_common(1)[0][0]
        settled, self.weak = self.weak, []
        return [replace(s, track_id=self.id, class_id=class_id, label=label) for s in settled]

    def _feel_speed(self, sighting: Sighting) -> None:
        if self.last is None or sighting.time_s <= self.last.time_s:
            return
        away = self.sizes_away(np.asarray(sighting.box, np.float64), 0.0)
        speed = away / (sighting.time_s - self.last.time_s)
        share = min(1.0, (sighting.time_s - self.last.time_s) / SMOOTH_S)
        self.sizes_per_s += share * (speed - self.sizes_per_s)

    def weak_since(self, time_s: float) -> bool:
        """Return whether the track has seen only weak detections from `time_s` on."""
        return bool(self.weak) and self.weak[0].time_s < time_s

    def sizes_away(self, box: NDArray[np.float64], apart: float) -> float:
        """Return how far a tracker's box is from the last sighting, in sizes of the thing."""
        if self.last is None:
            return 0.0
        x1, y1, x2, y2 = (float(edge) for edge in self.last.box)
        shift = _group(self.last) * apart
        across = (box[0] + box[2]) / 2 - shift - (x1 + x2) / 2
        down = (box[1] + box[3]) / 2 - shift - (y1 + y2) / 2
        return float(np.hypot(across, down) / max(1.0, (x2 - x1) * (y2 - y1)) ** 0.5)


def _sightings(detections: sv.Detections, index: int, time_s: float) -> list[Sighting]:
    if len(detections) == 0:
        return []
    boxes = np.asarray(detections.xyxy, np.float32)
    scores = np.asarray(detections.confidence, np.float64)
    numbers = np.asarray(detections.class_id, np.int64)
    names = np.asarray(detections.data["class_name"])
    return [
        Sighting(
            index, time_s, 0, boxes[row], float(scores[row]), int(numbers[row]), str(names[row])
        )
        for row in range(len(boxes))
    ]


def _detections(seen: Sequence[Sighting]) -> sv.Detections:
    return sv.Detections(
        xyxy=np.array([item.box for item in seen], np.float32).reshape(-1, 4),
        confidence=np.array([item.score for item in seen], np.float32),
        class_id=np.array([item.class_id for item in seen], np.int64),
        tracker_id=np.array([item.track_id for item in seen], np.int64),
        data={"class_name": np.array([item.label for item in seen], dtype=np.str_)},
    )


def _without_doubles(seen: Sequence[Sighting], settings: TrackSettings) -> list[Sighting]:
    """Drop weak detections, and the weaker of two that overlap much within one group."""
    strong = sorted(
        (item for item in seen if item.score >= settings.low), key=lambda item: -item.score
    )
    if not strong:
        return []
    boxes = np.array([item.box for item in strong])
    groups = np.array([_group(item) for item in strong])
    double = (iou(boxes, boxes) > settings.overlap) & (groups[:, None] == groups[None])
    keep: list[int] = []
    for row in range(len(strong)):
        if not double[row, keep].any():
            keep.append(row)
    return [strong[row] for row in keep]


def _group(sighting: Sighting) -> int:
    return _GROUPS.get(sighting.label, 4)
