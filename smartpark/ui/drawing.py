"""Between a scene file and what is drawn: shapes with ids, and the rules that hang on them."""

from collections.abc import Mapping, Sequence
from typing import Any

Shape = dict[str, Any]  # id, sort (zone, line, mask, ground), name, points in pixels

DEFAULT_GROUND_M = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def shapes_of(spec: Mapping[str, Any], *, width: int, height: int) -> list[Shape]:
    """Return the shapes of a scene, moved inside a picture of this size.

    Example:
        >>> line = {"name": "Gate", "start": [0, 0], "end": [9, 99], "rules": []}
        >>> shapes_of({"lines": [line]}, width=50, height=50)[0]["points"]
        [[0, 0], [9, 49]]
    """

    def inside(points: Sequence[Sequence[float]]) -> list[list[float]]:
        return [[min(max(x, 0), width - 1), min(max(y, 0), height - 1)] for x, y in points]

    shapes: list[Shape] = []

    def add(sort: str, name: str, points: Sequence[Sequence[float]]) -> None:
        number = len(shapes) + 1
        shapes.append({"id": f"i{number}", "sort": sort, "name": name, "points": inside(points)})

    for zone in spec.get("zones", []):
        add("zone", zone["name"], zone["polygon"])
    for line in spec.get("lines", []):
        add("line", line["name"], [line["start"], line["end"]])
    for mask in spec.get("privacy_masks", []):
        add("mask", "", mask)
    if spec.get("calibration"):
        add("ground", "", spec["calibration"]["image_points"])
    return shapes


def rules_of(spec: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the rules by the id that `shapes_of` gives their shape."""
    carriers = [*spec.get("zones", []), *spec.get("lines", [])]
    return {
        f"i{number}": [dict(rule) for rule in carrier.get("rules", [])]
        for number, carrier in enumerate(carriers, 1)
    }


def spec_of(
    shapes: Sequence[Shape],
    rules: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    name: str,
    scene_rules: Sequence[Mapping[str, Any]],
    ground_m: Sequence[Sequence[float]],
    tiling: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the scene in the form of a scene file.

    Args:
        shapes: what is drawn.
        rules: by shape id.
        name: of the scene.
        scene_rules: rules of the whole picture.
        ground_m: the four ground points in metres; used where ground points are drawn.
        tiling: `columns`, `rows`, `overlap`, or None.
    """

    def of(sort: str) -> list[Shape]:
        return [shape for shape in shapes if shape["sort"] == sort]

    ground = of("ground")
    return {
        "name": name,
        "calibration": {
            "image_points": ground[0]["points"],
            "ground_points_m": [[float(x), float(y)] for x, y in ground_m],
        }
        if ground
        else None,
        "zones": [
            {
                "name": shape["name"],
                "polygon": shape["points"],
                "rules": [dict(rule) for rule in rules.get(shape["id"], [])],
            }
            for shape in of("zone")
        ],
        "lines": [
            {
                "name": shape["name"],
                "start": shape["points"][0],
                "end": shape["points"][1],
                "rules": [dict(rule) for rule in rules.get(shape["id"], [])],
            }
            for shape in of("line")
        ],
        "rules": [dict(rule) for rule in scene_rules],
        "privacy_masks": [shape["points"] for shape in of("mask")],
        "tiling": dict(tiling) if tiling else None,
    }
