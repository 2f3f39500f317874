"""Read a scene (zones, lines, rules, masks, calibration) from JSON data, and write it back."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, Strict, ValidationError

from smartpark.core.errors import SceneError
from smartpark.core.scene import Calibration, Line, RuleSpec, Scene, Tiling, Zone
from smartpark.core.text import Text
from smartpark.events import scene_checks as checks
from smartpark.events.forms import RuleForm, forms_by_kind
from smartpark.events.scene_checks import Size, refuse

MAX_NAME = 80  # characters; longer ones do not fit the screens
MAX_ITEMS = 100  # zones, lines, masks or rules in one list
MAX_CORNERS = 200
MAX_FILE_BYTES = 1_000_000

_NAMES = {
    "zones": Text(en="zone", zh="区域"),
    "lines": Text(en="line", zh="线"),
    "privacy_masks": Text(en="privacy mask", zh="隐私遮罩"),
    "rules": Text(en="rule", zh="规则"),
    "calibration": Text(en="calibration", zh="标定"),
    "tiling": Text(en="tiling", zh="分块检测"),
    "polygon": Text(en="corner", zh="顶点"),  # what stands in it, by number
}
_POLYGON = Text(en="polygon", zh="多边形")
_LISTS = ("zones", "lines", "privacy_masks", "rules")


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


_Exact = Annotated[float, Strict(), AllowInfNan(allow_inf_nan=False)]
_Point = Annotated[tuple[_Exact, _Exact], Field(strict=False)]  # JSON has lists, not tuples


class _RuleData(_Data):
    model_config = ConfigDict(extra="allow", strict=True)

    kind: str
    labels: list[str] = []


class _ZoneData(_Data):
    name: str
    polygon: list[_Point]
    rules: list[_RuleData] = []


class _LineData(_Data):
    name: str
    start: _Point
    end: _Point
    rules: list[_RuleData] = []


class _CalibrationData(_Data):
    image_points: list[_Point]
    ground_points_m: list[_Point]


class _TilingData(_Data):
    columns: int
    rows: int
    overlap: float = 0.15


class _SceneData(_Data):
    name: str = "Scene"
    calibration: _CalibrationData | None = None
    zones: list[_ZoneData] = []
    lines: list[_LineData] = []
    privacy_masks: list[list[_Point]] = []
    rules: list[_RuleData] = []
    tiling: _TilingData | None = None


def parse_scene(
    data: object,
    *,
    width: int | None = None,
    height: int | None = None,
    forms: Mapping[str, RuleForm] | None = None,
) -> Scene:
    """Return the scene that JSON data describes.

    Args:
        data: what `json.loads` gave.
        width: the clip's width in pixels; with `height`, corners outside the picture are refused.
        height: the clip's height in pixels.
        forms: the rules that exist, by kind; the built-in ones where None.

    Raises:
        SceneError: the data is not a scene; the sentence names the zone, line or rule at fault.

    Example:
        >>> lawn = {
        ...     "name": "Lawn",
        ...     "polygon": [[0, 0], [9, 0], [9, 9]],
        ...     "rules": [{"kind": "intrusion", "min_s": 2}],
        ... }
        >>> parse_scene({"name": "Gate", "zones": [lawn]}).zones[0].rules[0].params["min_s"]
        2.0
    """
    read = _read(data)
    size = (width, height) if width is not None and height is not None else None
    parser = _Parser(size=size, forms=forms_by_kind() if forms is None else forms)
    return parser.scene(read)


def load_scene(path: Path, *, width: int | None = None, height: int | None = None) -> Scene:
    """Return the scene in a JSON file.

    Raises:
        SceneError: the file cannot be read, is not JSON or is not a scene.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SceneError(
                Text(
                    en=f"The scene file {path.name!r} is larger than 1 MB; a scene is a short "
                    "JSON file. Choose another file.",
                    zh=f"场景文件“{path.name}”超过 1 MB；场景应是简短的 JSON 文件，请另选文件。",
                )
            )
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SceneError(
            Text(
                en=f"The scene file {path.name!r} cannot be read. Check its name and its rights.",
                zh=f"无法读取场景文件“{path.name}”，请检查文件名和权限。",
            )
        ) from error
    except (ValueError, RecursionError) as error:
        raise SceneError(
            Text(
                en=f"The scene file {path.name!r} is not valid JSON. Save it from the scene "
                "editor, or correct it.",
                zh=f"场景文件“{path.name}”不是有效的 JSON，请从场景编辑器导出，或修正后重试。",
            )
        ) from error
    return parse_scene(data, width=width, height=height)


