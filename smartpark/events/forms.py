"""What each rule is called, where it belongs and which figures it takes; light enough for a screen.

The figures are pydantic models, so that the scene parser and the scene editor read one table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from smartpark.core.text import Text

Level = Literal["zone", "line", "scene"]
VEHICLES = ("bicycle", "car", "motorcycle", "bus", "truck")
MOTOR_VEHICLES = ("car", "motorcycle", "bus", "truck")

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class ParamForm:
    """One figure of a rule, as a form field.

    Attributes:
        name: its name in the scene file, such as `min_s`.
        label: what it means.
        unit: its unit; empty for counts and choices.
        default: the value where none is given.
        minimum: smallest value, or None for a choice.
        maximum: largest value, or None for a choice.
        choices: the values to choose from; empty for a number.
        whole: whether only whole numbers fit.
    """

    name: str
    label: Text
    unit: str
    default: float | int | str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class RuleForm:
    """One kind of rule, as the scene editor offers it.

    Attributes:
        kind: name of the rule plug-in.
        level: where the rule belongs: a zone, a line or the whole scene.
        label: its name in words.
        hint: what it tells, in one sentence.
        labels: class names it looks at unless the operator names others; empty means all.
        needs_calibration: whether the scene must say where the ground is, in metres.
        params: its figures.
        model: the pydantic model that reads its figures.
    """

    kind: str
    level: Level
    label: Text
    hint: Text
    labels: tuple[str, ...]
    needs_calibration: bool
    params: tuple[ParamForm, ...]
    model: type[BaseModel]


def _not_text_or_bool(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("number")
    return value


Number = Annotated[float, BeforeValidator(_not_text_or_bool)]
Whole = Annotated[int, BeforeValidator(_not_text_or_bool)]


def number(default: float, *, least: float, most: float, unit: str, label: Text) -> Any:
    """Return the pydantic field of a rule's figure between `least` and `most`."""
    extra: dict[str, Any] = {"unit": unit, "en": label.en, "zh": label.zh}
    return Field(default, ge=least, le=most, allow_inf_nan=False, json_schema_extra=extra)


def _seconds(default: float, label: Text) -> Any:
    return number(default, least=0, most=_DAY_S, unit="s", label=label)


