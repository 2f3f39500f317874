"""The list of jobs: what waits, runs, is done or failed, and why."""

import streamlit as st

from smartpark.jobs.queue import retry
from smartpark.store.clips import StoredClip, list_clips
from smartpark.store.jobs import JOB_STATES, Job, list_jobs
from smartpark.ui.cards import Color, empty
from smartpark.ui.formatting import ago, duration, plain, utc_now
from smartpark.ui.links import go_to_clip
from smartpark.ui.page import Screen
from smartpark.ui.progress import bar, cancel_button, is_stranded

REFRESH = "2s"
SHOWN = 50
COLORS: dict[str, Color] = {
    "queued": "gray",
    "running": "blue",
    "done": "green",
    "failed": "red",
    "cancelled": "gray",
}
ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/progress_activity:",
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
}


@st.fragment(run_every=REFRESH)
def draw_jobs(screen: Screen) -> None:
    """Draw the jobs, newest first, fresh every few seconds."""
    with screen.reading() as db:
        jobs = list_jobs(db, limit=SHOWN)
        clips = {clip.id: clip for clip in list_clips(db)}
    if not jobs:
        empty("checklist", screen.say("jobs.empty"), screen.say("jobs.empty_more"))
        return
    if any(is_stranded(screen, job) for job in jobs):
        st.warning(screen.say("progress.worker_missing"), icon=":material/pause_circle:")
    wanted = _filter(screen, jobs)
    shown = [job for job in jobs if wanted in ("all", job.state)]
    if not shown:
        st.caption(screen.say("jobs.none_of_these"))
    for job in shown:
        _job(screen, job, clips.get(job.clip_id) if job.clip_id else None)


def _filter(screen: Screen, jobs: list[Job]) -> str:
    counts: dict[str, int] = {
        state: sum(job.state == state for job in jobs) for state in JOB_STATES
    }

    def label(state: str) -> str:
        if state == "all":
            return f"{screen.say('jobs.all')} {len(jobs)}"
        return f"{screen.name('job_state', state)} {counts[state]}"

    chosen = st.pills(
        screen.say("jobs.filter"),
        ["all", *JOB_STATES],
        default="all",
        required=True,
        format_func=label,
        key=f"jobs_filter_{screen.language}",
        label_visibility="collapsed",
    )
    return str(chosen)


def _job(screen: Screen, job: Job, clip: StoredClip | None) -> None:
    with (
        st.container(border=True, key=f"jobs_{job.id}"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                state = screen.name("job_state", job.state)
                st.badge(state, icon=ICONS[job.state], color=COLORS[job.state])
                st.markdown(f"**{screen.name('job_kind', job.kind)}** {_name(clip)}")
            if job.state == "running":
                bar(screen, job)
            if job.error is not None:
                st.markdown(screen.words(job.error))
            st.caption(_facts(screen, job))
        if clip is not None:
            go_to_clip(screen.say("jobs.open"), clip.id, key=f"job_{job.id}")
        if job.is_active:
            cancel_button(screen, job)
        elif job.state in ("failed", "cancelled"):
            _retry_button(screen, job)


def _name(clip: StoredClip | None) -> str:
    return plain(clip.name) if clip else ""


def _facts(screen: Screen, job: Job) -> str:
    now, language = utc_now(), screen.language
    zone = screen.settings.timezone
    facts = [f"#{job.id}", ago(job.created_at, now=now, zone=zone, language=language)]
    facts.append(plain(job.created_by))
    if job.finished_at and job.started_at:
        took = duration((job.finished_at - job.started_at).total_seconds(), language)
        facts.append(screen.say("jobs.took", duration=took))
    if job.attempts > 1:
        facts.append(screen.say("jobs.attempt", n=job.attempts))
    if job.state == "queued":
        facts.append(screen.say("jobs.waiting"))
    return " · ".join(facts)


def _retry_button(screen: Screen, job: Job) -> None:
    st.button(
        screen.say("jobs.retry"),
        icon=":material/replay:",
        key=f"jobs_retry_{job.id}",
        on_click=_retry,
        args=(screen, job.id),
    )


def _retry(screen: Screen, job_id: int) -> None:
    with screen.mishaps():
        retry(screen.engine, job_id, screen.operator, runner=screen.runner())