def scene_to_dict(scene: Scene) -> dict[str, Any]:
    """Return the scene as JSON data; `parse_scene` gives the same scene again.

    Example:
        >>> scene_to_dict(Scene("Gate"))["zones"]
        []
    """
    data: dict[str, Any] = {
        "name": scene.name,
        "calibration": None,
        "zones": [
            {
                "name": zone.name,
                "polygon": [list(corner) for corner in zone.polygon],
                "rules": [_rule_to_dict(rule) for rule in zone.rules],
            }
            for zone in scene.zones
        ],
        "lines": [
            {
                "name": line.name,
                "start": list(line.start),
                "end": list(line.end),
                "rules": [_rule_to_dict(rule) for rule in line.rules],
            }
            for line in scene.lines
        ],
        "privacy_masks": [[list(corner) for corner in mask] for mask in scene.privacy_masks],
        "rules": [_rule_to_dict(rule) for rule in scene.rules],
    }
    if scene.calibration is not None:
        data["calibration"] = {
            "image_points": [list(point) for point in scene.calibration.image_points],
            "ground_points_m": [list(point) for point in scene.calibration.ground_points_m],
        }
    if scene.tiling is not None:
        tiling = scene.tiling
        data["tiling"] = {
            "columns": tiling.columns,
            "rows": tiling.rows,
            "overlap": tiling.overlap,
        }
    return data


def _rule_to_dict(rule: RuleSpec) -> dict[str, Any]:
    return {"kind": rule.kind, "labels": list(rule.labels), **rule.params}


def _read(data: object) -> _SceneData:
    if not isinstance(data, dict):
        raise refuse(
            Text(en="Scene", zh="场景"),
            Text(
                en="expected a JSON object with zones, lines and rules. "
                "Save it from the scene editor.",
                zh="应为包含 zones、lines、rules 的 JSON 对象，请从场景编辑器导出。",
            ),
        )
    _catch_typing_errors(data)
    for key in _LISTS:
        if isinstance(data.get(key), list) and len(data[key]) > MAX_ITEMS:
            raise refuse(_plural(_NAMES[key]), checks.too_many(len(data[key]), MAX_ITEMS))
    try:
        return _SceneData.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise refuse(_where(first["loc"], data), checks.say_type_error(first)) from error


def _plural(noun: Text) -> Text:
    return Text(en=f"{noun.en[:1].upper()}{noun.en[1:]}s", zh=noun.zh)


def _catch_typing_errors(data: Mapping[Any, Any]) -> None:
    # A word of a stranger's own is left alone; one that is nearly ours would be lost in silence.
    known = list(_SceneData.model_fields)
    for key in data:
        if isinstance(key, str) and len(key) < 40 and key not in known:
            close = get_close_matches(key, known, n=1, cutoff=0.75)
            if close:
                raise refuse(
                    Text(en="Scene", zh="场景"),
                    Text(
                        en=f"{key!r} is not a part of a scene; did you mean {close[0]!r}?",
                        zh=f"场景中没有“{key}”这一项，是否想写“{close[0]}”？",
                    ),
                )


def _where(loc: tuple[int | str, ...], data: Any) -> Text:
    """Return the place of a pydantic error in words: `Zone “Lawn”, rule 2`."""
    parts: list[Text] = []
    value = data
    for step, following in zip(loc, [*loc[1:], None], strict=True):
        value = _step(value, step)
        if isinstance(step, str) and step in _NAMES and isinstance(following, int):
            named = _step(_step(value, following), "name")
            parts.append(checks.titled(_NAMES[step], named, following + 1, first=not parts))
        elif isinstance(step, str):
            is_list = step in _LISTS and len(parts) == 0
            named = _NAMES.get(step, Text(en=step, zh=step)) if step != "polygon" else _POLYGON
            parts.append(_plural(named) if is_list else named)
    if not parts:
        return Text(en="Scene", zh="场景")
    en = ", ".join(part.en for part in parts)
    return Text(en=en[:1].upper() + en[1:], zh="，".join(part.zh for part in parts))