class Params(BaseModel):
    """Figures of a rule: checked, complete, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)


class IntrusionParams(Params):
    """Figures of `intrusion`."""

    min_s: Number = _seconds(1.0, Text(en="Shortest stay", zh="最短停留时间"))


class LoiteringParams(Params):
    """Figures of `loitering`."""

    min_s: Number = _seconds(30.0, Text(en="Longest stay allowed", zh="允许停留的最长时间"))


class CrowdParams(Params):
    """Figures of `crowd`."""

    max_count: Whole = number(
        10, least=0, most=10_000, unit="", label=Text(en="Most people allowed", zh="允许的最多人数")
    )
    min_s: Number = _seconds(2.0, Text(en="For at least", zh="至少持续"))


class CountParams(Params):
    """`count` takes no figures."""


class WrongWayParams(Params):
    """Figures of `wrong_way`."""

    allowed: Literal["in", "out"] = Field(
        "in",
        json_schema_extra={"unit": "", "en": "Allowed direction", "zh": "允许的方向"},
    )


class SpeedParams(Params):
    """Figures of `speed`."""

    max_kmh: Number = number(
        20.0, least=1, most=400, unit="km/h", label=Text(en="Speed limit", zh="限速")
    )


class LeftObjectParams(Params):
    """Figures of `left_object`."""

    min_s: Number = number(
        5.0,
        least=1,
        most=_DAY_S,
        unit="s",
        label=Text(en="Left alone for at least", zh="无人看管至少"),
    )


class StoppedVehicleParams(Params):
    """Figures of `stopped_vehicle`."""

    min_s: Number = _seconds(10.0, Text(en="Longest stop allowed", zh="允许停车的最长时间"))


class RunningParams(Params):
    """Figures of `running`."""

    min_mps: Number = number(
        2.8,
        least=0.5,
        most=12,
        unit="m/s",
        label=Text(en="Speed, with calibration", zh="速度（已标定）"),
    )
    min_heights_per_s: Number = number(
        1.6,
        least=0.3,
        most=8,
        unit="body heights/s",
        label=Text(en="Speed, without calibration", zh="速度（未标定）"),
    )
    min_s: Number = _seconds(0.8, Text(en="For at least", zh="至少持续"))


_CATALOGUE: tuple[tuple[str, Level, Text, Text, tuple[str, ...], type[BaseModel]], ...] = (
    (
        "intrusion",
        "zone",
        Text(en="Intrusion", zh="区域入侵"),
        Text(en="Somebody enters a zone where nobody should be.", zh="有人进入禁止进入的区域。"),
        ("person",),
        IntrusionParams,
    ),
    (
        "loitering",
        "zone",
        Text(en="Loitering", zh="徘徊滞留"),
        Text(en="Somebody stays in a zone longer than allowed.", zh="有人在区域内停留时间过长。"),
        ("person",),
        LoiteringParams,
    ),
    (
        "crowd",
        "zone",
        Text(en="Crowd", zh="人群聚集"),
        Text(en="More people are in a zone than allowed.", zh="区域内人数超过上限。"),
        ("person",),
        CrowdParams,
    ),
    (
        "left_object",
        "zone",
        Text(en="Left object", zh="遗留物品"),
        Text(
            en="Something was put down and its owner walked away.",
            zh="物品被放下，且主人已离开。",
        ),
        ("person",),
        LeftObjectParams,
    ),
    (
        "stopped_vehicle",
        "zone",
        Text(en="Stopped vehicle", zh="违规停车"),
        Text(en="A vehicle stands still longer than allowed.", zh="车辆停留时间过长。"),
        MOTOR_VEHICLES,
        StoppedVehicleParams,
    ),
    (
        "count",
        "line",
        Text(en="Count", zh="过线计数"),
        Text(
            en="Counts what crosses a line, in and out; raises no alert.",
            zh="统计双向越过该线的数量，不产生警报。",
        ),
        (),
        CountParams,
    ),
    (
        "wrong_way",
        "line",
        Text(en="Wrong way", zh="逆行"),
        Text(en="A vehicle crosses a line against its direction.", zh="车辆逆向越过该线。"),
        VEHICLES,
        WrongWayParams,
    ),
    (
        "speed",
        "line",
        Text(en="Speed", zh="超速"),
        Text(
            en="A vehicle crosses a line too fast; needs calibration.",
            zh="车辆过线时超速；需要先标定。",
        ),
        VEHICLES,
        SpeedParams,
    ),
    (
        "running",
        "scene",
        Text(en="Running", zh="奔跑"),
        Text(en="Somebody runs.", zh="有人奔跑。"),
        ("person",),
        RunningParams,
    ),
)


@cache
def forms_by_kind() -> Mapping[str, RuleForm]:
    """Return the form of each built-in rule by its kind.

    Example:
        >>> forms_by_kind()["crowd"].level
        'zone'
    """
    return {
        kind: RuleForm(
            kind=kind,
            level=level,
            label=label,
            hint=hint,
            labels=labels,
            needs_calibration=kind == "speed",
            params=param_forms(model),
            model=model,
        )
        for kind, level, label, hint, labels, model in _CATALOGUE
    }


def known_forms(kinds: Iterable[str], load: Callable[[str], Any]) -> dict[str, RuleForm]:
    """Return the forms of the built-in rules and of strangers' plug-ins, by kind.

    Args:
        kinds: the names of all rule plug-ins, such as `plugins.names("rule")`.
        load: gives the class of a rule by its kind, such as `partial(plugins.load, "rule")`; it is
            asked for strangers' rules only. Such a class has `level` ("zone", "line" or "scene"),
            `Params`, and may have `label`, `hint` (both `Text`), `labels` and
            `needs_calibration`.

    Example:
        >>> class Flood:
        ...     kind, level, Params = "flood", "scene", Params
        >>> known_forms(["count", "flood"], lambda kind: Flood)["flood"].level
        'scene'
    """
    forms = dict(forms_by_kind())
    for kind in kinds:
        if kind not in forms:
            forms[kind] = _strangers_form(kind, load(kind))
    return forms


def _strangers_form(kind: str, rule_class: Any) -> RuleForm:
    name = Text(en=kind, zh=kind)
    return RuleForm(
        kind=kind,
        level=rule_class.level,
        label=getattr(rule_class, "label", name),
        hint=getattr(rule_class, "hint", name),
        labels=tuple(getattr(rule_class, "labels", ())),
        needs_calibration=bool(getattr(rule_class, "needs_calibration", False)),
        params=param_forms(rule_class.Params),
        model=rule_class.Params,
    )


def rule_forms() -> list[RuleForm]:
    """Return the built-in rules as forms, in the order in which an editor shows them.

    Example:
        >>> [form.kind for form in rule_forms() if form.level == "line"]
        ['count', 'wrong_way', 'speed']
    """
    return list(forms_by_kind().values())


def param_forms(model: type[BaseModel]) -> tuple[ParamForm, ...]:
    """Return the figures of a rule's pydantic model as form fields.

    Example:
        >>> [(form.name, form.default, form.unit) for form in param_forms(SpeedParams)]
        [('max_kmh', 20.0, 'km/h')]
    """
    return tuple(_param_form(name, info) for name, info in model.model_fields.items())


def _param_form(name: str, info: FieldInfo) -> ParamForm:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    bounds = {key: getattr(item, key) for item in info.metadata for key in ("ge", "le")
              if hasattr(item, key)}  # fmt: skip
    choices = get_args(info.annotation) if info.annotation not in (float, int) else ()
    return ParamForm(
        name=name,
        label=Text(en=str(extra.get("en", name)), zh=str(extra.get("zh", name))),
        unit=str(extra.get("unit", "")),
        default=info.default,
        minimum=bounds.get("ge"),
        maximum=bounds.get("le"),
        choices=tuple(str(choice) for choice in choices),
        whole=info.annotation is int,
    )
