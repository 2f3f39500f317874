"""Make the rules of a scene, ready to observe."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from smartpark.core.scene import Line, RuleSpec, Scene, Zone

if TYPE_CHECKING:
    from smartpark.core.protocols import Rule

_Placed = tuple[RuleSpec, Zone | None, Line | None]


def build_rules(
    scene: Scene, *, fps: float, size: tuple[int, int], load: Callable[[str], Any]
) -> "list[Rule]":
    """Return a rule for each one that the scene names, in the scene's order.

    Args:
        scene: the scene, as `parse_scene` gave it.
        fps: the clip's frames per second.
        size: the clip's `(width, height)` in pixels.
        load: gives the class of a rule by its kind, such as `partial(plugins.load, "rule")`.

    Example:
        >>> from smartpark.events.rules.intrusion import Intrusion
        >>> lawn = Zone("Lawn", ((0, 0), (9, 0), (9, 9)), (RuleSpec("intrusion"),))
        >>> [
        ...     rule.kind
        ...     for rule in build_rules(
        ...         Scene("Gate", zones=(lawn,)), fps=25, size=(9, 9), load=lambda kind: Intrusion
        ...     )
        ... ]
        ['intrusion']
    """
    rules: list[Rule] = []
    taken: set[str] = set()
    for spec, zone, line in _placed(scene):
        name = _free_name(spec.kind, zone or line, taken)
        taken.add(name)
        rules.append(
            load(spec.kind)(
                spec,
                zone=zone,
                line=line,
                calibration=scene.calibration,
                fps=fps,
                size=size,
                name=name,
            )
        )
    return rules


def _placed(scene: Scene) -> Iterator[_Placed]:
    for zone in scene.zones:
        yield from ((spec, zone, None) for spec in zone.rules)
    for line in scene.lines:
        yield from ((spec, None, line) for spec in line.rules)
    yield from ((spec, None, None) for spec in scene.rules)


def _free_name(kind: str, place: Zone | Line | None, taken: set[str]) -> str:
    wanted = f"{kind}-{place.name}" if place else kind
    name, copy = wanted, 1
    while name in taken:
        copy += 1
        name = f"{wanted}#{copy}"
    return name
