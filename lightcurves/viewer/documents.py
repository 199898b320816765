"""The three plots of an object's page as Bokeh documents without data; static/lightcurves/ fills them."""

from __future__ import annotations

import json
from functools import cache

from bokeh.embed import json_item
from bokeh.models import ColumnDataSource, DataRange1d, HoverTool, NumeralTickFormatter, Range1d
from bokeh.plotting import figure

HEIGHT = 320
MOVING = "pan,wheel_zoom,box_zoom,reset,save"
POINT = [("filter", "@band"), ("MJD", "@mjd{0.00000}"), ("mag", "@mag{0.000} ± @err{0.000}"), ("image", "@pid")]


@cache
def documents() -> str:
    """JSON: for each plot (lightcurve, periodogram, folded) what Bokeh.embed.embed_item takes."""
    plots = {"lightcurve": _light_curve(), "periodogram": _periodogram(), "folded": _folded()}
    for plot in plots.values():
        plot.toolbar.logo = None
    return json.dumps({name: json_item(plot) for name, plot in plots.items()})


def _magnitude_figure(**options) -> figure:
    plot = figure(height=HEIGHT, sizing_mode="stretch_width", y_range=DataRange1d(flipped=True), **options)
    plot.yaxis.axis_label = "magnitude"
    return plot


def _add_points(plot: figure, x: str) -> None:
    names = (x, "mjd", "mag", "err", "low", "high", "band", "colour", "pid", "row")
    source = ColumnDataSource({name: [] for name in dict.fromkeys(names)}, name="points")
    plot.segment(x, "low", x, "high", source=source, color="colour", alpha=0.5)
    dots = plot.scatter(
        x, "mag", source=source, color="colour", size=6, alpha=0.85, nonselection_alpha=0.3, selection_line_color="gray"
    )
    plot.add_tools(HoverTool(renderers=[dots], tooltips=POINT))


def _light_curve() -> figure:
    plot = _magnitude_figure(
        x_axis_label="MJD", tools=f"{MOVING},box_select,lasso_select,tap", active_drag="box_select", name="lightcurve"
    )
    plot.xaxis.formatter = NumeralTickFormatter(format="0.[0000]")
    _add_points(plot, "mjd")
    return plot


def _folded() -> figure:
    plot = _magnitude_figure(x_axis_label="phase", tools=MOVING, x_range=Range1d(-0.02, 2.02), name="folded")
    _add_points(plot, "phase")
    return plot


def _periodogram() -> figure:
    plot = figure(
        height=HEIGHT - 80, sizing_mode="stretch_width", tools=MOVING, name="periodogram", x_axis_label="cycles per day"
    )
    plot.yaxis.axis_label = "power"
    spectrum = ColumnDataSource({"frequency": [], "power": []}, name="spectrum")
    plot.line("frequency", "power", source=spectrum, line_width=1)
    peaks = ColumnDataSource({"frequency": [], "power": [], "period": []}, name="peaks")
    marks = plot.scatter("frequency", "power", source=peaks, size=11, marker="inverted_triangle", color="#d97706")
    plot.add_tools(HoverTool(renderers=[marks], tooltips=[("period", "@period{0.0000000} d"), ("power", "@power")]))
    return plot
