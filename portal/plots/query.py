"""The plot of a query's result or of a search's rows: two columns of numbers against each other, or a histogram.

static/portal/query-plot.js and static/ui/search-plot.js fill it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from archive.services.vo.tap.query import Preview
from archive.tables.fields import Field
from lightcurves.viewer.axes import keep_labels_apart

TOOLS = "pan,wheel_zoom,box_zoom,reset,save"
BOXED = "box_select,tap,pan,wheel_zoom,box_zoom,reset,save"
TIMES = ("jd", "mjd", "hjd", "obsjd", "obsmjd", "t_min", "nid")
PLACES = (("ra", "dec"), ("s_ra", "s_dec"))


@dataclass(frozen=True)
class Plot:
    """columns: name, unit, values of each column of numbers; x, y: the two that are drawn first."""

    columns: list[dict]
    x: str
    y: str


def plot_of(found: Preview) -> Plot | None:
    """The plot of a result; None without two columns of numbers and two rows."""
    numbers = [(k, field) for k, field in enumerate(found.fields) if _is_number(field)]
    if len(numbers) < 2 or len(found.rows) < 2:
        return None
    columns = [
        {"name": field.name, "unit": field.unit or "", "values": [_finite(row[k]) for row in found.rows]}
        for k, field in numbers
    ]
    return Plot(columns, *_first([field for _, field in numbers]))


@cache
def document(tools: str = TOOLS) -> dict:
    """The plot without its points and bars."""
    from bokeh.embed import json_item  # loaded with the first plot
    from bokeh.models import BasicTickFormatter, BoxSelectTool, ColumnDataSource, HoverTool, Range1d
    from bokeh.plotting import figure

    plot = figure(
        height=380, sizing_mode="stretch_width", tools=tools, name="result",
        x_range=Range1d(start=0, end=1), y_range=Range1d(start=0, end=1), x_axis_label="x", y_axis_label="y",
    )  # fmt: skip
    for axis in (plot.xaxis, plot.yaxis):
        axis.formatter = BasicTickFormatter(precision="auto", power_limit_high=16)  # dates in full, 1e-9 as 1e-9
    plot.toolbar.logo = None
    plot.toolbar.active_drag = next((one for one in plot.tools if isinstance(one, BoxSelectTool)), "auto")
    keep_labels_apart(plot)
    points = ColumnDataSource({"x": [], "y": []}, name="points")
    dots = plot.scatter("x", "y", source=points, size=5, alpha=0.6, name="dots")
    bars = ColumnDataSource({"left": [], "right": [], "top": []}, name="bars")
    plot.quad("left", "right", "top", 0, source=bars, name="boxes")
    plot.add_tools(
        HoverTool(
            renderers=[dots],
            tooltips=[("x", "@x{%.10g}"), ("y", "@y{%.10g}")],
            formatters={"@x": "printf", "@y": "printf"},
        )
    )
    return dict(json_item(plot))


def _is_number(field: Field) -> bool:
    return not field.is_text and field.datatype != "boolean" and field.arraysize is None


def _finite(value) -> float | None:
    if isinstance(value, Decimal):
        value = float(value)
    return value if value is not None and math.isfinite(value) else None


def _first(fields: list[Field]) -> tuple[str, str]:
    """A time and a magnitude, or a place on the sky, or the first two."""
    names = [field.name for field in fields]
    time = next((name for name in names if name.lower() in TIMES), None)
    mag = next((field.name for field in fields if field.unit == "mag"), None)
    if time and mag:
        return time, mag
    place = next((pair for pair in PLACES if set(pair) <= set(names)), None)
    return place or (names[0], names[1])
