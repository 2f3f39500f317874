"""Why an event was raised, and what a person decided about it."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from smartpark.core.values import Evidence
from smartpark.store.alerts import AlertState, StoredAlert, set_alert_state
from smartpark.ui.cards import STATE_COLORS, picture, severity_badge
from smartpark.ui.formatting import ago, clock, figure, plain, utc_now
from smartpark.ui.page import Screen
from smartpark.ui.player import Shown

UNITS = {
    "s": "s",
    "kmh": "km/h",
    "mps": "m/s",
    "heights_per_s": "body heights/s",
    "m": "m",
    "count": "",
}
MAX_NOTE = 500  # characters


def measured_and_limit(
    evidence: Mapping[str, Evidence],
) -> list[tuple[float | int, float | int, str]]:
    """Return `(measured, limit, unit)` for each figure that passed a limit.

    Example:
        >>> measured_and_limit({"stayed_s": 14.2, "limit_s": 10.0, "label": "person"})
        [(14.2, 10.0, 's')]
    """
    found = []
    for name, limit in evidence.items():
        suffix = name.removeprefix("limit_")
        if suffix == name or not isinstance(limit, int | float):
            continue
        for other, value in evidence.items():
            fits = other == suffix or other.endswith(f"_{suffix}")
            if fits and other != name and isinstance(value, int | float):
                found.append((value, limit, UNITS.get(suffix, suffix)))
                break
    return found


def draw_evidence(screen: Screen, shown: Shown | None, snapshot: Path | None) -> None:
    """Draw the chosen event: its picture, its reason, its figures, and the decision."""
    if shown is None:
        st.caption(f":material/ads_click: {screen.say('results.pick')}")
        return
    event = shown.stored.event
    with st.container(border=True, key="footage_evidence"):
        shot, words, decision = st.columns([3, 4, 3], gap="medium")
        with shot:
            picture(snapshot, alt=event.kind, key="evidence")
        with words:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                severity_badge(screen, event.severity)
                st.markdown(f"**{screen.kind(event.kind)}**")
                st.caption(f"{clock(event.start_s)} – {clock(event.end_s)}")
            st.markdown(f"##### {screen.words(event.text)}")
            _figures(screen, event.evidence)
        with decision:
            if shown.alert is not None:
                _decide(screen, shown.alert)


def _figures(screen: Screen, evidence: Mapping[str, Evidence]) -> None:
    for value, limit, unit in measured_and_limit(evidence):
        left, right = st.columns(2)
        left.metric(screen.say("results.measured"), figure(value, screen.name("unit", unit)))
        right.metric(screen.say("results.limit"), figure(limit, screen.name("unit", unit)))


def _decide(screen: Screen, alert: StoredAlert) -> None:
    st.badge(screen.name("alert_state", alert.state), color=STATE_COLORS[alert.state])
    if alert.state != "open":
        _decided(screen, alert)
        return
    note_key = f"footage_note_{alert.id}"
    st.text_area(
        screen.say("results.note"),
        placeholder=screen.say("results.note_hint"),
        max_chars=MAX_NOTE,
        height=80,
        key=note_key,
    )
    with st.container(horizontal=True):
        st.button(
            screen.say("results.acknowledge"),
            type="primary",
            icon=":material/check:",
            key=f"footage_acknowledge_{alert.id}",
            on_click=_change,
            args=(screen, alert.id, "acknowledged", note_key),
        )
        st.button(
            screen.say("results.false_alarm"),
            icon=":material/notifications_off:",
            key=f"footage_false_{alert.id}",
            on_click=_change,
            args=(screen, alert.id, "false_alarm", note_key),
        )


def _decided(screen: Screen, alert: StoredAlert) -> None:
    if alert.changed_at is not None:
        when = ago(
            alert.changed_at,
            now=utc_now(),
            zone=screen.settings.timezone,
            language=screen.language,
        )
        who = plain(alert.changed_by or "")
        state = screen.name("alert_state", alert.state)
        st.caption(screen.say("results.changed", state=state, who=who, when=when))
    if alert.note:
        st.markdown(plain(alert.note))
    st.button(
        screen.say("results.reopen"),
        icon=":material/undo:",
        key=f"footage_reopen_{alert.id}",
        on_click=_change,
        args=(screen, alert.id, "open", None),
    )


def _change(screen: Screen, alert_id: int, state: AlertState, note_key: str | None) -> None:
    note = str(st.session_state.get(note_key, "")).strip() if note_key else ""
    with screen.mishaps(), screen.writing() as db:
        set_alert_state(db, alert_id, state, by=screen.operator, note=note, now=utc_now())
