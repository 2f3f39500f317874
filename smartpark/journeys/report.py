"""Put an analysis into words and figures: `events.json`, `report.json`, `report.html`."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from smartpark.core.text import Text
from smartpark.core.values import Event

SEVERITY_WORDS = {
    "high": Text(en="High", zh="高"),
    "medium": Text(en="Medium", zh="中"),
    "low": Text(en="Low", zh="低"),
    "info": Text(en="Info", zh="提示"),
}
COLOURS = ("#0f766e", "#d97706", "#4f46e5", "#be185d", "#65a30d", "#0369a1")
PLOT_WIDTH_IN, PLOT_HEIGHT_IN = 7.2, 2.2


class Plot(NamedTuple):
    """A drawing and its legend: the words live in the page, in the reader's language.

    Attributes:
        svg: the drawing, as an SVG element.
        legend: `(name, CSS colour)` of each series.
    """

    svg: str
    legend: list[tuple[str, str]]


def event_dict(event: Event, snapshot: str | None, *, raised_s: float) -> dict[str, Any]:
    """Return an event in the form of `events.json`; `raised_s` is when it was first reported."""
    return {
        "id": event.id,
        "kind": event.kind,
        "start_s": round(event.start_s, 3),
        "end_s": round(event.end_s, 3),
        "raised_s": round(raised_s, 3),
        "zone": event.zone,
        "line": event.line,
        "track_ids": list(event.track_ids),
        "severity": event.severity,
        "score": round(event.score, 3),
        "snapshot": snapshot,
        "text": {"en": event.text.en, "zh": event.text.zh},
        "evidence": dict(event.evidence),
    }


def settings_digest(settings: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of everything that decides an analysis, in one fixed spelling."""
    spelled = json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()


def write_json(path: Path, document: object) -> None:
    """Write a document as UTF-8 JSON that a person can read."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_page(folder: Path, report: Mapping[str, Any], warnings: Sequence[Text]) -> None:
    """Write `report.html`: one page that needs no other file and no network.

    Args:
        folder: holds the snapshots; takes the page.
        report: the content of `report.json`.
        warnings: what the reader of the page must know before trusting the figures.
    """
    source = files("smartpark.journeys").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["clock"] = _clock
    page = environment.from_string(source).render(
        report=report,
        warnings=warnings,
        severities=SEVERITY_WORDS,
        pictures=_pictures(folder, report["events"]),
        occupancy_plot=_occupancy_plot(report["zones"]),
        crossing_plots=[(line["name"], _crossing_plot(line)) for line in report["lines"]],
    )
    (folder / "report.html").write_text(page, encoding="utf-8")


def _pictures(folder: Path, events: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {
        event["id"]: base64.b64encode((folder / event["snapshot"]).read_bytes()).decode()
        for event in events
        if event["snapshot"]
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def _occupancy_plot(zones: Sequence[Mapping[str, Any]]) -> Plot | None:
    if not any(zone["occupancy"] for zone in zones):
        return None
    figure, axes = _axes()
    legend = [(zone["name"], COLOURS[at % len(COLOURS)]) for at, zone in enumerate(zones)]
    for zone, (_, colour) in zip(zones, legend, strict=True):
        samples = zone["occupancy"]
        times_s = [sample["t_s"] for sample in samples]
        counts = [sample["count"] for sample in samples]
        axes.step(times_s, counts, where="post", color=colour)
    axes.set_ylim(bottom=0)
    return Plot(_svg(figure), legend)


def _crossing_plot(line: Mapping[str, Any]) -> Plot | None:
    intervals = line["intervals"]
    if not any(interval["in"] or interval["out"] for interval in intervals):
        return None
    figure, axes = _axes()
    starts = [interval["start_s"] for interval in intervals]
    widths = [interval["end_s"] - interval["start_s"] for interval in intervals]
    for way, sign, colour in (("in", 1, COLOURS[0]), ("out", -1, COLOURS[1])):
        heights = [sign * interval[way] for interval in intervals]
        axes.bar(starts, heights, widths, align="edge", color=colour)
    axes.axhline(0, color="#888", linewidth=0.8)
    return Plot(_svg(figure), [("in · 进 ↑", COLOURS[0]), ("out · 出 ↓", COLOURS[1])])


def _axes() -> tuple[Figure, Any]:
    # Words stand beside the plot, in the page: its font has no Chinese glyphs to measure.
    figure = Figure(figsize=(PLOT_WIDTH_IN, PLOT_HEIGHT_IN), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel("s")
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return figure, axes


def _svg(figure: Figure) -> str:
    # A fixed salt: the same clip gives the same page.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "smartpark", "font.size": 9}):
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    return text[text.index("<svg") :]
