"""Rules as plug-ins: the contract, unique names, and a page in the documents for each."""

import re
import sys
from functools import partial
from pathlib import Path
from subprocess import run

import pytest

from smartpark import plugins
from smartpark.core.errors import SceneError
from smartpark.core.scene import Line, RuleSpec, Scene, Zone
from smartpark.events.build import build_rules
from smartpark.events.forms import rule_forms
from smartpark.testing.contracts import check_rule
from tests.events.play import FLAT, LAWN, MIDDLE

KINDS = list(plugins.BUILT_IN["rule"])
DOCS = Path(__file__).parents[2] / "docs" / "rules"
QUICK = {"loitering": {"min_s": 5.0}, "crowd": {"max_count": 5}, "speed": {"max_kmh": 5.0},
         "stopped_vehicle": {"min_s": 5.0}}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_keeps_the_contract_and_sees_the_lively_view(kind) -> None:
    events = check_rule(plugins.load("rule", kind), RuleSpec(kind, (), QUICK.get(kind, {})))

    assert bool(events) == (kind != "count")


def test_two_rules_of_one_kind_in_one_zone_have_events_with_different_ids() -> None:
    spec = RuleSpec("intrusion")
    scene = Scene("Test", zones=(Zone("A", LAWN, (spec, spec)), Zone("A#2", LAWN, (spec,))))
    names = []

    def load(kind):
        return lambda spec, **where: names.append(where["name"]) or (kind, spec)

    build_rules(scene, fps=10, size=(640, 360), load=load)

    assert names == ["intrusion-A", "intrusion-A#2", "intrusion-A#2#2"]


def test_rules_are_built_with_their_zone_their_line_and_the_calibration() -> None:
    scene = Scene(
        "Test",
        zones=(Zone("Lawn", LAWN, (RuleSpec("crowd"), RuleSpec("loitering"))),),
        lines=(Line("Gate", *MIDDLE, (RuleSpec("speed"), RuleSpec("count"))),),
        rules=(RuleSpec("running"),),
        calibration=FLAT,
    )

    rules = build_rules(scene, fps=10, size=(640, 360), load=partial(plugins.load, "rule"))

    assert [rule.kind for rule in rules] == ["crowd", "loitering", "speed", "count", "running"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "running"])
def test_a_rule_that_is_given_no_place_says_where_it_belongs(kind) -> None:
    with pytest.raises(SceneError, match=r"was given none|no calibration"):
        plugins.load("rule", kind)(
            RuleSpec(kind), zone=None, line=None, calibration=None, fps=10, size=(9, 9), name=kind
        )


@pytest.mark.parametrize("form", rule_forms(), ids=lambda form: form.kind)
def test_each_rule_has_a_page_that_tells_each_figure_its_unit_and_its_default(form) -> None:
    page = (DOCS / f"{form.kind}.md").read_text(encoding="utf-8")

    for param in form.params:
        row = re.search(rf"^\| `{param.name}` \|(.*)$", page, re.MULTILINE)
        assert row, f"{param.name} is not in the table"
        default = param.default if isinstance(param.default, str) else f"{param.default:g}"
        assert f"| {default} |" in row[1]
        assert param.unit in row[1]
    assert "## Evidence" in page
    assert "## Limits" in page
    assert f'"kind": "{form.kind}"' in page


def test_the_index_of_the_rules_links_each_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")

    assert all(f"({kind}.md)" in index for kind in KINDS)


def test_the_scene_editor_can_list_rules_without_loading_opencv() -> None:
    code = (
        "import sys, smartpark.events.scene, smartpark.events.presets, smartpark.events.forms;"
        "sys.exit(any(name in sys.modules for name in ('cv2', 'supervision', 'torch')))"
    )

    assert run([sys.executable, "-c", code], check=False).returncode == 0
