"""Scenes to begin with: zones and lines for common views, to be dragged into place."""

from typing import Any

from smartpark.core.text import Language
from smartpark.ui.messages import say

PRESETS = ("path", "lawn", "square", "road")
_PEOPLE = ["person"]


def preset(name: str, *, width: int, height: int, language: Language) -> dict[str, Any]:
    """Return a scene for a kind of view, in the form of a scene file.

    Args:
        name: one of `PRESETS`.
        width: of the clip, pixels.
        height: of the clip, pixels.
        language: of the names.

    Example:
        >>> scene = preset("path", width=100, height=100, language="en")
        >>> [line["name"] for line in scene["lines"]]
        ['Path']
    """

    def place(x: float, y: float) -> list[float]:
        return [round(x * (width - 1)), round(y * (height - 1))]

    def area(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
        return [place(left, top), place(right, top), place(right, bottom), place(left, bottom)]

    title = say(f"preset.{name}_name", language)
    whole, lower, line = area(0.1, 0.2, 0.9, 0.95), area(0.05, 0.55, 0.95, 0.95), []
    across = {"name": title, "start": place(0.15, 0.6), "end": place(0.85, 0.6)}
    if name == "path":
        zones: list[dict[str, Any]] = []
        line = [{**across, "rules": [{"kind": "count"}]}]
    elif name == "lawn":
        rules = [{"kind": "intrusion", "labels": _PEOPLE}, {"kind": "loitering", "labels": _PEOPLE}]
        zones = [{"name": title, "polygon": lower, "rules": rules}]
    elif name == "square":
        rules = [{"kind": "crowd", "labels": _PEOPLE}, {"kind": "left_object"}]
        zones = [{"name": title, "polygon": whole, "rules": rules}]
    else:
        zones = [{"name": title, "polygon": lower, "rules": [{"kind": "stopped_vehicle"}]}]
        line = [{**across, "rules": [{"kind": "count"}, {"kind": "wrong_way"}]}]
    return {"name": title, "zones": zones, "lines": line, "rules": [], "privacy_masks": []}
