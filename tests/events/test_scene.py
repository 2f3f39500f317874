"""Reading a scene: what is accepted, and with which sentence the rest is refused."""

import json
import math

import pytest

from smartpark import plugins
from smartpark.core.errors import SceneError
from smartpark.core.scene import RuleSpec
from smartpark.events.forms import rule_forms
from smartpark.events.presets import PRESETS
from smartpark.events.scene import load_scene, parse_scene, scene_to_dict

SQUARE = [[10, 10], [90, 10], [90, 90], [10, 90]]
GROUND = {
    "image_points": [[10, 90], [90, 90], [70, 40], [30, 40]],
    "ground_points_m": [[0, 0], [10, 0], [10, 20], [0, 20]],
}

STEEP = {**GROUND, "image_points": [[10, 90], [90, 90], [60, 60], [40, 60]]}  # horizon at y 50


def zone(**changes):
    return {"zones": [{"name": "Lawn", "polygon": SQUARE, "rules": [], **changes}]}


def ruled(kind, **params):
    return zone(rules=[{"kind": kind, **params}])


def line(*rules, **changes):
    return {"lines": [{"name": "Gate", "start": [10, 50], "end": [90, 50], "rules": [*rules],
                       **changes}]}  # fmt: skip


def refusal(data) -> str:
    with pytest.raises(SceneError) as caught:
        parse_scene(data, width=100, height=100)
    assert caught.value.text.zh != caught.value.text.en
    return caught.value.text.en


def test_a_full_scene_is_read_and_written_back_the_same() -> None:
    data = {
        "name": "Main gate 大门",
        "calibration": GROUND,
        "zones": [
            {"name": "Lawn", "polygon": SQUARE,
             "rules": [{"kind": "intrusion", "labels": ["person", "dog"], "min_s": 2}]},
        ],
        "lines": [{"name": "Gate", "start": [10, 50], "end": [90, 50],
                   "rules": [{"kind": "count"}, {"kind": "speed", "max_kmh": 15}]}],
        "privacy_masks": [[[0, 0], [20, 0], [20, 20]]],
        "rules": [{"kind": "running"}],
        "tiling": {"columns": 3, "rows": 2, "overlap": 0.2},
    }  # fmt: skip

    scene = parse_scene(data, width=100, height=100)
    written = json.loads(json.dumps(scene_to_dict(scene)))

    assert scene.zones[0].rules == (RuleSpec("intrusion", ("person", "dog"), {"min_s": 2.0}),)
    assert scene.lines[0].rules[1].params == {"max_kmh": 15.0}
    assert scene.tiling is not None
    assert scene.tiling.columns == 3
    assert parse_scene(written, width=100, height=100) == scene


def test_an_empty_scene_is_a_scene() -> None:
    assert parse_scene({}).zones == ()


def test_figures_that_are_not_given_take_their_defaults() -> None:
    scene = parse_scene(ruled("crowd"))

    assert scene.zones[0].rules[0].params == {"max_count": 10, "min_s": 2.0}


def test_a_polygon_that_repeats_its_first_corner_is_closed_and_fine() -> None:
    assert len(parse_scene(zone(polygon=[*SQUARE, SQUARE[0]])).zones[0].polygon) == 4


def test_a_corner_a_pixel_outside_is_a_rounding_error_and_three_are_not() -> None:
    wide = [[-1.5, 0], [101.5, 0], [100, 100], [0, 100]]

    assert parse_scene(zone(polygon=wide), width=100, height=100).zones
    assert "outside the picture of 100 × 100" in refusal(zone(polygon=[[-3, 0], *SQUARE[1:]]))


def test_corners_are_only_held_against_the_picture_where_its_size_is_known() -> None:
    assert parse_scene(zone(polygon=[[0, 0], [4000, 0], [4000, 2000]])).zones


def test_markup_in_a_name_is_nothing_but_text() -> None:
    name = '<script>alert("1")</script> “草坪” ../..'

    assert parse_scene(zone(name=f"  {name} ")).zones[0].name == name


