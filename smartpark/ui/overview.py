"""The parts of the overview: what waits, what runs, what was found, how the system is."""

import shutil
from pathlib import Path

import streamlit as st

from smartpark.store.alerts import StoredAlert, count_alerts, list_alerts
from smartpark.store.clips import StoredClip, list_clips
from smartpark.store.jobs import list_jobs
from smartpark.store.reports import StoredReport, get_report, list_reports
from smartpark.ui import formatting
from smartpark.ui.cards import empty, figures, picture, severity_badge
from smartpark.ui.links import go_to_clip
from smartpark.ui.page import Screen
from smartpark.ui.progress import job_line, worker_alive

SHOWN_ALERTS = 6
SHOWN_REPORTS = 5
REFRESH = "4s"


@st.fragment(run_every=REFRESH)
def draw_overview(screen: Screen) -> None:
    """Draw the overview, fresh every few seconds."""
    with screen.reading() as db:
        clips = {clip.id: clip for clip in list_clips(db)}
        alerts = list_alerts(db, states=("open",), limit=SHOWN_ALERTS)
        open_count = count_alerts(db, state="open")
        folders = {a.id: get_report(db, a.report_id).folder for a in alerts}
        high = sum(a.event.severity == "high" for a in list_alerts(db, limit=1000))
        jobs = list_jobs(db, states=("queued", "running"), limit=20)
        reports = {report.id: report for report in list_reports(db, limit=SHOWN_REPORTS)}
    if not clips:
        _first_steps(screen)
        return
    figures(
        [
            (screen.say("overview.open_alerts"), str(open_count), None),
            (screen.say("overview.high_alerts"), str(high), None),
            (screen.say("overview.clips"), str(len(clips)), None),
            (screen.say("overview.running"), str(len(jobs)), None),
        ]
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        _alerts(screen, [(a, folders[a.id]) for a in alerts], clips)
        if open_count > len(alerts):
            st.caption(screen.say("overview.all_alerts", n=open_count - len(alerts)))
    with right:
        for job in jobs:
            job_line(screen, job, clips.get(job.clip_id) if job.clip_id else None)
        _reports(screen, list(reports.values()), clips)
        _system(screen)


def _first_steps(screen: Screen) -> None:
    st.subheader(screen.say("overview.start"), anchor=False)
    limit = formatting.size(screen.settings.max_upload_mb * 1e6)
    steps = (("upload", "upload"), ("draw", "draw"), ("analyse", "play_circle"))
    for number, (column, (step, icon)) in enumerate(zip(st.columns(3), steps, strict=True), 1):
        with column.container(border=True, height="stretch"):
            st.markdown(f"## :primary[:material/{icon}:] {number}")
            st.markdown(f"**{screen.say(f'overview.step_{step}')}**")
            st.caption(screen.say(f"overview.step_{step}_more", limit=limit))
    st.page_link(
        "pages/1_Footage.py",
        label=f"**{screen.say('overview.go')}**",
        icon=":material/arrow_forward:",
    )
    _system(screen)


def _alerts(
    screen: Screen, alerts: list[tuple[StoredAlert, str]], clips: dict[int, StoredClip]
) -> None:
    st.subheader(screen.say("overview.alerts"), anchor=False)
    if not alerts:
        empty(
            "check_circle", screen.say("overview.no_alerts"), screen.say("overview.no_alerts_more")
        )
    for alert, folder in alerts:
        shot = screen.path(folder, alert.snapshot) if alert.snapshot else None
        _alert(screen, alert, clips.get(alert.clip_id), shot)


def _alert(
    screen: Screen, alert: StoredAlert, clip: StoredClip | None, snapshot: Path | None
) -> None:
    event = alert.event
    with st.container(border=True, key=f"overview_alert_{alert.id}"):
        shot, words = st.columns([1, 3], vertical_alignment="center")
        with shot:
            picture(snapshot, alt=event.kind, key=f"alert_{alert.id}")
        with words:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                severity_badge(screen, event.severity)
                st.markdown(f"**{screen.kind(event.kind)}**")
            st.markdown(screen.words(event.text))
            with st.container(horizontal=True, vertical_alignment="center"):
                name = formatting.plain(clip.name) if clip else ""
                st.caption(f"{name} · {formatting.clock(event.start_s)}", width="stretch")
                go_to_clip(
                    screen.say("overview.look"),
                    alert.clip_id,
                    key=f"alert_{alert.id}",
                    event=event.id,
                )


def _reports(screen: Screen, reports: list[StoredReport], clips: dict[int, StoredClip]) -> None:
    st.subheader(screen.say("overview.reports"), anchor=False)
    if not reports:
        st.caption(screen.say("overview.no_reports"))
    for report in reports:
        clip = clips.get(report.clip_id)
        if clip is None:
            continue
        with st.container(border=True, key=f"overview_report_{report.id}"):
            shot, words = st.columns([1, 3], vertical_alignment="center")
            with shot:
                thumbnail = screen.path(clip.thumbnail) if clip.thumbnail else None
                picture(thumbnail, alt=clip.name, key=f"report_{report.id}")
            with words:
                go_to_clip(f"**{formatting.plain(clip.name)}**", clip.id, key=f"report_{report.id}")
                when = formatting.ago(
                    report.created_at,
                    now=formatting.utc_now(),
                    zone=screen.settings.timezone,
                    language=screen.language,
                )
                events = len(report.report["events"])
                st.caption(screen.say("overview.report_line", events=events, when=when))


def _system(screen: Screen) -> None:
    settings = screen.settings
    alive = worker_alive(screen)
    st.subheader(screen.say("overview.system"), anchor=False)
    kept = settings.retention_days
    rows = {
        "overview.model": f":material/neurology: {formatting.plain(settings.detector)}",
        "overview.mode": screen.name("mode", settings.mode),
        "overview.worker": (
            f":green[:material/check_circle: {screen.say('overview.worker_alive')}]"
            if alive
            else f":orange[:material/pause_circle: {screen.say('overview.worker_none')}]"
        ),
        "overview.disk": formatting.size(shutil.disk_usage(settings.data_dir).free),
        "overview.notifiers": formatting.plain(", ".join(settings.notifiers)),
        "overview.retention": (
            screen.say("overview.retention_days", n=kept)
            if kept
            else screen.say("overview.retention_ever")
        ),
    }
    with st.container(border=True, gap="small"):
        for key, value in rows.items():
            name, shown = st.columns([2, 3])
            name.caption(screen.say(key))
            shown.markdown(value)
