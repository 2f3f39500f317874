"""Values that two or more domains share: frames, clips, tracks, events, alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from smartpark.core.errors import ShapeError
from smartpark.core.geometry import Boxes, Points, feet
from smartpark.core.text import Text

Severity = Literal["info", "low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high")
Evidence = str | float | int | bool | list[float] | list[int] | list[str] | list[list[float]]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture and its time.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        index: place in the clip, counted from 1.
        time_s: seconds from the clip's start.
    """

    image: NDArray[np.uint8]
    index: int
    time_s: float

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ShapeError("Frame", image=self.image.shape)


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What is known of a clip before it is analysed.

    Attributes:
        name: the file's name as the user knows it, without folders.
        width: pixels, as displayed (rotation applied).
        height: pixels, as displayed (rotation applied).
        fps: mean frames per second.
        frames: number of frames; an estimate until the clip has been read to its end.
        duration_s: seconds.
        codec: name of the video codec, as FFmpeg spells it.
        container: name of the container format, as FFmpeg spells it.
        rotation_deg: clockwise rotation that the file asks for: 0, 90, 180 or 270.
    """

    name: str
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    codec: str
    container: str
    rotation_deg: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One thing followed over time.

    Attributes:
        id: number of the track in its clip, from 1.
        label: class name, such as `person`.
        frames: (t,) int64, frame numbers from 1, rising.
        times_s: (t,) float64, seconds from the clip's start, rising.
        boxes: (t, 4) float32, `x1 y1 x2 y2` in pixels.
        scores: (t,) float32 between 0 and 1.
    """

    id: int
    label: str
    frames: NDArray[np.int64]
    times_s: NDArray[np.float64]
    boxes: Boxes
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        t = len(self.frames)
        if self.boxes.shape != (t, 4) or len(self.times_s) != t or len(self.scores) != t:
            raise ShapeError("Track", times_s=self.times_s.shape, boxes=self.boxes.shape)

    @property
    def feet(self) -> Points:
        """(t, 2) float32: where the thing stood, in pixels."""
        return feet(self.boxes)

    @property
    def duration_s(self) -> float:
        """Seconds between the first and the last sight."""
        return float(self.times_s[-1] - self.times_s[0]) if len(self.times_s) else 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with a start and an end.

    A rule gives the same `id` again when it knows more of the same event; the last one holds.

    Attributes:
        id: unique within its report, the same for the same clip and settings.
        kind: name of the rule that saw it, such as `intrusion`.
        start_s: seconds from the clip's start.
        end_s: seconds from the clip's start; the latest sight while the event lasts.
        track_ids: the tracks that took part.
        zone: name of the zone, or None.
        line: name of the line, or None.
        severity: how much it matters.
        score: between 0 and 1, how sure the rule is.
        ongoing: whether the event still lasts.
        evidence: measured figures and the limits they passed, by name with unit
            (`stayed_s`, `limit_s`, `box`, `position`).
        text: the reason in words, in both languages.
    """

    id: str
    kind: str
    start_s: float
    end_s: float
    text: Text
    track_ids: tuple[int, ...] = ()
    zone: str | None = None
    line: str | None = None
    severity: Severity = "medium"
    score: float = 1.0
    ongoing: bool = False
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that a person should see.

    Attributes:
        event: the cause.
        key: same cause, same key: alerts do not repeat.
    """

    event: Event
    key: str

    @property
    def severity(self) -> Severity:
        """How much the alert matters."""
        return self.event.severity

    @property
    def text(self) -> Text:
        """Why the alert was raised."""
        return self.event.text


@dataclass(frozen=True, slots=True)
class Flow:
    """Traffic on an approach in one interval.

    Attributes:
        approach: name of the line that counted.
        vehicles_per_h: hourly rate of the interval's count.
        start_s: the interval's start, seconds from the clip's start.
        interval_s: the interval's length, seconds.
    """

    approach: str
    vehicles_per_h: float
    start_s: float
    interval_s: float
