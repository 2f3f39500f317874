"""Points, boxes, polygons and segments in the plane of a picture."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Boxes = NDArray[np.float32]
Points = NDArray[np.float32]
Mask = NDArray[np.bool_]

BORDER_PX = 1.0


def feet(boxes: Boxes) -> Points:
    """Return where things stand: the middle of each box's lower edge.

    Args:
        boxes: (n, 4) `x1 y1 x2 y2` in pixels.

    Returns:
        (n, 2) float32 pixels.

    Example:
        >>> feet(np.array([[0, 0, 2, 4]], np.float32))
        array([[1., 4.]], dtype=float32)
    """
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)


def iou(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Return how much each pair of boxes overlaps.

    Args:
        first: (n, 4) boxes in pixels.
        second: (m, 4) boxes in pixels of the same frame.

    Returns:
        (n, m) float32 between 0 (apart) and 1 (equal). Boxes without area score 0.

    Example:
        >>> iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2]])).round(2)
        array([[0.33]], dtype=float32)
    """
    first = np.asarray(first, np.float32).reshape(-1, 4)
    second = np.asarray(second, np.float32).reshape(-1, 4)
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=2)
    union = _areas(first)[:, None] + _areas(second)[None, :] - shared
    overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return np.asarray(overlap, np.float32)


def contains(polygon: ArrayLike, points: Points) -> Mask:
    """Return which points lie inside a polygon, by the even-odd rule, or on its border.

    Within a pixel of the border counts as on it: whoever is cut off by the picture's lower edge
    stands in a zone that was drawn down to that edge.

    Args:
        polygon: (k, 2) corners in pixels, in order, not closed.
        points: (n, 2) pixels.

    Returns:
        (n,) bool. Source of the method: Shimrat, "Algorithm 112", CACM 5(8), 1962.

    Example:
        >>> contains([[0, 0], [4, 0], [4, 4], [0, 4]], np.array([[2, 2], [2, 5], [6, 2]]))
        array([ True,  True, False])
    """
    corners = np.asarray(polygon, np.float64)
    xy = np.asarray(points, np.float64).reshape(-1, 2)
    x, y = xy[:, 0, None], xy[:, 1, None]
    x1, y1 = corners.T
    x2, y2 = np.roll(corners, -1, axis=0).T
    straddles = (y1 > y) != (y2 > y)
    height = np.where(y2 == y1, 1.0, y2 - y1)
    crossing_x = x1 + (y - y1) * (x2 - x1) / height
    hits = (straddles & (x < crossing_x)).sum(axis=1)
    along = np.stack([x2 - x1, y2 - y1], axis=1)
    offset = np.stack([x - x1, y - y1], axis=2)
    length2 = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip((offset * along).sum(axis=2) / length2, 0, 1)
    gap = np.linalg.norm(offset - share[..., None] * along, axis=2)
    return np.asarray((hits % 2 == 1) | (gap <= BORDER_PX).any(axis=1))


def side_of_line(start: ArrayLike, end: ArrayLike, points: Points) -> NDArray[np.float64]:
    """Return on which side of a directed line each point lies, and how far.

    Args:
        start: (2,) first point of the line, pixels.
        end: (2,) second point of the line, pixels.
        points: (n, 2) pixels.

    Returns:
        (n,) `s(p) = (ex-sx)(py-sy) - (ey-sy)(px-sx)`: zero on the line; a move from negative to
        positive counts as `in`.

    Example:
        >>> side_of_line([0, 0], [10, 0], np.array([[5, -1], [5, 1]]))
        array([-10.,  10.])
    """
    sx, sy = np.asarray(start, np.float64)
    ex, ey = np.asarray(end, np.float64)
    xy = np.asarray(points, np.float64).reshape(-1, 2)
    return np.asarray((ex - sx) * (xy[:, 1] - sy) - (ey - sy) * (xy[:, 0] - sx))


def polygon_area(polygon: ArrayLike) -> float:
    """Return the area of a simple polygon in square pixels (shoelace formula).

    Example:
        >>> polygon_area([[0, 0], [4, 0], [4, 2], [0, 2]])
        8.0
    """
    x, y = np.asarray(polygon, np.float64).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def crosses_itself(polygon: ArrayLike) -> bool:
    """Return whether two edges of a polygon that are not neighbours touch or cross.

    Example:
        >>> crosses_itself([[0, 0], [2, 2], [2, 0], [0, 2]])
        True
        >>> crosses_itself([[0, 0], [2, 0], [2, 2], [0, 2]])
        False
    """
    corners = [tuple(map(float, corner)) for corner in np.asarray(polygon, np.float64)]
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    count = len(edges)
    return any(
        _segments_meet(*edges[i], *edges[j])
        for i in range(count)
        for j in range(i + 2, count)
        if (i, j) != (0, count - 1)
    )


_Point = tuple[float, ...]


def _segments_meet(a: _Point, b: _Point, c: _Point, d: _Point) -> bool:
    def turn(p: _Point, q: _Point, r: _Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def between(p: _Point, q: _Point, r: _Point) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(
            p[1], q[1]
        )

    t1, t2, t3, t4 = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if ((t1 > 0) != (t2 > 0)) and ((t3 > 0) != (t4 > 0)) and 0.0 not in (t1, t2, t3, t4):
        return True
    touching = ((t1, a, b, c), (t2, a, b, d), (t3, c, d, a), (t4, c, d, b))
    return any(t == 0 and between(p, q, r) for t, p, q, r in touching)


def _areas(boxes: Boxes) -> NDArray[np.float32]:
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1))
