"""Uploading clips: streamed by our own part where its route is there, else by Streamlit's."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from smartpark.core.errors import SmartParkError
from smartpark.ui.formatting import plain, size
from smartpark.ui.links import routes_served
from smartpark.ui.messages import CATALOGUE, group
from smartpark.ui.page import Screen
from smartpark.ui.parts import component

Receive = Callable[[Screen, Path, str], object]
SUFFIXES = ["mp4", "mov", "m4v", "avi", "mkv", "webm"]
_uploader = component("smartpark.uploader", "uploader")


def draw_uploader(screen: Screen, receive: Receive) -> None:
    """Draw the place where clips are dropped; `receive(screen, file, name)` takes one in."""
    if routes_served():
        _streamed(screen)
    else:
        _built_in(screen, receive)


def _streamed(screen: Screen) -> None:
    limit_bytes = screen.settings.max_upload_mb * 1_000_000
    shown = size(limit_bytes)
    _uploader(
        data={
            "words": group("upload", screen.language),
            "language": screen.language,
            "limits": screen.say("upload.limits", limit=shown),
            "limit_bytes": limit_bytes,
            "too_large": screen.say("upload.too_large", limit=shown),
        },
        key="footage_uploader",
        on_stored_change=lambda: None,
    )


def _built_in(screen: Screen, receive: Receive) -> None:
    limit_mb = min(screen.settings.max_upload_mb, int(st.get_option("server.maxUploadSize")))
    generation = st.session_state.setdefault("footage_upload_generation", 0)
    files = st.file_uploader(
        screen.say("upload.drop"),
        type=SUFFIXES,
        accept_multiple_files=True,
        max_upload_size=limit_mb,
        key=f"footage_upload_{generation}",
    )
    st.caption(screen.say("upload.plain", limit=size(limit_mb * 1e6)))
    if not files:
        return
    refusals = [refusal for file in files if (refusal := _take(screen, file, receive))]
    st.session_state["footage_upload_refusals"] = refusals
    st.session_state["footage_upload_generation"] = generation + 1
    st.rerun()


def draw_refusals(screen: Screen) -> None:
    """Show what the last upload through Streamlit's uploader was refused for."""
    for name, reason in st.session_state.get("footage_upload_refusals", []):
        st.error(f"**{plain(name)}** {screen.words(reason)}", icon=":material/error:")


def _take(screen: Screen, file: Any, receive: Receive) -> tuple[str, Any] | None:
    path = screen.path("incoming", secrets.token_hex(16))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.getbuffer())
        receive(screen, path, file.name)
    except OSError:
        path.unlink(missing_ok=True)
        return file.name, CATALOGUE["upload.unwritten"]
    except SmartParkError as error:
        return file.name, error.text
    return None
