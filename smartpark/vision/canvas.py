"""Draw straight on planar 4:2:0 pictures: no conversion to RGB and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from smartpark.core.geometry import Points

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
Stroke = tuple[Points, Colour, int]

# Sub-pixel bits of OpenCV's drawing functions.
_SHIFT = 4
_WEIGHT = 600
_INK_DARK: Colour = (16, 20, 24)
_INK_LIGHT: Colour = (255, 255, 255)


def i420_planes(i420: Picture) -> tuple[Picture, Picture, Picture]:
    """Return views of the Y (h, w), U and V (h/2, w/2) planes of a contiguous I420 picture."""
    height, width = i420.shape[0] * 2 // 3, i420.shape[1]
    flat = i420.reshape(-1)
    luma, chroma = height * width, height * width // 4
    half = (height // 2, width // 2)
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + chroma].reshape(half),
        flat[luma + chroma : luma + 2 * chroma].reshape(half),
    )


def rgb_to_i420(image: Picture) -> Picture:
    """Return an RGB picture of even size as (h * 3 / 2, w) planar 4:2:0, limited range."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), np.uint8)


def i420_to_rgb(i420: Picture) -> Picture:
    """Return planar 4:2:0, limited range, as (h, w, 3) RGB."""
    return np.asarray(cv2.cvtColor(i420, cv2.COLOR_YUV2RGB_I420), np.uint8)


@lru_cache(maxsize=256)
def to_yuv(colour: Colour) -> Colour:
    """Return an RGB colour as 8-bit limited-range Y'CbCr (ITU-R BT.601-7, 2.5.1 to 2.5.3).

    Example:
        >>> to_yuv((255, 255, 255))
        (235, 128, 128)
    """
    r, g, b = (channel / 255 for channel in colour)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    blue, red = (b - luma) / 1.772, (r - luma) / 1.402
    return round(16 + 219 * luma), round(128 + 224 * blue), round(128 + 224 * red)


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A small opaque picture of even size, ready to be copied onto the planes.

    Attributes:
        width: pixels, even.
        height: pixels, even.
        planes: Y, U and V.
    """

    width: int
    height: int
    planes: tuple[Picture, Picture, Picture]


@lru_cache(maxsize=512)
def tag(text: str, colour: Colour, size: int) -> Sprite:
    """Return `text` on a plate of `colour`, with letters `size` pixels high.

    OpenCV's built-in font is used: it has Chinese characters, and needs no font on the machine.
    """
    ink = _INK_DARK if to_yuv(colour)[0] > 130 else _INK_LIGHT
    font = _font()
    # One height for all plates of a size, whatever letters they carry.
    _, top, _, line_height = cv2.getTextSize((1, 1), "国Ay", (0, 0), font, size, _WEIGHT)
    x, _, width, _ = cv2.getTextSize((1, 1), text, (0, 0), font, size, _WEIGHT)
    pad = max(2, size // 4)
    plate_width = width + 2 * pad + width % 2
    plate_height = line_height + line_height % 2
    plate = np.full((plate_height, plate_width, 3), colour, np.uint8)
    cv2.putText(plate, text, (pad - x, -top), ink, font, size, _WEIGHT)
    planes = i420_planes(rgb_to_i420(plate))
    return Sprite(plate_width, plate_height, planes)


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("uni")


class Canvas:
    """The planes of one picture, with the few shapes that an overlay needs."""

    def __init__(self, i420: Picture) -> None:
        self.planes = i420_planes(i420)
        self.height, self.width = self.planes[0].shape

    def rectangle(self, box: Sequence[int], colour: Colour, thickness: int) -> None:
        """Draw the outline of `x1 y1 x2 y2`, in pixels."""
        x1, y1, x2, y2 = (value & ~1 for value in box)
        for shrink, plane, value in zip((0, 1, 1), self.planes, to_yuv(colour), strict=True):
            cv2.rectangle(
                plane,
                (x1 >> shrink, y1 >> shrink),
                (x2 >> shrink, y2 >> shrink),
                value,
                max(1, thickness >> shrink),
            )

    def path(self, points: Points, colour: Colour, thickness: int) -> None:
        """Draw a smooth line through (n, 2) points, in pixels."""
        self.path_yuv(points, to_yuv(colour), thickness)

    def path_yuv(self, points: Points, yuv: Colour, thickness: int) -> None:
        """Draw like `path`, with a colour given as Y'CbCr."""
        fine = np.rint(points * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)
        corners = (fine, fine >> 1, fine >> 1)
        for shrink, path, plane, value in zip((0, 1, 1), corners, self.planes, yuv, strict=True):
            cv2.polylines(
                plane,
                [path],
                False,  # noqa: FBT003 - OpenCV's "closed" is positional
                value,
                max(1, thickness >> shrink),
                # Colour is seen less sharply than brightness: smooth edges there are wasted work.
                cv2.LINE_8 if shrink else cv2.LINE_AA,
                _SHIFT,
            )

    def blit(self, sprite: Sprite, x: int, y: int) -> None:
        """Copy `sprite` with its top left corner at or near (x, y), kept inside the picture."""
        x = max(0, min(x, self.width - sprite.width)) & ~1
        y = max(0, min(y, self.height - sprite.height)) & ~1
        for shrink, plane, source in zip((0, 1, 1), self.planes, sprite.planes, strict=True):
            rows, columns = y >> shrink, x >> shrink
            target = plane[rows : rows + source.shape[0], columns : columns + source.shape[1]]
            target[:] = source[: target.shape[0], : target.shape[1]]


