"""Tell a thing that was put down from one that was taken away and from a change of light."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.uint8]
Box = tuple[float, float, float, float]

SAME_LIGHT_CORRELATION = 0.85  # texture kept, brightness not: a shadow or a ray of sun
LEAST_TEXTURE = 4.0  # grey levels; without texture there is nothing to correlate
MARGIN_PX = 6
MOST_POINTS = 128  # colours compared with each other


def is_put_down(now: Picture, before: Picture, mask: Mask, box: Box) -> bool:
    """Return whether a region that changed is a thing that was put there.

    Two signs are weighed: whether the edge along the region's rim grew or faded (San Miguel and
    Martinez, "Robust unattended and stolen object detection", AVSS 2008), and whether the region
    became less or more like what lies around it. A region that kept its texture and only changed
    its brightness is light or shadow.

    Args:
        now: (h, w, 3) uint8, averaged picture of the last seconds.
        before: (h, w, 3) uint8, the background without the region.
        mask: (h, w) uint8, 255 in the region.
        box: the region's `x1 y1 x2 y2` in pixels.
    """
    left, top, right, bottom = (int(value) for value in box)
    part = np.s_[max(0, top - MARGIN_PX) : bottom + MARGIN_PX,
                 max(0, left - MARGIN_PX) : right + MARGIN_PX]  # fmt: skip
    now, before, inside = now[part], before[part], mask[part] > 0
    grey_now, grey_before = _grey(now), _grey(before)
    if _correlation(grey_now[inside], grey_before[inside]) > SAME_LIGHT_CORRELATION:
        return False
    grown, shrunk = _dilated(inside, 3), ~_dilated(~inside, 3)
    rim = grown & ~shrunk
    around = _dilated(inside, 11) & ~grown
    if not around.any():
        return False
    edges = _ratio(_edges(grey_now)[rim].mean(), _edges(grey_before)[rim].mean())
    strangeness = _ratio(
        _strangeness(now[inside], now[around]), _strangeness(before[inside], before[around])
    )
    return edges + strangeness > 0


def _ratio(first: float, second: float) -> float:
    return float(np.log((first + 2.0) / (second + 2.0)))


def _strangeness(inside: NDArray[np.uint8], around: NDArray[np.uint8]) -> float:
    """How far the colours inside lie from the nearest ones around, mean, in grey levels."""
    first, second = _thinned(inside), _thinned(around)
    apart = np.zeros((len(first), len(second)), np.int16)
    for colour in range(3):
        between = first[:, colour, None] - second[None, :, colour]
        np.maximum(apart, np.abs(between, out=between), out=apart)
    return float(apart.min(axis=1).mean())


def _thinned(colours: NDArray[np.uint8]) -> NDArray[np.int16]:
    return colours[:: -(-len(colours) // MOST_POINTS)].astype(np.int16)


def _grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _edges(grey: Picture) -> NDArray[np.float32]:
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _dilated(where: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    square = np.ones((side, side), np.uint8)
    return np.asarray(cv2.dilate(where.astype(np.uint8), square), np.bool_)


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> float:
    """How alike two textures are in spite of brightness and contrast; 0 where there is none."""
    a = first.astype(np.float32) - first.mean()
    b = second.astype(np.float32) - second.mean()
    if min(a.std(), b.std()) < LEAST_TEXTURE:
        return 0.0
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
