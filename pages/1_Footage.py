"""The footage screen: clips, scenes, results."""

from pathlib import Path

import streamlit as st

from smartpark.ui.clip import draw_clip
from smartpark.ui.library import draw_library
from smartpark.ui.page import Screen, heading, page

EDITOR_WIDTH_PX = 1280  # of the picture that zones are drawn on


# The video libraries are loaded when a clip is taken in or drawn on, not to look at the library.
def receive(screen: Screen, file: Path, name: str) -> object:
    from smartpark.journeys.intake import receive

    return receive(screen.engine, screen.settings, file, name=name, by=screen.operator)


@st.cache_data(max_entries=20, show_spinner=False)
def first_picture(file: Path) -> bytes:
    from smartpark.vision.read import ClipReader
    from smartpark.vision.snapshot import jpeg

    with ClipReader(file) as reader:
        frame = next(iter(reader))
        width = min(EDITOR_WIDTH_PX, frame.width)
        return jpeg(frame.rgb((width, round(frame.height * width / frame.width))))


screen = page("footage")
clip_id = st.query_params.get("clip", "")
if clip_id.isdecimal():
    draw_clip(screen, int(clip_id), first_picture)
else:
    heading(screen, screen.say("menu.footage"))
    draw_library(screen, receive)
