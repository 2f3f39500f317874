"""The single checks of a scene, each with the sentence that it refuses with."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from smartpark.core.errors import SceneError
from smartpark.core.geometry import crosses_itself, polygon_area
from smartpark.core.scene import Calibration, Line
from smartpark.core.text import Text
from smartpark.events.forms import RuleForm

Size = tuple[int, int]
Point = tuple[float, float]

SLACK_PX = 2.0  # a corner drawn on the picture's very edge may round to just outside
FARTHEST_PX = 100_000.0  # no picture is larger
LEAST_AREA_PX = 16.0  # a smaller polygon can hold no foot point
LEAST_LINE_PX = 4.0
LEAST_TURN = 0.01  # relative area of three points below which they lie on one line
MAX_TILES = 8  # in each direction

_LEVELS = {
    "zone": Text(en="a zone", zh="区域"),
    "line": Text(en="a line", zh="线"),
    "scene": Text(en="the scene itself", zh="场景本身"),
}


def refuse(where: Text, what: Text) -> SceneError:
    """Return the error that says where in the scene the fault is, and what it is."""
    return SceneError(Text(en=f"{where.en}: {what.en}", zh=f"{where.zh}：{what.zh}"))


def titled(noun: Text, name: object, place: int, *, first: bool = True) -> Text:
    """Return a thing of the scene in words: `Zone “Lawn”`, or `Zone 2` where it has no name."""
    en, zh = (noun.en[:1].upper() + noun.en[1:]) if first else noun.en, noun.zh
    if isinstance(name, str) and name.strip():
        shown = name.strip()[:80]
        return Text(en=f"{en} “{shown}”", zh=f"{zh}“{shown}”")
    return Text(en=f"{en} {place}", zh=f"{zh} {place}")


def too_many(count: int, most: int) -> Text:
    """Return the sentence for a list that is too long."""
    return Text(
        en=f"{count} entries are more than the {most} that are allowed. Remove some.",
        zh=f"共有 {count} 项，超过上限 {most} 项，请删减。",
    )


def say_type_error(error: ErrorDetails) -> Text:
    """Return a pydantic error in the words of the scene."""
    kind = error["type"]
    if kind == "missing":
        return Text(en="is missing. Add it.", zh="缺少此项，请补充。")
    if kind == "finite_number":
        return Text(
            en="must be a finite number, not infinite or NaN.",
            zh="必须是有限的数字，不能是无穷大或 NaN。",
        )
    expected = _EXPECTED.get(kind, Text(en="a value of another kind", zh="其他类型的值"))
    found = repr(error.get("input"))
    found = found if len(found) <= 40 else found[:37] + "..."
    return Text(
        en=f"expected {expected.en}, found {found}. Correct it.",
        zh=f"应为{expected.zh}，实际为 {found}，请修正。",
    )


_PAIR = Text(en="a point of two numbers, such as [120, 80]", zh="由两个数字组成的点，如 [120, 80]")
_EXPECTED = {
    "string_type": Text(en="a text", zh="文本"),
    "float_type": Text(en="a number", zh="数字"),
    "int_type": Text(en="a whole number", zh="整数"),
    "int_from_float": Text(en="a whole number", zh="整数"),
    "list_type": Text(en="a list", zh="列表"),
    "tuple_type": _PAIR,
    "too_long": _PAIR,
    "too_short": _PAIR,
    "model_type": Text(en="an object with names and values", zh="由名称和值组成的对象"),
    "value_error": Text(en="a number", zh="数字"),
    "literal_error": Text(en="one of the choices", zh="可选值之一"),
}


def clean_name(where: Text, name: str, most: int) -> str:
    """Return the name without blanks around it; refuses empty, overlong and unprintable ones."""
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        raise refuse(where, Text(en="the name is empty. Give it a name.", zh="名称为空，请命名。"))
    if len(name) > most:
        raise refuse(
            where,
            Text(
                en=f"the name has {len(name)} characters; at most {most} fit. Shorten it.",
                zh=f"名称有 {len(name)} 个字符，最多 {most} 个，请缩短。",
            ),
        )
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in name):
        raise refuse(
            where,
            Text(
                en="the name holds control characters. Use letters, digits and signs only.",
                zh="名称中含有控制字符，请只用文字、数字和符号。",
            ),
        )
    return name


def no_twins(noun: Text, names: Sequence[str]) -> None:
    """Refuse two things of one sort with the same name."""
    for place, name in enumerate(names, 1):
        if name in names[: place - 1]:
            raise refuse(
                titled(noun, name, place),
                Text(
                    en="the name is used twice. Give each its own name.",
                    zh="名称重复，请分别命名。",
                ),
            )


def without_repeats(corners: Sequence[Point]) -> tuple[Point, ...]:
    """Return the corners without repeats in a row; a closing corner is a repeat too.

    Example:
        >>> without_repeats([(0, 0), (4, 0), (4, 0), (4, 4), (0, 0)])
        ((0, 0), (4, 0), (4, 4))
    """
    kept = [corner for corner, before in zip(corners, [None, *corners], strict=False)
            if corner != before]  # fmt: skip
    while len(kept) > 1 and kept[-1] == kept[0]:
        kept.pop()
    return tuple(kept)


def simple_polygon(where: Text, corners: Sequence[Point]) -> None:
    """Refuse a polygon with too few corners, without area, or that crosses itself."""
    if len(corners) < 3:
        raise refuse(
            where,
            Text(
                en=f"a polygon needs at least 3 different corners; this one has {len(corners)}. "
                "Add corners.",
                zh=f"多边形至少需要 3 个不同的顶点，目前只有 {len(corners)} 个，请补充。",
            ),
        )
    _within_reason(where, corners)
    if polygon_area(corners) < LEAST_AREA_PX and not crosses_itself(corners):
        raise refuse(
            where,
            Text(
                en="the polygon has almost no area. Draw it larger.",
                zh="多边形面积几乎为零，请画大一些。",
            ),
        )
    if crosses_itself(corners):
        raise refuse(
            where,
            Text(
                en="the polygon crosses itself. Put its corners in order around the edge.",
                zh="多边形自相交，请按顺序沿边缘排列顶点。",
            ),
        )


def _within_reason(where: Text, corners: Sequence[Point]) -> None:
    for x, y in corners:
        if max(abs(x), abs(y)) > FARTHEST_PX:
            raise refuse(where, _far_outside((x, y)))


def _far_outside(corner: Point) -> Text:
    x, y = corner
    return Text(
        en=f"the point ({x:g}, {y:g}) lies outside any picture. Draw it inside.",
        zh=f"点 ({x:g}, {y:g}) 超出任何画面，请画在画面之内。",
    )


def inside_picture(where: Text, corners: Sequence[Point], size: Size | None) -> None:
    """Refuse a corner that lies outside the picture by more than a rounding error."""
    _within_reason(where, corners)
    if size is None:
        return
    width, height = size
    for x, y in corners:
        inside_x = -SLACK_PX <= x <= width + SLACK_PX
        inside_y = -SLACK_PX <= y <= height + SLACK_PX
        if not (inside_x and inside_y):
            raise refuse(
                where,
                Text(
                    en=f"the point ({x:g}, {y:g}) lies outside the picture of {width} × {height} "
                    "pixels. Draw it inside, or choose the scene of this camera.",
                    zh=f"点 ({x:g}, {y:g}) 超出 {width} × {height} 像素的画面，"
                    "请画在画面之内，或选择本摄像机的场景。",
                ),
            )


def long_enough(where: Text, start: Point, end: Point) -> None:
    """Refuse a line whose ends are the same point."""
    if float(np.hypot(end[0] - start[0], end[1] - start[1])) < LEAST_LINE_PX:
        raise refuse(
            where,
            Text(
                en="start and end are the same point. Draw the line longer.",
                zh="起点与终点重合，请把线画长一些。",
            ),
        )


def known_rule(where: Text, kind: str, forms: Mapping[str, RuleForm]) -> RuleForm:
    """Return the form of a rule; refuses unknown kinds with the list of known ones."""
    form = forms.get(kind)
    if form is None:
        known, shown = ", ".join(forms), kind[:40]
        raise refuse(
            where,
            Text(
                en=f"there is no rule {shown!r}. Choose one of: {known}.",
                zh=f"没有名为“{shown}”的规则。可选：{known}。",
            ),
        )
    return form


def right_level(where: Text, form: RuleForm, level: str) -> None:
    """Refuse a rule that stands at a zone but belongs to a line, and the like."""
    if form.level != level:
        wanted, found = _LEVELS[form.level], _LEVELS[level]
        raise refuse(
            where,
            Text(
                en=f"the rule {form.kind!r} belongs to {wanted.en}, not to {found.en}. Move it.",
                zh=f"规则“{form.kind}”应放在{wanted.zh}上，而不是{found.zh}上，请移动。",
            ),
        )


def clean_labels(where: Text, form: RuleForm, labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels without blanks and repeats; refuses empty and overlong ones."""
    cleaned = tuple(dict.fromkeys(label.strip() for label in labels))
    if len(cleaned) > 100 or any(not label or len(label) > 80 for label in cleaned):
        raise refuse(
            where,
            Text(
                en=f"the labels of the rule {form.kind!r} must be class names such as 'person', "
                "each of 1 to 80 characters, at most 100.",
                zh=f"规则“{form.kind}”的 labels 应为类别名称（如 person），"
                "每个 1 至 80 个字符，最多 100 个。",
            ),
        )
    return cleaned


