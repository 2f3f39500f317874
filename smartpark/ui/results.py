"""What an analysis found: figures, player, events, charts."""

from typing import Any

import streamlit as st

from smartpark.store.alerts import ALERT_STATES, list_alerts
from smartpark.store.clips import StoredClip
from smartpark.store.events import list_events
from smartpark.store.reports import StoredReport
from smartpark.ui import charts
from smartpark.ui.cards import empty, figures
from smartpark.ui.evidence import draw_evidence
from smartpark.ui.formatting import ago, duration, plain, utc_now
from smartpark.ui.links import report_file
from smartpark.ui.page import Screen
from smartpark.ui.pictures import as_address, covered
from smartpark.ui.player import Shown, draw_player

REFRESH = "5s"  # what somebody else decided is seen here too


def draw_results(screen: Screen, clip: StoredClip, report: StoredReport) -> None:
    """Draw everything that a report says, most important first."""
    for warning in report.warnings:
        st.warning(screen.words(warning), icon=":material/report:")
    _watching(screen, report)
    _charts(screen, clip, report)
    _origin(screen, report)


@st.fragment(run_every=REFRESH)
def _watching(screen: Screen, report: StoredReport) -> None:
    folder = screen.path(report.folder)
    with screen.reading() as db:
        events = list_events(db, report.id)
        alerts = list_alerts(db, states=ALERT_STATES, report_id=report.id, limit=10_000)
    by_event = {alert.event.id: alert for alert in alerts}
    shown = [
        Shown(
            stored,
            by_event.get(stored.event.id),
            report_file(folder, report.id, stored.snapshot) if stored.snapshot else None,
        )
        for stored in events
    ]
    _headline(screen, report, sum(alert.state == "open" for alert in alerts))
    video = report_file(folder, report.id, "overlay.mp4")
    if video is None:
        st.info(screen.say("results.files_gone"), icon=":material/auto_delete:")
        return
    chosen = draw_player(screen, report.id, report.report["clip"], video, shown)
    if not events:
        _nothing(screen, report)
        return
    one = next((entry for entry in shown if entry.stored.event.id == chosen), None)
    name = one.stored.snapshot if one else None
    draw_evidence(screen, one, folder / name if name else None)


def _headline(screen: Screen, report: StoredReport, open_alerts: int) -> None:
    content = report.report
    went_in = sum(sum(line["in"].values()) for line in content["lines"])
    went_out = sum(sum(line["out"].values()) for line in content["lines"])
    most = max((zone["max_count"] for zone in content["zones"]), default=None)
    entries: list[tuple[str, str, str | None]] = [
        (screen.say("results.open_alerts"), str(open_alerts), None),
        (screen.say("results.events"), str(len(content["events"])), None),
    ]
    if "tracks" in content:
        entries.append((screen.say("results.tracks"), str(content["tracks"]), None))
    if most is not None:
        entries.append((screen.say("results.busiest"), str(most), None))
    if content["lines"]:
        ways = screen.say("results.ways", n_in=went_in, n_out=went_out)
        entries.append((screen.say("results.crossings"), str(went_in + went_out), ways))
    figures(entries)


def _nothing(screen: Screen, report: StoredReport) -> None:
    has_rules = bool(report.report["zones"] or report.report["lines"])
    key = "results.no_events_more" if has_rules else "results.no_rules_more"
    empty("verified_user", screen.say("results.no_events"), screen.say(key))


def _charts(screen: Screen, clip: StoredClip, report: StoredReport) -> None:
    content, language = report.report, screen.language
    length_s = content["clip"]["duration_s"]
    drawn = []
    if any(zone["occupancy"] for zone in content["zones"]):
        figure = charts.occupancy(content["zones"], length_s, language)
        drawn.append((screen.say("chart.occupancy"), figure))
    grid = content.get("heat_map")
    if grid and any(any(row) for row in grid["seconds"]):
        behind = _behind_heat(screen, clip, content)
        drawn.append((screen.say("chart.heat"), charts.heat(grid, behind, language)))
    for line in content["lines"]:
        title = f"{screen.say('chart.counts')}: {plain(line['name'])}"
        drawn.append((title, charts.crossings(line, length_s, language)))
    if content["events"]:
        figure = charts.kinds(content["events"], screen.kind_name, language)
        drawn.append((screen.say("chart.kinds"), figure))
    st.subheader(screen.say("results.charts"), anchor=False)
    if not content["zones"] and not content["lines"]:
        st.caption(screen.say("results.no_charts"))
    for start in range(0, len(drawn), 2):
        for column, (title, figure) in zip(st.columns(2), drawn[start : start + 2], strict=False):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{title}**")
                st.plotly_chart(figure, config=charts.CONFIG, key=f"footage_chart_{title}")


def _behind_heat(screen: Screen, clip: StoredClip, content: dict[str, Any]) -> str | None:
    path = screen.path(clip.thumbnail) if clip.thumbnail else None
    if path is None or not path.is_file():
        return None
    width, height = content["clip"]["width"], content["clip"]["height"]
    masks = (content.get("scene") or {}).get("privacy_masks", [])
    return as_address(covered(path, masks, width=width, height=height))


def _origin(screen: Screen, report: StoredReport) -> None:
    timing = report.report["timing"]
    frames = max(1, report.report["clip"]["frames"])
    when = ago(
        report.created_at,
        now=utc_now(),
        zone=screen.settings.timezone,
        language=screen.language,
    )
    how = screen.say(
        "results.how",
        detector=plain(report.detector),
        version=plain(report.detector_version[:12]),
        mode=screen.name("mode", report.mode),
        when=when,
    )
    pace = screen.say(
        "results.speed",
        fps=f"{timing['frames_per_s']:.0f}",
        share=f"{timing['inferred_frames'] / frames:.0%}",
    )
    took = duration(timing["wall_s"], screen.language)
    st.caption(f":material/neurology: {how} · {screen.say('results.wall')} {took} ({pace})")
