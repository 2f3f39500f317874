"""Privacy masks: parts of the view that are never shown, stored or looked at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from smartpark.core.scene import Polygon
from smartpark.vision.canvas import Picture, i420_planes, to_yuv

_BLACK = (0, 0, 0)


class PrivacyMask:
    """Polygons of one view that are filled with black.

    Args:
        polygons: in pixels of the clip.
        width: of the clip, pixels.
        height: of the clip, pixels.
    """

    def __init__(self, polygons: Sequence[Polygon], *, width: int, height: int) -> None:
        self._polygons = [np.asarray(polygon, np.float64) for polygon in polygons]
        self._size = np.array([width, height], np.float64)

    def __bool__(self) -> bool:
        return bool(self._polygons)

    def burn_i420(self, i420: Picture) -> None:
        """Fill the polygons in a planar 4:2:0 picture of the clip's size, in place."""
        if not self._polygons:
            return
        for scale, plane, value in zip(
            (1.0, 0.5, 0.5), i420_planes(i420), to_yuv(_BLACK), strict=True
        ):
            self._fill(plane, np.array([scale, scale]), value)

    def burn_rgb(self, image: Picture) -> None:
        """Fill the polygons in an RGB or gray picture of any scale, in place."""
        if not self._polygons:
            return
        height, width = image.shape[:2]
        self._fill(image, np.array([width, height]) / self._size, 0)

    def _fill(self, plane: Picture, scale: NDArray[np.float64], value: int) -> None:
        # Pixel centres lie half a pixel in; one polygon at a time, as OpenCV leaves out what two
        # polygons of one call share.
        for polygon in self._polygons:
            corners = np.rint((polygon + 0.5) * scale - 0.5).astype(np.int32).reshape(-1, 1, 2)
            colour = (value,) * 3
            cv2.fillPoly(plane, [corners], colour)
            # A rim hides the mixed pixels that scaling leaves along the edge.
            cv2.polylines(plane, [corners], True, colour, 3)  # noqa: FBT003 - "closed" is positional
