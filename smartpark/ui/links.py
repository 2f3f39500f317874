"""Addresses under which the browser finds files of the store."""

import mimetypes
import os
from pathlib import Path

import streamlit as st
from streamlit import runtime

# Set by the ASGI application while its routes are there; absent in a plain `streamlit run`.
ROUTES_FLAG = "SMARTPARK_ROUTES"


def routes_served() -> bool:
    """Return whether the routes for streamed uploads and byte ranges are there."""
    return os.environ.get(ROUTES_FLAG) == "1"


def report_file(folder: Path, report_id: int, file: str) -> str | None:
    """Return the address of a file of a report, or None where it is gone from the disk.

    Args:
        folder: the report's folder.
        report_id: number of the report in the store.
        file: name in the folder.
    """
    path = folder / file
    if not path.is_file():
        return None
    if routes_served():
        return f"/footage/media/{report_id}/{file}"
    return _kept_by_streamlit(path, f"report-{report_id}-{file}")


def picture_address(jpeg: bytes, name: str) -> str:
    """Return the address of a small picture that Streamlit holds in memory under `name`."""
    return runtime.get_instance().media_file_mgr.add(jpeg, "image/jpeg", name)


def _kept_by_streamlit(path: Path, name: str) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return runtime.get_instance().media_file_mgr.add(str(path), kind, name)


def go_to_clip(label: str, clip_id: int, *, key: str, **query: str) -> None:
    """Draw a link to a clip on the footage page; `query` carries the view or the event."""
    with st.container(key=f"to_clip_{key}", width="content"):
        st.page_link(
            "pages/1_Footage.py",
            label=label,
            icon=":material/chevron_right:",
            icon_position="right",
            query_params={"clip": str(clip_id), **query},
            width="content",
        )


def go_to_library(label: str) -> None:
    """Draw a link back to all clips."""
    with st.container(key="to_clip_none", width="content"):
        st.page_link("pages/1_Footage.py", label=label, icon=":material/arrow_back:")


def keep_address() -> None:
    """Let the browser's address say what is shown.

    A link to the page that one is on changes the query here but not in the browser, and the next
    click would fall back to what the browser has.
    """
    st.query_params.from_dict(st.query_params.to_dict())