def good_params(
    where: Text, form: RuleForm, extra: Mapping[str, Any]
) -> dict[str, float | int | str | bool]:
    """Return the rule's figures, defaults filled in; refuses unknown names and wrong values."""
    known = [param.name for param in form.params]
    for name in extra:
        if name not in known:
            raise refuse(where, _unknown_param(form.kind, name, known))
    try:
        return form.model.model_validate(dict(extra)).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise refuse(where, _wrong_param(form, first)) from error


def _unknown_param(kind: str, name: str, known: Sequence[str]) -> Text:
    listed = ", ".join(["labels", *known])
    return Text(
        en=f"the rule {kind!r} has no {name[:40]!r}. It takes: {listed}.",
        zh=f"规则“{kind}”没有参数“{name[:40]}”。可用参数：{listed}。",
    )


def _wrong_param(form: RuleForm, error: ErrorDetails) -> Text:
    param = next(param for param in form.params if param.name == error["loc"][0])
    if param.choices:
        choices = ", ".join(param.choices)
        expected = Text(en=f"one of {choices}", zh=f"以下之一：{choices}")
    else:
        unit = f" {param.unit}" if param.unit else ""
        least, most = f"{param.minimum:g}", f"{param.maximum:g}{unit}"
        whole = (Text(en="a whole number", zh="整数") if param.whole
                 else Text(en="a number", zh="数字"))  # fmt: skip
        expected = Text(
            en=f"{whole.en} from {least} to {most}", zh=f"{least} 至 {most} 之间的{whole.zh}"
        )
    found = repr(error.get("input"))[:40]
    return Text(
        en=f"{param.name!r} of the rule {form.kind!r} must be {expected.en}; found {found}.",
        zh=f"规则“{form.kind}”的“{param.name}”应为{expected.zh}，实际为 {found}。",
    )