def _step(value: Any, step: Any) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


class _Parser:
    """Turns data of the right types into a scene, or refuses with a sentence."""

    def __init__(self, *, size: Size | None, forms: Mapping[str, RuleForm]) -> None:
        self._size = size
        self._forms = forms

    def scene(self, data: _SceneData) -> Scene:
        calibration = self._calibration(data.calibration)
        zones = tuple(self._zone(zone, place) for place, zone in enumerate(data.zones, 1))
        lines = tuple(self._line(line, place) for place, line in enumerate(data.lines, 1))
        checks.no_twins(_NAMES["zones"], [zone.name for zone in zones])
        checks.no_twins(_NAMES["lines"], [line.name for line in lines])
        masks = tuple(
            self._polygon(checks.titled(_NAMES["privacy_masks"], None, place), mask)
            for place, mask in enumerate(data.privacy_masks, 1)
        )
        scene = Scene(
            name=checks.clean_name(Text(en="Scene", zh="场景"), data.name, MAX_NAME),
            zones=zones,
            lines=lines,
            rules=self._rules(Text(en="Scene", zh="场景"), data.rules, "scene"),
            privacy_masks=masks,
            calibration=calibration,
            tiling=self._tiling(data.tiling),
        )
        self._check_calibrated(scene)
        return scene

    def _zone(self, data: _ZoneData, place: int) -> Zone:
        name = checks.clean_name(checks.titled(_NAMES["zones"], None, place), data.name, MAX_NAME)
        where = checks.titled(_NAMES["zones"], name, place)
        return Zone(
            name=name,
            polygon=self._polygon(where, data.polygon),
            rules=self._rules(where, data.rules, "zone"),
        )

    def _line(self, data: _LineData, place: int) -> Line:
        name = checks.clean_name(checks.titled(_NAMES["lines"], None, place), data.name, MAX_NAME)
        where = checks.titled(_NAMES["lines"], name, place)
        checks.inside_picture(where, (data.start, data.end), self._size)
        checks.long_enough(where, data.start, data.end)
        rules = self._rules(where, data.rules, "line")
        return Line(name=name, start=data.start, end=data.end, rules=rules)

    def _polygon(self, where: Text, corners: list[_Point]) -> tuple[_Point, ...]:
        if len(corners) > MAX_CORNERS:
            raise refuse(where, checks.too_many(len(corners), MAX_CORNERS))
        open_corners = checks.without_repeats(corners)
        checks.simple_polygon(where, open_corners)
        checks.inside_picture(where, open_corners, self._size)
        return open_corners

    def _rules(self, where: Text, rules: list[_RuleData], level: str) -> tuple[RuleSpec, ...]:
        if len(rules) > MAX_ITEMS:
            raise refuse(where, checks.too_many(len(rules), MAX_ITEMS))
        return tuple(self._rule(where, rule, level) for rule in rules)

    def _rule(self, where: Text, data: _RuleData, level: str) -> RuleSpec:
        form = checks.known_rule(where, data.kind, self._forms)
        checks.right_level(where, form, level)
        labels = checks.clean_labels(where, form, data.labels)
        params = checks.good_params(where, form, data.model_extra or {})
        return RuleSpec(kind=form.kind, labels=labels, params=params)

    def _calibration(self, data: _CalibrationData | None) -> Calibration | None:
        if data is None:
            return None
        checks.good_calibration(data.image_points, data.ground_points_m)
        return Calibration(
            image_points=tuple(data.image_points), ground_points_m=tuple(data.ground_points_m)
        )

    def _tiling(self, data: _TilingData | None) -> Tiling | None:
        if data is None:
            return None
        checks.good_tiling(data.columns, data.rows, data.overlap)
        return Tiling(columns=data.columns, rows=data.rows, overlap=data.overlap)

    def _check_calibrated(self, scene: Scene) -> None:
        for place, line in enumerate(scene.lines, 1):
            where = checks.titled(_NAMES["lines"], line.name, place)
            for rule in line.rules:
                if self._forms[rule.kind].needs_calibration:
                    checks.on_the_ground(where, rule.kind, line, scene.calibration)
