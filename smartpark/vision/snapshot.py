"""Small pictures of single moments, as JPEG files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from smartpark.core.errors import StorageError
from smartpark.core.text import Text

JPEG_QUALITY = 85


def jpeg(image: NDArray[np.uint8]) -> bytes:
    """Return a (h, w, 3) uint8 RGB picture as JPEG bytes."""
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise StorageError(Text(en="A picture could not be encoded.", zh="图片编码失败。"))
    return bytes(data)


def save_jpeg(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a (h, w, 3) uint8 RGB picture; the folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(image))
