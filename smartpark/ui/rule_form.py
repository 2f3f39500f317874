"""The rules of one zone, line or scene, chosen and set in a form."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from smartpark.events.forms import Level, ParamForm, RuleForm, rule_forms
from smartpark.events.wording import label_text
from smartpark.ui.page import Screen

LABELS = (
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "bus",
    "truck",
    "dog",
    "backpack",
    "handbag",
    "suitcase",
)


def draw_rules(
    screen: Screen, level: Level, rules: Sequence[Mapping[str, Any]], *, key: str
) -> list[dict[str, Any]]:
    """Draw the rules of one place and return them as they are set now.

    Args:
        screen: the page.
        level: which rules may be chosen.
        rules: as they were stored, in the form of a scene file.
        key: unique on the page; a new key begins with `rules` again.
    """
    forms = {form.kind: form for form in rule_forms() if form.level == level}
    stored = {str(rule["kind"]): rule for rule in rules}
    strangers = [dict(rule) for kind, rule in stored.items() if kind not in forms]
    chosen = st.pills(
        screen.say("scene.rules"),
        list(forms),
        selection_mode="multi",
        default=[kind for kind in stored if kind in forms],
        format_func=lambda kind: forms[kind].label.say(screen.language),
        key=f"{key}_kinds",
        label_visibility="collapsed",
    )
    return [
        *(_rule(screen, forms[kind], stored.get(kind, {}), key=f"{key}_{kind}") for kind in chosen),
        *strangers,
    ]


def _rule(screen: Screen, form: RuleForm, stored: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    with st.container(border=True, gap="small", key=f"{key}_box"):
        st.markdown(f"**{screen.words(form.label)}**", help=form.hint.say(screen.language))
        values = {
            param.name: _param(screen, param, stored.get(param.name, param.default), key=key)
            for param in form.params
        }
        labels = _labels(screen, stored.get("labels") or form.labels, key=key)
    return {"kind": form.kind, "labels": labels, **values}


def _param(screen: Screen, param: ParamForm, value: Any, *, key: str) -> Any:
    label, unit = screen.words(param.label), screen.name("unit", param.unit)
    if param.choices:
        options = list(param.choices)
        return st.segmented_control(
            label,
            options,
            default=value if value in options else options[0],
            required=True,
            format_func=lambda choice: screen.say(f"chart.{choice}"),
            key=f"{key}_{param.name}",
        )
    kind = int if param.whole else float
    return st.number_input(
        f"{label} ({unit})" if unit else label,
        min_value=None if param.minimum is None else kind(param.minimum),
        max_value=None if param.maximum is None else kind(param.maximum),
        value=kind(value),
        step=1 if param.whole else 0.5,
        format="%d" if param.whole else "%g",
        key=f"{key}_{param.name}",
    )


def _labels(screen: Screen, stored: Sequence[str], *, key: str) -> list[str]:
    known = list(dict.fromkeys([*LABELS, *stored]))
    return st.multiselect(
        screen.say("scene.labels"),
        known,
        default=list(stored),
        format_func=lambda label: label_text(label).say(screen.language),
        placeholder=screen.say("scene.labels_all"),
        key=f"{key}_labels",
    )


def summary(screen: Screen, kinds: Sequence[str]) -> str:
    """Return the names of rules in one line, safe to show as Markdown."""
    return ", ".join(map(screen.kind, kinds)) or screen.say("scene.no_rules")