_CALIBRATION = Text(en="Calibration", zh="标定")


def good_calibration(image: Sequence[Point], ground: Sequence[Point]) -> None:
    """Refuse points that do not fix how the ground lies in the picture."""
    for name, points in (("image_points", image), ("ground_points_m", ground)):
        if len(points) != 4:
            raise refuse(
                _CALIBRATION,
                Text(
                    en=f"{name} must be 4 points, found {len(points)}.",
                    zh=f"{name} 必须是 4 个点，实际有 {len(points)} 个。",
                ),
            )
        if not _spread_out(points):
            raise refuse(
                _CALIBRATION,
                Text(
                    en=f"three of the {name} lie on one line. Choose the corners of a four-sided "
                    "figure on the ground.",
                    zh=f"{name} 中有三点共线，请选取地面上一个四边形的四个角点。",
                ),
            )
    calibration = Calibration(image_points=tuple(image), ground_points_m=tuple(ground))
    depths = _depths(calibration, image)
    if not (np.all(depths > 0) or np.all(depths < 0)):
        raise refuse(
            _CALIBRATION,
            Text(
                en="the ground points are not in the order of the image points. "
                "List both around the figure in the same direction.",
                zh="地面点与图像点的顺序不一致，请按同一方向依次列出。",
            ),
        )


def _spread_out(points: Sequence[Point]) -> bool:
    xy = np.asarray(points, np.float64)
    if float(np.abs(xy).max()) > 1e6:
        return False
    extent = float(np.ptp(xy, axis=0).max())
    if extent <= 0:
        return False
    for left_out in range(4):
        a, b, c = np.delete(xy, left_out, axis=0)
        turn = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
        if turn < LEAST_TURN * extent * extent:
            return False
    return True


def _depths(calibration: Calibration, points: Sequence[Point]) -> Any:
    """Third homogeneous coordinate: its sign changes at the horizon."""
    try:
        row = calibration.homography()[2]
    except np.linalg.LinAlgError:
        return np.zeros(len(points))
    return np.column_stack([np.asarray(points, np.float64), np.ones(len(points))]) @ row


def on_the_ground(where: Text, kind: str, line: Line, calibration: Calibration | None) -> None:
    """Refuse a line whose rule measures metres where the ground is not known."""
    if calibration is None:
        raise refuse(
            where,
            Text(
                en=f"the rule {kind!r} needs a calibration: 4 points of the ground in pixels and "
                "in metres. Add one to the scene.",
                zh=f"规则“{kind}”需要标定：给出地面上 4 个点的像素坐标和米制坐标，请在场景中添加。",
            ),
        )
    depths = _depths(calibration, [calibration.image_points[0], line.start, line.end])
    if not (np.all(depths > 0) or np.all(depths < 0)):
        raise refuse(
            where,
            Text(
                en=f"the line of the rule {kind!r} lies above the horizon of the calibration. "
                "Draw it on the ground, or correct the calibration.",
                zh=f"规则“{kind}”的线位于标定的地平线以上，请画在地面上，或修正标定。",
            ),
        )


def good_tiling(columns: int, rows: int, overlap: float) -> None:
    """Refuse a grid that would cost too much or whose tiles overlap too far."""
    if not (1 <= columns <= MAX_TILES and 1 <= rows <= MAX_TILES and 0 <= overlap <= 0.5):
        raise refuse(
            Text(en="Tiling", zh="分块检测"),
            Text(
                en=f"columns and rows must be 1 to {MAX_TILES}, overlap 0 to 0.5; "
                f"found {columns} × {rows}, {overlap:g}.",
                zh=f"列数和行数应为 1 至 {MAX_TILES}，重叠应为 0 至 0.5；"
                f"实际为 {columns} × {rows}，{overlap:g}。",
            ),
        )
