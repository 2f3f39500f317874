"""Pictures with what nobody may see covered."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw


def covered(path: Path, masks: Sequence[Sequence[tuple[float, float]]]) -> str:
    """Return a picture as a `data:` address, its privacy masks painted black.

    Args:
        path: a picture.
        masks: polygons as shares of the picture's width and height.
    """
    with Image.open(path) as stored:
        image = stored.convert("RGB")
    brush = ImageDraw.Draw(image)
    for mask in masks:
        brush.polygon([(x * image.width, y * image.height) for x, y in mask], fill="black")
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode()
