"""What an operator tells SmartPark about one camera's view: zones, lines, rules, masks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from smartpark.core.geometry import Points

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule as chosen by the operator.

    Attributes:
        kind: name of the rule plug-in.
        labels: class names it looks at; empty means the rule's own default.
        params: the rule's own figures by name, such as `min_s`; checked by the rule.
    """

    kind: str
    labels: tuple[str, ...] = ()
    params: Mapping[str, float | int | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon in pixels of the clip, with its rules."""

    name: str
    polygon: Polygon
    rules: tuple[RuleSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A named directed segment in pixels of the clip, with its rules."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    rules: tuple[RuleSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """Four points of the ground, in pixels and in metres.

    Attributes:
        image_points: four `(x, y)` in pixels.
        ground_points_m: the same four points on the ground, in metres.
    """

    image_points: Polygon
    ground_points_m: Polygon

    def homography(self) -> NDArray[np.float64]:
        """Return the (3, 3) matrix that maps pixels to metres.

        Direct linear transform: Hartley and Zisserman, "Multiple View Geometry", 2nd ed., eq. 4.3,
        with the last entry fixed at 1.
        """
        rows, right = [], []
        for (x, y), (u, v) in zip(self.image_points, self.ground_points_m, strict=True):
            rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
            rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
            right += [u, v]
        solved = np.linalg.solve(np.array(rows, np.float64), np.array(right, np.float64))
        return np.append(solved, 1.0).reshape(3, 3)

    def to_ground(self, points: Points) -> NDArray[np.float64]:
        """Return (n, 2) metres on the ground for (n, 2) pixels."""
        xy = np.asarray(points, np.float64).reshape(-1, 2)
        mapped = np.column_stack([xy, np.ones(len(xy))]) @ self.homography().T
        return np.asarray(mapped[:, :2] / mapped[:, 2:])


@dataclass(frozen=True, slots=True)
class Tiling:
    """Cut each frame into a grid of overlapping tiles, so that small things are found.

    Attributes:
        columns: tiles across.
        rows: tiles down.
        overlap: share of a tile that it has in common with its neighbour, 0 to 0.5.
    """

    columns: int
    rows: int
    overlap: float = 0.15


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the operator said about one view."""

    name: str
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    privacy_masks: tuple[Polygon, ...] = ()
    calibration: Calibration | None = None
    tiling: Tiling | None = None
