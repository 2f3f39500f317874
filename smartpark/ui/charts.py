"""Figures as pure functions: from the figures of a report to plotly figures."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import plotly.graph_objects as go

from smartpark.core.text import Language
from smartpark.ui.messages import say

HEIGHT_PX = 320
LONG_S, VERY_LONG_S = 600, 3 * 3600  # clips whose time is told in minutes, in hours
# These can be told apart, and read on light and dark ground alike.
COLORS = ("#1f9d8a", "#e8853d", "#5b7fe0", "#d0588f", "#a3a83a", "#8a75d8")
IN_COLOR, OUT_COLOR = COLORS[:2]
CONFIG: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False}


def occupancy(zones: Sequence[Mapping[str, Any]], duration_s: float, language: Language) -> Any:
    """Return how many were in each zone over time, as steps.

    Args:
        zones: as in `report.json`: `name` and `occupancy` as `{"t_s", "count"}`.
        duration_s: length of the clip.
        language: of the axes.
    """
    factor, time_title = _time_axis(duration_s, language)
    figure = go.Figure()
    for zone, color in zip(zones, cycle(COLORS), strict=False):
        samples = zone["occupancy"]
        figure.add_scatter(
            x=[sample["t_s"] * factor for sample in samples],
            y=[sample["count"] for sample in samples],
            name=_plain(zone["name"]),
            mode="lines",
            line={"shape": "hv", "width": 2.5, "color": color},
        )
    figure.update_xaxes(title=time_title, range=[0, duration_s * factor])
    figure.update_yaxes(
        title=say("chart.occupancy_y", language), rangemode="tozero", tickformat="d"
    )
    return _laid_out(figure)


def crossings(line: Mapping[str, Any], duration_s: float, language: Language) -> Any:
    """Return the crossings of a line over time: in above the axis, out below.

    Args:
        line: as in `report.json`: `name` and `intervals` as `{"start_s", "end_s", "in", "out"}`.
        duration_s: length of the clip.
        language: of the axes.
    """
    factor, time_title = _time_axis(duration_s, language)
    intervals = line["intervals"]
    middles = [(part["start_s"] + part["end_s"]) / 2 * factor for part in intervals]
    widths = [(part["end_s"] - part["start_s"]) * factor * 0.9 for part in intervals]
    figure = go.Figure()
    for side, sign, color in (("in", 1, IN_COLOR), ("out", -1, OUT_COLOR)):
        counts = [part[side] for part in intervals]
        figure.add_bar(
            x=middles,
            y=[sign * count for count in counts],
            width=widths,
            customdata=counts,
            hovertemplate="%{customdata}",
            name=say(f"chart.{side}", language),
            marker_color=color,
        )
    most = max([1, *(part[side] for part in intervals for side in ("in", "out"))])
    figure.update_layout(barmode="relative")
    figure.update_xaxes(title=time_title, range=[0, duration_s * factor])
    figure.update_yaxes(
        title=say("chart.counts_y", language),
        range=[-most * 1.1, most * 1.1],
        zeroline=True,
        **_whole_ticks(most),
    )
    return _laid_out(figure)


def heat(grid: Mapping[str, Any], picture: str | None, language: Language) -> Any:
    """Return where people were, over a picture of the scene.

    Args:
        grid: `{"columns", "rows", "seconds"}`, seconds by row from the top.
        picture: `data:` address of the picture behind, or None.
        language: of the colour bar.
    """
    columns, rows = grid["columns"], grid["rows"]
    seconds = [[value or None for value in row] for row in grid["seconds"]]
    figure = go.Figure()
    figure.add_heatmap(
        z=seconds,
        colorscale=[
            [0, "rgba(255,214,90,0.45)"],
            [0.35, "rgba(255,150,50,0.7)"],
            [1, "rgba(214,30,60,0.9)"],
        ],
        zsmooth=False,
        zmin=0,
        hoverongaps=False,
        hovertemplate="%{z:.1f}<extra></extra>",
        colorbar={"title": say("chart.heat_unit", language), "thickness": 12, "outlinewidth": 0},
    )
    if picture:
        figure.add_layout_image(
            source=picture,
            xref="x",
            yref="y",
            x=-0.5,
            y=-0.5,
            sizex=columns,
            sizey=rows,
            sizing="stretch",
            layer="below",
        )
    figure.update_xaxes(visible=False, range=[-0.5, columns - 0.5], constrain="domain")
    figure.update_yaxes(visible=False, range=[rows - 0.5, -0.5], scaleanchor="x")
    laid_out = _laid_out(figure)
    laid_out.update_layout(margin={"l": 0, "r": 0, "t": 8, "b": 0})
    return laid_out


def kinds(
    events: Sequence[Mapping[str, Any]], kind_name: Callable[[str], str], language: Language
) -> Any:
    """Return how many events there were of each kind.

    Args:
        events: as in `events.json`; only `kind` is read.
        kind_name: gives the name of a kind in words.
        language: of the axis.
    """
    counts: dict[str, int] = {}
    for event in events:
        counts[event["kind"]] = counts.get(event["kind"], 0) + 1
    ordered = sorted(counts.items(), key=lambda entry: entry[1])
    figure = go.Figure()
    figure.add_bar(
        x=[count for _, count in ordered],
        y=[_plain(kind_name(kind)) for kind, _ in ordered],
        text=[count for _, count in ordered],
        orientation="h",
        marker_color=IN_COLOR,
    )
    figure.update_xaxes(
        title=say("chart.kinds_x", language),
        rangemode="tozero",
        **_whole_ticks(max(counts.values(), default=1)),
    )
    return _laid_out(figure)


def _time_axis(duration_s: float, language: Language) -> tuple[float, str]:
    unit, factor = "s", 1.0
    if duration_s > LONG_S:
        unit, factor = "min", 1 / 60
    if duration_s > VERY_LONG_S:
        unit, factor = "h", 1 / 3600
    return factor, say("chart.time", language, unit=say(f"chart.unit_{unit}", language))


def _whole_ticks(most: int) -> dict[str, Any]:
    return {"dtick": 1} if most <= 6 else {"tickformat": "d"}


def _laid_out(figure: Any) -> Any:
    figure.update_layout(
        height=HEIGHT_PX,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        dragmode=False,
    )
    return figure


def _plain(name: str) -> str:
    # plotly reads a small set of HTML in names.
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
