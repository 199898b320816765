"""The three plots of an object's page as Bokeh documents without data; static/lightcurves/ fills them."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from bokeh.embed import json_item
from bokeh.models import (
    BoxSelectTool,
    ColumnDataSource,
    DatetimeAxis,
    HoverTool,
    LassoSelectTool,
    NumeralTickFormatter,
    Range1d,
    TapTool,
)
from bokeh.plotting import figure

from lightcurves.viewer.axes import keep_labels_apart

HEIGHT = 340
MOVING = "pan,wheel_zoom,box_zoom,reset"
POINT = [
    ("", "@label"),
    ("MJD", "@mjd{0.00000}"),
    ("UTC", "@date"),
    ("mag", "@value"),
    ("reference", "@reference"),
    ("flags", "@flags"),
    ("image", "@pid"),
]
DRAWN = ("x", "y", "low", "high", "marker", "colour", "fill", "size", "alpha")
TOLD = ("key", "label", "mjd", "date", "value", "reference", "flags", "pid")


@cache
def documents() -> str:
    """JSON: for each plot (lightcurve, folded, periodogram) what Bokeh.embed.embed_item takes."""
    plots = {"lightcurve": _light_curve(), "folded": _folded(), "periodogram": _periodogram()}
    for plot in plots.values():
        plot.toolbar.logo = None
        keep_labels_apart(plot)
    return json.dumps({name: json_item(plot) for name, plot in plots.items()})


@cache
def version() -> str:
    """Cache key of these documents, part of their address: another release has another."""
    return hashlib.sha256(documents().encode()).hexdigest()[:12]


def _figure(name: str, height: int = HEIGHT, **options) -> figure:
    """A plot whose ranges are set with the data: good points decide them, not limits and outliers with flags."""
    plot = figure(
        name=name, height=height, sizing_mode="stretch_width", tools=MOVING,
        x_range=Range1d(start=0, end=1), y_range=Range1d(start=1, end=0), **options,
    )  # fmt: skip
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.formatter = NumeralTickFormatter(format="0.[00000]")
    return plot


def _add_points(plot: figure) -> ColumnDataSource:
    source = ColumnDataSource({name: [] for name in (*DRAWN, *TOLD)}, name="points")
    bars = plot.segment("x", "low", "x", "high", source=source, color="colour", alpha="alpha", name="bars")
    bars.nonselection_glyph = None
    dots = plot.scatter(
        "x", "y", source=source, marker="marker", size="size", line_color="colour", fill_color="fill", alpha="alpha",
        nonselection_alpha=0.25, selection_line_color="#d97706", selection_alpha=1.0,
    )  # fmt: skip
    plot.add_tools(HoverTool(renderers=[dots], tooltips=POINT))
    return source


def _light_curve() -> figure:
    plot = _figure("lightcurve", x_axis_label="MJD", y_axis_label="magnitude")
    plot.add_layout(DatetimeAxis(visible=False, name="calendar", axis_label="UTC"), "below")
    _add_points(plot)
    box = BoxSelectTool()
    plot.add_tools(box, LassoSelectTool(), TapTool())
    plot.toolbar.active_drag = box
    cursor = ColumnDataSource({"x": [], "y": []}, name="cursor")
    plot.scatter("x", "y", source=cursor, size=18, fill_color=None, line_color="#d97706", line_width=2)
    return plot


def _folded() -> figure:
    plot = _figure("folded", x_axis_label="phase", y_axis_label="magnitude")
    _add_points(plot)
    return plot


def _periodogram() -> figure:
    plot = _figure("periodogram", HEIGHT - 80, x_axis_label="cycles per day", y_axis_label="power")
    spectrum = ColumnDataSource({"frequency": [], "power": []}, name="spectrum")
    plot.line("frequency", "power", source=spectrum, line_width=1)
    aliases = ColumnDataSource({"frequency": [], "low": [], "high": [], "name": []}, name="aliases")
    plot.segment(
        "frequency", "low", "frequency", "high", source=aliases, color="#a855f7", line_dash="dashed", alpha=0.7
    )
    plot.text(
        "frequency", "high", text="name", source=aliases, name="alias names", text_font_size="10px",
        text_color="#a855f7", angle=1.5708, x_offset=-3, y_offset=4, text_align="right",
    )  # fmt: skip
    peaks = ColumnDataSource({"frequency": [], "power": [], "period": []}, name="peaks")
    marks = plot.scatter("frequency", "power", source=peaks, size=11, marker="inverted_triangle", color="#d97706")
    plot.add_tools(HoverTool(renderers=[marks], tooltips=[("period", "@period{0.0000000} d"), ("power", "@power")]))
    return plot
