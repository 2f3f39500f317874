"""The parts of the overview: what waits, what runs, what was found, how the system is."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from smartpark.core.values import SEVERITIES
from smartpark.store.alerts import StoredAlert, count_alerts, list_alerts
from smartpark.store.clips import StoredClip, list_clips
from smartpark.store.jobs import ACTIVE, Job, list_jobs
from smartpark.store.reports import find_report, get_report
from smartpark.ui import formatting
from smartpark.ui.cards import empty, figures, picture, severity_badge
from smartpark.ui.links import go_to_clip
from smartpark.ui.page import Screen
from smartpark.ui.pictures import Masks, clip_picture, masks_by_scene
from smartpark.ui.progress import job_line, worker_alive

SHOWN_ALERTS = 6
MOST_ALERTS = 500  # that are looked through for the worst
SHOWN_REPORTS = 5
REFRESH = "4s"


@st.fragment(run_every=REFRESH)
def draw_overview(screen: Screen) -> None:
    """Draw the overview, fresh every few seconds."""
    with screen.reading() as db:
        clips = {clip.id: clip for clip in list_clips(db)}
        alerts = list_alerts(db, limit=MOST_ALERTS)
        open_count = count_alerts(db, state="open")
        jobs = list_jobs(db, states=ACTIVE, limit=20)
        ended = list_jobs(db, states=("done",), limit=4 * SHOWN_REPORTS)
        masks = masks_by_scene(db)
    reports = [brief for job in ended if (brief := _brief(screen, job)) is not None]
    if not clips:
        _first_steps(screen)
        return
    figures(
        [
            (screen.say("overview.open_alerts"), str(open_count), None),
            (screen.say("overview.high_alerts"), str(_count_high(alerts)), None),
            (screen.say("overview.clips"), str(len(clips)), None),
            (screen.say("overview.running"), str(len(jobs)), None),
        ]
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        _alerts(screen, alerts, clips)
    with right:
        for job in jobs:
            job_line(screen, job, clips.get(job.clip_id) if job.clip_id else None)
        _reports(screen, reports[:SHOWN_REPORTS], clips, masks)
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


def _count_high(alerts: list[StoredAlert]) -> int:
    return sum(alert.event.severity == "high" for alert in alerts)


def _alerts(screen: Screen, alerts: list[StoredAlert], clips: dict[int, StoredClip]) -> None:
    st.subheader(screen.say("overview.alerts"), anchor=False)
    if not alerts:
        empty(
            "check_circle", screen.say("overview.no_alerts"), screen.say("overview.no_alerts_more")
        )
    shown = st.session_state.get("overview_shown", SHOWN_ALERTS)
    worst_first = sorted(alerts, key=lambda alert: -SEVERITIES.index(alert.event.severity))
    for alert in worst_first[:shown]:
        _alert(screen, alert, clips.get(alert.clip_id), _snapshot(screen, alert))
    if len(alerts) > shown:
        label = screen.say("overview.all_alerts", n=len(alerts) - shown)
        st.button(label, icon=":material/expand_more:", key="overview_more", on_click=_show_more)


def _show_more() -> None:
    shown = st.session_state.get("overview_shown", SHOWN_ALERTS)
    st.session_state["overview_shown"] = shown + 2 * SHOWN_ALERTS


def _snapshot(screen: Screen, alert: StoredAlert) -> Path | None:
    if alert.snapshot is None:
        return None
    return screen.path(_folder(screen, str(screen.engine.url), alert.report_id), alert.snapshot)


@st.cache_data(show_spinner=False, max_entries=500)
def _folder(_screen: Screen, address: str, report_id: int) -> str:
    del address  # it only tells one database from another
    with _screen.reading() as db:
        return get_report(db, report_id).folder


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


@dataclass(frozen=True)
class _Brief:
    report_id: int
    clip_id: int
    created_at: datetime
    events: int


def _brief(screen: Screen, job: Job) -> _Brief | None:
    """Return what the overview tells of a job's report; reports are large, so only once."""
    if job.kind != "analyse_clip" or job.clip_id is None:
        return None
    return _read_brief(screen, str(screen.engine.url), job.id, job.finished_at)


@st.cache_data(show_spinner=False, max_entries=500)
def _read_brief(
    _screen: Screen, address: str, job_id: int, ended: datetime | None
) -> _Brief | None:
    del address, ended  # they only tell one report from another
    with _screen.reading() as db:
        report = find_report(db, job_id)
    if report is None:
        return None
    return _Brief(report.id, report.clip_id, report.created_at, len(report.report["events"]))


def _reports(
    screen: Screen,
    reports: list[_Brief],
    clips: dict[int, StoredClip],
    masks: dict[int | None, Masks],
) -> None:
    st.subheader(screen.say("overview.reports"), anchor=False)
    if not reports:
        st.caption(screen.say("overview.no_reports"))
    for report in reports:
        clip = clips.get(report.clip_id)
        if clip is None:
            continue
        with st.container(border=True, key=f"overview_report_{report.report_id}"):
            shot, words = st.columns([1, 3], vertical_alignment="center")
            with shot:
                clip_picture(screen, clip, masks, key=f"report_{report.report_id}")
            with words:
                key = f"report_{report.report_id}"
                go_to_clip(f"**{formatting.plain(clip.name)}**", clip.id, key=key)
                when = formatting.ago(
                    report.created_at,
                    now=formatting.utc_now(),
                    zone=screen.settings.timezone,
                    language=screen.language,
                )
                st.caption(screen.say("overview.report_line", events=report.events, when=when))


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
