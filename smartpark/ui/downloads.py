"""Files of a report to take along, and the copy in which nobody can be recognised."""

import mimetypes

import streamlit as st

from smartpark.jobs.queue import submit
from smartpark.jobs.tasks import BlurExport
from smartpark.store.clips import StoredClip
from smartpark.store.jobs import ACTIVE, list_jobs
from smartpark.store.reports import StoredReport
from smartpark.ui.formatting import size
from smartpark.ui.links import routes_served
from smartpark.ui.page import Screen
from smartpark.ui.progress import watch

FILES = {
    "report.html": ":material/article:",
    "overlay.mp4": ":material/movie:",
    "events.json": ":material/data_object:",
    "report.json": ":material/data_object:",
    "tracks.csv": ":material/table:",
}
BLURRED = "blurred.mp4"


def draw_downloads(screen: Screen, clip: StoredClip, report: StoredReport | None) -> None:
    """Draw a button for each file of the report."""
    if report is None:
        st.caption(screen.say("download.not_ready"))
        return
    with st.container(border=True), st.container(horizontal=True):
        for file, icon in FILES.items():
            _button(screen, report, file, icon)
    with st.container(border=True):
        st.markdown(f"**:material/blur_on: {screen.say('download.blur_title')}**")
        st.caption(screen.say("download.blur_more"))
        _blurred(screen, clip, report)


def _blurred(screen: Screen, clip: StoredClip, report: StoredReport) -> None:
    with screen.reading() as db:
        jobs = list_jobs(db, states=ACTIVE, clip_id=clip.id)
    running = next((job for job in jobs if job.kind == "blur_export"), None)
    if running is not None:
        watch(screen, running.id)
    elif screen.path(report.folder, BLURRED).is_file():
        _button(screen, report, BLURRED, ":material/blur_on:")
    elif st.button(screen.say("download.blur_start"), key=f"download_blur_{report.id}"):
        with screen.mishaps():
            task = BlurExport(clip_id=clip.id, report_id=report.id)
            submit(screen.engine, task, runner=screen.runner(), by=screen.operator)
            st.rerun()


def _button(screen: Screen, report: StoredReport, file: str, icon: str) -> None:
    path = screen.path(report.folder, file)
    if not path.is_file():
        return
    label = f"{screen.say(f'download.{file}')} · {size(path.stat().st_size)}"
    key = f"download_{report.id}_{file}"
    if routes_served():
        address = f"/footage/media/{report.id}/{file}?download=1"
        st.link_button(label, address, icon=icon, key=key)
    else:
        st.download_button(
            label,
            path.read_bytes,
            file_name=file,
            mime=mimetypes.guess_type(file)[0],
            icon=icon,
            key=key,
            on_click="ignore",
        )
