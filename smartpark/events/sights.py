"""One moment of a clip as plain numbers: who is where, ready for the rules."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from smartpark.core.errors import ShapeError
from smartpark.core.scene import Calibration, Line, RuleSpec, Zone

if TYPE_CHECKING:
    from smartpark.vision.observation import Observation

Box = tuple[float, float, float, float]
Point = tuple[float, float]


class Where(TypedDict):
    """What a rule is told about its place, beside its own figures.

    Attributes:
        zone: the zone it watches, or None.
        line: the line it watches, or None.
        calibration: pixels to metres, or None.
        fps: the clip's frames per second.
        size: the clip's `(width, height)` in pixels.
        name: unique prefix of its event ids, such as `intrusion-Lawn`.
    """

    zone: Zone | None
    line: Line | None
    calibration: Calibration | None
    fps: float
    size: tuple[int, int]
    name: str


@dataclass(frozen=True, slots=True)
class Sight:
    """One track at one moment.

    Attributes:
        track_id: number of the track.
        label: class name.
        box: `x1 y1 x2 y2` in pixels.
        score: how sure the detector was, between 0 and 1.
    """

    track_id: int
    label: str
    box: Box
    score: float

    @property
    def foot(self) -> Point:
        """Where it stands: the middle of the box's lower edge, in pixels."""
        return (self.box[0] + self.box[2]) / 2, self.box[3]

    @property
    def height(self) -> float:
        """Height of the box in pixels."""
        return self.box[3] - self.box[1]

    @property
    def width(self) -> float:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]


def sights_of(observation: "Observation", labels: Collection[str] = ()) -> list[Sight]:
    """Return the tracks of a moment whose label is one of `labels`; all where that is empty.

    Raises:
        ShapeError: the detections have not been through a tracker.
    """
    detections = observation.detections
    if len(detections) == 0:
        return []
    if detections.tracker_id is None:
        raise ShapeError("Observation without tracks", xyxy=detections.xyxy.shape)
    names = list(detections.data["class_name"])
    count = len(names)
    scores = [1.0] * count if detections.confidence is None else detections.confidence.tolist()
    rows = zip(detections.tracker_id.tolist(), names, detections.xyxy.tolist(), scores, strict=True)
    return [
        Sight(int(track_id), str(label), (box[0], box[1], box[2], box[3]), float(score))
        for track_id, label, box, score in rows
        if not labels or label in labels
    ]


def labels_for(spec: RuleSpec, default: tuple[str, ...]) -> frozenset[str]:
    """Return the labels that a rule looks at; empty means all."""
    return frozenset(spec.labels or default)


def box_iou(first: Box, second: Box) -> float:
    """Return how much two boxes overlap, between 0 and 1.

    Example:
        >>> round(box_iou((0, 0, 2, 2), (1, 0, 3, 2)), 2)
        0.33
    """
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    if wide <= 0 or high <= 0:
        return 0.0
    shared = wide * high
    first_area = (first[2] - first[0]) * (first[3] - first[1])
    second_area = (second[2] - second[0]) * (second[3] - second[1])
    return shared / (first_area + second_area - shared)


def rounded(values: Sequence[float], digits: int = 1) -> list[float]:
    """Return the numbers rounded, as a list, for evidence."""
    return [round(float(value), digits) for value in values]
