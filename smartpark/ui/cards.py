"""Small pieces that look the same on every page: badges, empty states, rows of figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from smartpark.ui.page import Screen

Color = Literal["red", "orange", "yellow", "blue", "green", "gray"]
SEVERITY_COLORS: dict[str, Color] = {
    "high": "red",
    "medium": "orange",
    "low": "yellow",
    "info": "gray",
}
SEVERITY_ICONS = {
    "high": ":material/error:",
    "medium": ":material/warning:",
    "low": ":material/info:",
    "info": ":material/circle:",
}
STATE_COLORS: dict[str, Color] = {"open": "orange", "acknowledged": "green", "false_alarm": "gray"}


def severity_badge(screen: Screen, severity: str) -> None:
    """Draw how much an event matters."""
    st.badge(
        screen.name("severity", severity),
        icon=SEVERITY_ICONS[severity],
        color=SEVERITY_COLORS[severity],
    )


def figures(entries: Sequence[tuple[str, str, str | None]]) -> None:
    """Draw a row of `(label, figure, help)` that can be read across a room."""
    with st.container(horizontal=True, key="figures"):
        for label, value, more in entries:
            st.metric(label, value, help=more, border=True)


def empty(icon: str, title: str, more: str) -> None:
    """Draw what stands in the place of a list that has no entries."""
    with st.container(border=True, horizontal_alignment="center", key=f"empty_{icon}"):
        st.space("small")
        with st.container(key=f"large_{icon}"):
            st.markdown(f":gray[:material/{icon}:]", text_alignment="center")
        st.markdown(f"**{title}**", text_alignment="center")
        st.caption(more, text_alignment="center")
        st.space("small")


def picture(path: Path | None, *, alt: str, key: str) -> None:
    """Draw a stored picture over the width of its place, or a mark where there is none."""
    with st.container(key=f"picture_{key}"):
        if path is not None and path.is_file():
            st.image(str(path), width="stretch", alt=alt)
        else:
            st.markdown(":gray[:material/hide_image:]", text_alignment="center")