class Stencil:
    """Paths that never change, drawn once and laid over each picture in some microseconds.

    Args:
        width: of the picture, pixels, even.
        height: of the picture, pixels, even.
        paths: points, colour and thickness of each; later ones lie on top.
    """

    def __init__(self, width: int, height: int, paths: Sequence[Stroke]) -> None:
        cover = np.zeros((height * 3 // 2, width), np.uint8)
        bounds = (height * width, height * width * 5 // 4)
        # Only touched pixels are kept: whole pictures of weights would not fit for 8K clips.
        places, ink, seen = np.empty(0, np.intp), np.empty(0), np.empty(0)
        for points, colour, thickness in paths:
            cover[:] = 0
            Canvas(cover).path_yuv(points, (255, 255, 255), thickness)
            touched = np.flatnonzero(cover)
            share = cover.reshape(-1)[touched] / 255
            value = np.take(to_yuv(colour), np.searchsorted(bounds, touched, side="right"))
            both = np.union1d(places, touched)
            ink = _spread(ink, places, both)
            seen = _spread(seen, places, both)
            at = np.searchsorted(both, touched)
            ink[at] += (value - ink[at]) * share
            seen[at] += (1 - seen[at]) * share
            places = both
        keep = np.rint(256 * (1 - seen)).astype(np.uint16)
        level = np.rint(ink).astype(np.uint16)
        solid = keep == 0
        self._solid, self._edge = places[solid], places[~solid]
        self._solid_ink = level[solid].astype(np.uint8)
        self._edge_ink, self._edge_keep = level[~solid], keep[~solid]

    def lay(self, i420: Picture) -> None:
        """Draw the paths on `i420`, in place."""
        flat = i420.reshape(-1)
        flat[self._solid] = self._solid_ink
        below = flat[self._edge] * self._edge_keep
        flat[self._edge] = np.minimum((below >> 8) + self._edge_ink, 255)


def _spread(
    values: NDArray[np.float64], places: NDArray[np.intp], wider: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return `values` of sorted `places` among the sorted places of `wider`, zero elsewhere."""
    out = np.zeros(len(wider))
    out[np.searchsorted(wider, places)] = values
    return out


class Tint:
    """A polygon whose colour is shifted while its brightness stays: details remain visible."""

    def __init__(
        self, width: int, height: int, polygon: Points, colour: Colour, strength: float
    ) -> None:
        mask = np.zeros((height // 2, width // 2), np.uint8)
        corners = np.rint(polygon / 2).astype(np.int32)
        cv2.fillPoly(mask, [corners.reshape(-1, 1, 2)], 255)
        x, y, columns, rows = cv2.boundingRect(mask)
        self._window = (slice(y, y + rows), slice(x, x + columns))
        self._mask = np.ascontiguousarray(mask[self._window])
        self._shifts = [round(strength * (value - 128)) for value in to_yuv(colour)[1:]]

    def lay(self, i420: Picture) -> None:
        """Shift the colour of the polygon in `i420`, in place."""
        if not self._mask.size:
            return
        for plane, shift in zip(i420_planes(i420)[1:], self._shifts, strict=True):
            part = plane[self._window]
            change = cv2.add if shift > 0 else cv2.subtract
            change(part, abs(shift), dst=part, mask=self._mask)  # type: ignore[call-overload]  # scalar
