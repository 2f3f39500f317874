"""The library: every clip as a card with its picture, length and state."""

from collections import Counter

import streamlit as st

from smartpark.store.alerts import list_alerts
from smartpark.store.clips import StoredClip, list_clips
from smartpark.store.jobs import Job, list_jobs
from smartpark.ui.cards import Color, empty
from smartpark.ui.formatting import clock, plain
from smartpark.ui.links import go_to_clip
from smartpark.ui.page import Screen
from smartpark.ui.pictures import Masks, clip_picture, masks_by_scene
from smartpark.ui.uploader import Receive, draw_refusals, draw_uploader

COLUMNS = 4
PAGE = 12
SEARCH_FROM = 9  # clips; fewer are found at a glance
MOST = 2000  # alerts and jobs that are looked through
REFRESH = "3s"


def draw_library(screen: Screen, receive: Receive) -> None:
    """Draw the place to upload and the cards of all clips."""
    draw_uploader(screen, receive)
    draw_refusals(screen)
    _cards(screen)


@st.fragment(run_every=REFRESH)
def _cards(screen: Screen) -> None:
    with screen.reading() as db:
        clips = list_clips(db)
        jobs = [job for job in list_jobs(db, limit=MOST) if job.kind == "analyse_clip"]
        open_alerts = Counter(alert.clip_id for alert in list_alerts(db, limit=MOST))
        masks = masks_by_scene(db)
    latest = {job.clip_id: job for job in reversed(jobs)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(screen.say("footage.library"), anchor=False, width="stretch")
        if len(clips) >= SEARCH_FROM:
            wanted = _search(screen)
            clips = [clip for clip in clips if wanted.casefold() in clip.name.casefold()]
            if not clips:
                st.caption(screen.say("footage.no_match"))
    if not clips:
        empty("video_library", screen.say("footage.empty"), screen.say("footage.empty_more"))
    shown = st.session_state.get("footage_shown", PAGE)
    for start in range(0, min(shown, len(clips)), COLUMNS):
        row = clips[start : start + COLUMNS]
        for column, clip in zip(st.columns(COLUMNS), row, strict=False):
            with column:
                state = _state(screen, latest.get(clip.id), open_alerts[clip.id])
                _card(screen, clip, masks, state)
    if shown < len(clips):
        st.button(screen.say("footage.more_clips"), key="footage_more", on_click=_show_more)


def _show_more() -> None:
    st.session_state["footage_shown"] = st.session_state.get("footage_shown", PAGE) + PAGE


def _search(screen: Screen) -> str:
    return st.text_input(
        screen.say("footage.search"),
        key="footage_search",
        icon=":material/search:",
        placeholder=screen.say("footage.search"),
        label_visibility="collapsed",
        width=280,
    )


def _card(
    screen: Screen,
    clip: StoredClip,
    masks: dict[int | None, Masks],
    state: tuple[str, str, Color],
) -> None:
    words, icon, color = state
    with st.container(border=True, key=f"footage_card_{clip.id}", gap="small", height="stretch"):
        clip_picture(screen, clip, masks, key=f"card_{clip.id}")
        go_to_clip(f"**{plain(clip.name)}**", clip.id, key=f"card_{clip.id}")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(words, icon=icon, color=color)
            st.caption(clock(clip.info.duration_s))


def _state(screen: Screen, job: Job | None, open_alerts: int) -> tuple[str, str, Color]:
    """Return what the latest analysis came to, as words, icon and colour of a badge."""
    if job is not None and job.state == "running":
        words = f"{screen.name('job_state', 'running')} {job.progress:.0%}"
        return words, ":material/progress_activity:", "blue"
    if job is not None and job.state == "queued":
        return screen.name("job_state", "queued"), ":material/hourglass_empty:", "blue"
    if job is not None and job.state == "failed":
        return screen.name("job_state", "failed"), ":material/error:", "red"
    if open_alerts:
        words = screen.say("footage.state_alerts", n=open_alerts)
        return words, ":material/notifications_active:", "orange"
    if job is not None and job.state == "done":
        return screen.say("footage.state_done"), ":material/check_circle:", "green"
    return screen.say("footage.state_new"), ":material/fiber_new:", "gray"
