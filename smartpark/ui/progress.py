"""Progress of jobs: a bar, the time left, a way to stop."""

import streamlit as st

from smartpark.jobs.queue import cancel
from smartpark.store.clips import StoredClip
from smartpark.store.jobs import Job, get_job
from smartpark.store.workers import list_workers
from smartpark.ui.formatting import duration, plain, utc_now
from smartpark.ui.page import Screen

REFRESH = "1s"
WORKER_STARTS_S = 20


def worker_alive(screen: Screen) -> bool:
    """Return whether a worker showed a sign of life lately."""
    with screen.reading() as db:
        return bool(list_workers(db, now=utc_now()))


def is_stranded(screen: Screen, job: Job) -> bool:
    """Return whether a job has waited longer than a worker takes to start, and none is alive."""
    waited_s = (utc_now() - job.created_at).total_seconds()
    return job.is_active and waited_s > WORKER_STARTS_S and not worker_alive(screen)


def job_line(screen: Screen, job: Job, clip: StoredClip | None) -> None:
    """Draw one job that waits or runs, with its clip."""
    with st.container(border=True, key=f"job_line_{job.id}"):
        name = plain(clip.name) if clip else ""
        st.markdown(f"**{screen.name('job_kind', job.kind)}** {name}")
        bar(screen, job)


def bar(screen: Screen, job: Job) -> None:
    """Draw how far a job is, what it does and how long it still takes."""
    words = screen.name("job_state", job.state)
    if job.state == "running":
        left = job.eta_s(utc_now())
        note = screen.words(job.note) if job.note else screen.say("progress.running")
        words = f"{note} · {job.progress:.0%}"
        if left is not None:
            words += " · " + screen.say("time.left", duration=duration(left, screen.language))
    st.progress(min(1.0, max(0.0, job.progress)), text=words)


def cancel_button(screen: Screen, job: Job) -> None:
    """Draw the button that asks a job to stop."""
    if job.cancel_wished:
        st.button(screen.say("progress.cancelling"), disabled=True, key=f"cancel_{job.id}")
    else:
        st.button(
            screen.say("progress.cancel"),
            icon=":material/stop_circle:",
            key=f"cancel_{job.id}",
            on_click=_cancel,
            args=(screen, job.id),
        )


def _cancel(screen: Screen, job_id: int) -> None:
    with screen.mishaps():
        cancel(screen.engine, job_id, by=screen.operator)


@st.fragment(run_every=REFRESH)
def watch(screen: Screen, job_id: int) -> None:
    """Draw a job until it ends; then draw the whole page anew."""
    with screen.reading() as db:
        job = get_job(db, job_id)
    if not job.is_active:
        st.rerun()
    with st.container(border=True, key="job_watch"):
        st.markdown(f"**{screen.name('job_kind', job.kind)}**")
        bar(screen, job)
        if is_stranded(screen, job):
            st.caption(screen.say("progress.worker_missing"))
        cancel_button(screen, job)
