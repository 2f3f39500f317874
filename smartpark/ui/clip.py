"""One clip: its facts, what is under way, and its views."""

import shutil
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from smartpark.core.errors import StorageError
from smartpark.store.clips import StoredClip, get_clip, remove_clip
from smartpark.store.jobs import list_jobs
from smartpark.store.reports import StoredReport, latest_report
from smartpark.ui.analyse import draw_analyse, scene_name
from smartpark.ui.cards import empty
from smartpark.ui.downloads import draw_downloads
from smartpark.ui.formatting import duration, plain, size, utc_now
from smartpark.ui.links import go_to_library
from smartpark.ui.page import Screen, heading
from smartpark.ui.progress import watch
from smartpark.ui.results import draw_results
from smartpark.ui.scene_editor import NEXT_VIEW, draw_scene_editor

VIEWS = ("results", "scene", "downloads")
VIEW_ICONS = {
    "results": ":material/insights:",
    "scene": ":material/polyline:",
    "downloads": ":material/download:",
}
FirstPicture = Callable[[Path], bytes]


def draw_clip(screen: Screen, clip_id: int, first_picture: FirstPicture) -> None:
    """Draw the page of one clip; `first_picture` gives a clip's first frame as JPEG bytes."""
    go_to_library(screen.say("footage.library"))
    try:
        with screen.reading() as db:
            clip = get_clip(db, clip_id)
            report = latest_report(db, clip_id)
    except StorageError:
        heading(screen, screen.say("menu.footage"))
        empty("search_off", screen.say("clip.gone"), screen.say("page.gone"))
        return
    heading(screen, plain(clip.name))
    st.caption(_facts(screen, clip))
    with st.container(horizontal=True, horizontal_alignment="distribute", key="footage_head"):
        view = _view(screen)
        with st.container(horizontal=True, width="content"):
            _actions(screen, clip, report)
    is_busy = _under_way(screen, clip)
    if view == "scene":
        draw_scene_editor(screen, clip, first_picture)
    elif view == "downloads":
        draw_downloads(screen, clip, report)
    elif report is not None:
        draw_results(screen, clip, report)
    elif not is_busy:
        _first_analysis(screen, clip)


def _facts(screen: Screen, clip: StoredClip) -> str:
    info = clip.info
    facts = screen.say(
        "clip.facts",
        duration=duration(info.duration_s, screen.language),
        width=info.width,
        height=info.height,
        fps=f"{info.fps:.4g}",
        size=size(clip.size_bytes),
    )
    return f"{facts} · {scene_name(screen, clip)}"


def _actions(screen: Screen, clip: StoredClip, report: StoredReport | None) -> None:
    if report is not None:
        with st.popover(screen.say("analyse.again"), icon=":material/refresh:"):
            draw_analyse(screen, clip)
    with st.popover("", icon=":material/delete:", help=screen.say("footage.remove")):
        _remove(screen, clip)


def _remove(screen: Screen, clip: StoredClip) -> None:
    st.markdown(screen.say("footage.remove_sure"))
    if not st.button(screen.say("footage.remove"), type="primary", key="footage_remove"):
        return
    with screen.mishaps():
        with screen.writing() as db:
            names = remove_clip(db, clip.id, by=screen.operator, now=utc_now())
        for name in names:
            _delete(screen.path(name))
        st.toast(screen.say("footage.removed"), icon=":material/delete:")
        st.query_params.clear()
        st.rerun()


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _under_way(screen: Screen, clip: StoredClip) -> bool:
    """Draw the analysis that waits or runs, or why the last failed; return whether one does."""
    with screen.reading() as db:
        jobs = list_jobs(db, clip_id=clip.id, limit=20)
    analyses = [job for job in jobs if job.kind == "analyse_clip"]
    if not analyses:
        return False
    latest = analyses[0]
    if latest.is_active:
        watch(screen, latest.id)
    elif latest.state == "failed" and latest.error is not None:
        reason = screen.words(latest.error)
        st.error(f"**{screen.say('analyse.failed')}** {reason}", icon=":material/error:")
    return latest.is_active


def _view(screen: Screen) -> str:
    asked = st.query_params.get("view", VIEWS[0])
    key = f"footage_view_{screen.language}"
    if NEXT_VIEW in st.session_state:
        st.session_state[key] = st.session_state.pop(NEXT_VIEW)
    elif key not in st.session_state:
        st.session_state[key] = asked if asked in VIEWS else VIEWS[0]
    chosen = st.segmented_control(
        screen.say("clip.results"),
        VIEWS,
        required=True,
        format_func=lambda name: f"{VIEW_ICONS[name]} {screen.say(f'clip.{name}')}",
        key=key,
        label_visibility="collapsed",
    )
    view = str(chosen)
    if view != asked:
        st.query_params["view"] = view
    return view


def _first_analysis(screen: Screen, clip: StoredClip) -> None:
    left, right = st.columns([1, 1], gap="large")
    with left:
        empty("query_stats", screen.say("clip.no_report"), screen.say("clip.no_report_more"))
    with right.container(border=True):
        st.markdown(f"**{screen.say('analyse.title')}**")
        draw_analyse(screen, clip)