BAD = {
    "not an object": ([], "Scene: expected a JSON object"),
    "nothing": (None, "Scene: expected a JSON object"),
    "zones no list": ({"zones": {}}, "Zones: expected a list"),
    "slip of the pen": ({"zone": []}, "'zone' is not a part of a scene; did you mean 'zones'?"),
    "zone no object": ({"zones": [4]}, "Zone 1: expected an object"),
    "no name": ({"zones": [{"polygon": SQUARE}]}, "Zone 1, name: is missing"),
    "name no text": (zone(name=5), "name: expected a text, found 5"),
    "empty name": (zone(name="  "), "Zone 1: the name is empty"),
    "long name": (zone(name="x" * 81), "the name has 81 characters; at most 80 fit"),
    "control characters": (zone(name="a\nb"), "control characters"),
    "no polygon": ({"zones": [{"name": "Lawn"}]}, "Zone “Lawn”, polygon: is missing"),
    "two corners": (zone(polygon=SQUARE[:2]), "Zone “Lawn”: a polygon needs at least 3"),
    "same corners": (zone(polygon=[[1, 1]] * 5), "has 1"),
    "flat polygon": (zone(polygon=[[0, 0], [50, 50], [99, 99]]), "almost no area"),
    "bow tie": (zone(polygon=[[0, 0], [90, 90], [90, 0], [0, 90]]), "“Lawn”: the polygon crosses"),
    "outside": (zone(polygon=[[0, 0], [900, 0], [900, 90]]), "“Lawn”: the point (900, 0) lies"),
    "not a number": (zone(polygon=[[0, 0], [9, math.nan], [9, 9]]), "corner 2: must be a finite"),
    "infinite": (zone(polygon=[[0, 0], [math.inf, 1], [9, 9]]), "corner 2: must be a finite"),
    "text for a number": (zone(polygon=[[0, 0], ["9", 1], [9, 9]]), "expected a number, found '9'"),
    "yes for a number": (zone(polygon=[[0, 0], [True, 1], [9, 9]]), "a number, found True"),
    "three numbers": (zone(polygon=[[0, 0], [1, 2, 3], [9, 9]]), "a point of two numbers"),
    "many corners": (zone(polygon=[[i, i * i] for i in range(201)]), "201 entries are more than"),
    "many zones": ({"zones": [{}] * 101}, "Zones: 101 entries are more than the 100"),
    "twins": ({"zones": zone()["zones"] * 2}, "Zone “Lawn”: the name is used twice"),
    "unknown rule": (ruled("teleport"), "there is no rule 'teleport'. Choose one of: intrusion,"),
    "rule no object": (zone(rules=["intrusion"]), "Zone “Lawn”, rule 1: expected an object"),
    "rule without kind": (zone(rules=[{"min_s": 3}]), "rule 1, kind: is missing"),
    "line rule in a zone": (ruled("count"), "'count' belongs to a line, not to a zone"),
    "zone rule on a line": (line({"kind": "crowd"}), "'crowd' belongs to a zone, not to a line"),
    "scene rule in a zone": (ruled("running"), "'running' belongs to the scene itself"),
    "zone rule in the scene": ({"rules": [{"kind": "crowd"}]}, "Scene: the rule 'crowd' belongs"),
    "unknown figure": (
        ruled("crowd", max_people=4),
        "no 'max_people'. It takes: labels, max_count, min_s",
    ),
    "figure too small": (ruled("intrusion", min_s=-1), "a number from 0 to 86400 s; found -1"),
    "figure infinite": (ruled("intrusion", min_s=math.inf), "from 0 to 86400 s; found inf"),
    "figure not a number": (ruled("intrusion", min_s="3"), "found '3'"),
    "figure none": (ruled("intrusion", min_s=None), "found None"),
    "half a person": (ruled("crowd", max_count=2.5), "a whole number from 0 to 10000; found 2.5"),
    "unknown way": (line({"kind": "wrong_way", "allowed": "up"}), "must be one of in, out"),
    "labels no list": (ruled("crowd", labels="person"), "labels: expected a list"),
    "labels no texts": (ruled("crowd", labels=[1]), "labels: expected a text, found 1"),
    "empty label": (ruled("crowd", labels=[" "]), "must be class names such as 'person'"),
    "point for a line": (line(end=[10, 51]), "Line “Gate”: start and end are the same point"),
    "line outside": (line(end=[190, 50]), "Line “Gate”: the point (190, 50) lies outside"),
    "no calibration": (line({"kind": "speed"}), "“Gate”: the rule 'speed' needs a calibration"),
    "sky": (
        {**line({"kind": "speed"}, start=[10, 5], end=[90, 5]), "calibration": STEEP},
        "lies above the horizon",
    ),
    "three points": (
        {"calibration": {**GROUND, "image_points": SQUARE[:3]}},
        "Calibration: image_points must be 4 points, found 3",
    ),
    "points in a row": (
        {"calibration": {**GROUND, "image_points": [[0, 0], [9, 9], [20, 20], [0, 30]]}},
        "three of the image_points lie on one line",
    ),
    "ground in a row": (
        {"calibration": {**GROUND, "ground_points_m": [[0, 0], [1, 0], [2, 0], [0, 5]]}},
        "three of the ground_points_m lie on one line",
    ),
    "points crossed over": (
        {"calibration": {**GROUND, "ground_points_m": [[0, 0], [10, 20], [10, 0], [0, 20]]}},
        "not in the order of the image points",
    ),
    "mask of two corners": ({"privacy_masks": [SQUARE, SQUARE[:2]]}, "Privacy mask 2: a polygon"),
    "mask outside": ({"privacy_masks": [[[0, 0], [500, 0], [9, 9]]]}, "Privacy mask 1: the point"),
    "tiles": ({"tiling": {"columns": 40, "rows": 1}}, "Tiling: columns and rows must be 1 to 8"),
    "tiles overlap": ({"tiling": {"columns": 2, "rows": 1, "overlap": 0.9}}, "overlap 0 to 0.5"),
    "half a tile": ({"tiling": {"columns": 1.5, "rows": 1}}, "Tiling, columns: expected a whole"),
    "scene name": ({"name": ""}, "Scene: the name is empty"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_scene_is_refused_with_a_sentence_that_names_the_fault(case) -> None:
    data, expected = BAD[case]

    sentence = refusal(data)

    assert expected in sentence
    assert len(sentence) < 300


def test_a_scene_file_is_read(tmp_path) -> None:
    path = tmp_path / "场景.json"
    path.write_text(json.dumps(zone()), encoding="utf-8")

    assert load_scene(path).zones[0].name == "Lawn"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not valid JSON"),
        (b"{'zones': 1}", "not valid JSON"),
        (b"\xff\xfe\x00bad", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b" " * 1_000_001, "larger than 1 MB"),
    ],
)
def test_a_bad_scene_file_is_refused_with_its_name(tmp_path, content, expected) -> None:
    path = tmp_path / "gate.json"
    path.write_bytes(content)

    with pytest.raises(SceneError, match=r"'gate\.json'") as caught:
        load_scene(path)

    assert expected in caught.value.text.en


def test_a_scene_file_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(SceneError, match="cannot be read"):
        load_scene(tmp_path / "none.json")


def test_each_rule_plug_in_has_a_form_and_the_same_figures() -> None:
    forms = {form.kind: form for form in rule_forms()}

    assert set(forms) == set(plugins.BUILT_IN["rule"])
    for kind, form in forms.items():
        assert plugins.load("rule", kind).kind == kind
        assert plugins.load("rule", kind).Params is form.model
        for param in form.params:
            assert param.label.en != param.name
            assert param.choices or param.minimum <= param.default <= param.maximum


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.id)
def test_each_preset_makes_a_scene_that_is_accepted(preset) -> None:
    rules = [{"kind": rule.kind, "labels": list(rule.labels), **rule.params}
             for rule in preset.rules]  # fmt: skip
    data = {"zone": zone(rules=rules), "line": line(*rules), "scene": {"rules": rules}}
    needs = {"calibration": GROUND} if preset.needs_calibration else {}

    scene = parse_scene({**data[preset.level], **needs}, width=100, height=100)

    placed = [*scene.zones, *scene.lines, scene]
    assert [rule.kind for rule in placed[0].rules] == [rule.kind for rule in preset.rules]
