"""Ready-made sets of rules, so that a zone or line is useful after one click."""

from dataclasses import dataclass

from smartpark.core.scene import RuleSpec
from smartpark.core.text import Text
from smartpark.events.forms import Level


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of rules that belong together.

    Attributes:
        id: name for code and tests.
        level: what it is applied to: a zone, a line or the whole scene.
        label: its name in words.
        hint: what it is for.
        rules: the rules it adds, at that level.
        needs_calibration: whether one of them measures metres.
    """

    id: str
    level: Level
    label: Text
    hint: Text
    rules: tuple[RuleSpec, ...]
    needs_calibration: bool = False


PRESETS: tuple[Preset, ...] = (
    Preset(
        id="restricted",
        level="zone",
        label=Text(en="Restricted area", zh="禁入区域"),
        hint=Text(en="Nobody should be here.", zh="任何人不得进入。"),
        rules=(RuleSpec("intrusion", (), {"min_s": 1.0}),),
    ),
    Preset(
        id="quiet",
        level="zone",
        label=Text(en="Quiet zone", zh="静区"),
        hint=Text(en="People may pass, but not hang around.", zh="允许通行，不宜久留。"),
        rules=(RuleSpec("loitering", (), {"min_s": 60.0}),),
    ),
    Preset(
        id="square",
        level="zone",
        label=Text(en="Square", zh="广场"),
        hint=Text(en="Crowds and things left behind.", zh="关注人群聚集和遗留物品。"),
        rules=(
            RuleSpec("crowd", (), {"max_count": 30, "min_s": 5.0}),
            RuleSpec("left_object", (), {"min_s": 20.0}),
        ),
    ),
    Preset(
        id="no_parking",
        level="zone",
        label=Text(en="No stopping", zh="禁止停车"),
        hint=Text(en="Vehicles must not stand here.", zh="车辆不得停留。"),
        rules=(RuleSpec("stopped_vehicle", (), {"min_s": 30.0}),),
    ),
    Preset(
        id="doorway",
        level="line",
        label=Text(en="Doorway", zh="出入口"),
        hint=Text(en="Count people in and out.", zh="统计进出人数。"),
        rules=(RuleSpec("count", ("person",)),),
    ),
    Preset(
        id="one_way",
        level="line",
        label=Text(en="One-way road", zh="单行道"),
        hint=Text(
            en="Count vehicles; report those against the direction.", zh="统计车辆，报告逆行。"
        ),
        rules=(RuleSpec("count"), RuleSpec("wrong_way", (), {"allowed": "in"})),
    ),
    Preset(
        id="slow_road",
        level="line",
        label=Text(en="Slow road", zh="限速道路"),
        hint=Text(
            en="Count vehicles; report those above 20 km/h.",
            zh="统计车辆，报告超过 20 公里/小时的。",
        ),
        rules=(RuleSpec("count"), RuleSpec("speed", (), {"max_kmh": 20.0})),
        needs_calibration=True,
    ),
    Preset(
        id="no_running",
        level="scene",
        label=Text(en="No running", zh="禁止奔跑"),
        hint=Text(en="Running anywhere in the picture.", zh="画面内任何人奔跑。"),
        rules=(RuleSpec("running"),),
    ),
)


def presets_for(level: Level) -> tuple[Preset, ...]:
    """Return the presets for a zone, a line or the scene.

    Example:
        >>> [preset.id for preset in presets_for("line")]
        ['doorway', 'one_way', 'slow_road']
    """
    return tuple(preset for preset in PRESETS if preset.level == level)
