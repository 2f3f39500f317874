"""The zone or line that a rule was given, for rules that cannot do without one."""

from smartpark.core.errors import SceneError
from smartpark.core.scene import Calibration, Line, Zone
from smartpark.core.text import Text
from smartpark.events.sights import Where


def zone_of(kind: str, where: Where) -> Zone:
    """Return the zone that a rule watches.

    Raises:
        SceneError: it was given none.
    """
    if where["zone"] is None:
        raise SceneError(
            Text(
                en=f"The rule {kind!r} watches a zone and was given none. Put it into a zone.",
                zh=f"规则“{kind}”需要区域，但没有指定，请放入某个区域。",
            )
        )
    return where["zone"]


def line_of(kind: str, where: Where) -> Line:
    """Return the line that a rule watches.

    Raises:
        SceneError: it was given none.
    """
    if where["line"] is None:
        raise SceneError(
            Text(
                en=f"The rule {kind!r} watches a line and was given none. Put it onto a line.",
                zh=f"规则“{kind}”需要线，但没有指定，请放到某条线上。",
            )
        )
    return where["line"]


def calibration_of(kind: str, where: Where) -> Calibration:
    """Return how the picture maps to metres.

    Raises:
        SceneError: the scene has no calibration.
    """
    if where["calibration"] is None:
        raise SceneError(
            Text(
                en=f"The rule {kind!r} measures metres and the scene has no calibration. Add one.",
                zh=f"规则“{kind}”按米测量，但场景没有标定，请添加。",
            )
        )
    return where["calibration"]
