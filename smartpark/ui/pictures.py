"""Pictures of clips, with what nobody may see covered."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image, ImageDraw
from sqlalchemy.orm import Session

from smartpark.store.clips import StoredClip
from smartpark.store.scenes import list_scenes
from smartpark.ui.cards import picture
from smartpark.ui.page import Screen

Masks = Sequence[Sequence[Sequence[float]]]


def covered(path: Path, masks: Masks, *, width: int, height: int) -> bytes:
    """Return a small picture of a clip as JPEG, its privacy masks painted black.

    Args:
        path: the picture, of any size.
        masks: polygons in pixels of the clip.
        width: of the clip, pixels.
        height: of the clip, pixels.
    """
    with Image.open(path) as stored:
        image = stored.convert("RGB")
    across, down = image.width / width, image.height / height
    brush = ImageDraw.Draw(image)
    for mask in masks:
        brush.polygon([(x * across, y * down) for x, y in mask], fill="black")
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()


def as_address(jpeg: bytes) -> str:
    """Return a picture as a `data:` address."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def masks_by_scene(db: Session) -> dict[int | None, Masks]:
    """Return the privacy masks of every scene that has some."""
    found = {scene.id: scene.spec.get("privacy_masks") for scene in list_scenes(db)}
    return {scene_id: masks for scene_id, masks in found.items() if masks}


def clip_picture(
    screen: Screen, clip: StoredClip, masks: dict[int | None, Masks], *, key: str
) -> None:
    """Draw the first picture of a clip on a card, what its scene masks covered."""
    path = screen.path(clip.thumbnail) if clip.thumbnail else None
    hidden = masks.get(clip.scene_id)
    if path is None or not path.is_file() or hidden is None:
        picture(path, alt=clip.name, key=key)
        return
    size = {"width": clip.info.width, "height": clip.info.height}
    with st.container(key=f"picture_{key}"):
        st.image(covered(path, hidden, **size), width="stretch", alt=clip.name)
