"""Draw zones and lines."""

from typing import Any


def draw_scene_editor(screen: Any, clip: Any, first_picture: Any) -> None:
    """Stub."""
