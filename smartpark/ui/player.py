"""The player: a clip's overlay beside the timeline and the list of its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from smartpark.store.alerts import StoredAlert
from smartpark.store.events import StoredEvent
from smartpark.ui.messages import group, name_of
from smartpark.ui.page import Screen
from smartpark.ui.parts import component

_player = component("smartpark.player", "player")


@dataclass(frozen=True, slots=True)
class Shown:
    """One event as the player shows it.

    Attributes:
        stored: the event.
        alert: the alert that it raised, or None.
        snapshot: address of its picture, or None.
    """

    stored: StoredEvent
    alert: StoredAlert | None
    snapshot: str | None


def draw_player(
    screen: Screen, report_id: int, clip: dict[str, Any], video: str, events: Sequence[Shown]
) -> str | None:
    """Draw the player and return the id of the event that was clicked last, or None.

    Args:
        screen: the page.
        report_id: number of the report; another one starts the player afresh.
        clip: `width`, `height`, `fps`, `duration_s` as in `report.json`.
        video: address of the overlay.
        events: in the order of their starts.
    """
    data = {
        "video": video,
        "width": clip["width"],
        "height": clip["height"],
        "fps": clip["fps"],
        "duration": clip["duration_s"],
        "words": group("player", screen.language),
        "events": [_entry(screen, shown) for shown in events],
        "chosen": st.query_params.get("event"),
    }
    result = _player(data=data, key=f"footage_player_{report_id}", on_event_change=lambda: None)
    chosen: str | None = result.event or data["chosen"]
    if chosen is not None and chosen != data["chosen"]:
        st.query_params["event"] = chosen  # so that a reload shows the same
    return chosen


def _entry(screen: Screen, shown: Shown) -> dict[str, Any]:
    event = shown.stored.event
    kind = screen.kind_name(event.kind)
    place = event.zone or event.line
    alert = shown.alert
    return {
        "id": event.id,
        "start": event.start_s,
        "end": event.end_s,
        "severity": event.severity,
        "title": f"{kind} · {place}" if place else kind,
        "text": event.text.say(screen.language),
        "snapshot": shown.snapshot,
        "state": alert.state if alert else None,
        "state_name": name_of("alert_state", alert.state, screen.language) if alert else None,
    }
