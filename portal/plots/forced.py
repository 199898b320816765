"""A forced light curve as a Bokeh document, which static/forced/forced.js fills, and as SVG without script."""

from __future__ import annotations

from functools import cache

import numpy as np

from lightcurves.viewer.axes import keep_labels_apart
from lightcurves.viewer.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Drawing

TICKS = 6
PAD = 0.05  # of the range
OUTLIERS = 0.5  # per cent of the points at each end that do not widen the range
POINT = [
    ("filter", "@band"), ("MJD", "@mjd{0.00000}"), ("flux", "@flux{0.00} ± @error{0.00} µJy"), ("mag", "@mag"),
    ("image", "@pid @image"), ("status", "@status"),
]  # fmt: skip


@cache
def document() -> dict:
    """Flux against time, without points."""
    from bokeh.embed import json_item  # loaded with the first plot
    from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter
    from bokeh.models.annotations import Span
    from bokeh.plotting import figure

    plot = figure(
        height=HEIGHT + 40, sizing_mode="stretch_width", tools="pan,wheel_zoom,box_zoom,reset,save", name="forced",
        x_axis_label="MJD",
    )  # fmt: skip
    plot.yaxis.axis_label = "flux (µJy)"
    plot.xaxis.formatter = NumeralTickFormatter(format="0.[0000]")
    plot.toolbar.logo = None
    keep_labels_apart(plot)
    names = ("mjd", "flux", "error", "low", "high", "band", "colour", "mag", "pid", "image", "status")
    source = ColumnDataSource({name: [] for name in names}, name="points")
    plot.add_layout(Span(location=0, dimension="width", line_color="gray", line_dash="dashed", line_width=1))
    plot.segment("mjd", "low", "mjd", "high", source=source, color="colour", alpha=0.6)
    dots = plot.scatter("mjd", "flux", source=source, color="colour", size=6, alpha=0.85)
    plot.add_tools(HoverTool(renderers=[dots], tooltips=POINT))
    return dict(json_item(plot))


def drawing(points: list[dict]) -> Drawing | None:
    """Flux (uJy) against time; None where nothing was measured."""
    good = [one for one in points if one["flux"] is not None]
    if not good:
        return None
    x, y, error = (np.array([one[name] for one in good], float) for name in ("mjd", "flux", "fluxerr"))
    across, x_ticks = _axis(x.min(), x.max(), LEFT, WIDTH - RIGHT)
    low, high = np.percentile(y - error, OUTLIERS), np.percentile(y + error, 100 - OUTLIERS)
    up, y_ticks = _axis(min(low, 0.0), max(high, 0.0), HEIGHT - BOTTOM, TOP)
    marks = [
        {"x": across(x[k]), "y": up(y[k]), "low": up(y[k] - error[k]), "high": up(y[k] + error[k]),
         "style": one["filtercode"]}
        for k, one in enumerate(good) if low <= y[k] <= high
    ]  # fmt: skip
    summary = f"Forced light curve: {len(good)} fluxes from {y.min():.4g} to {y.max():.4g} microjansky"
    return Drawing(WIDTH, HEIGHT, marks, x_ticks, y_ticks, "MJD (flux in µJy)", summary)


def _axis(low: float, high: float, first: float, last: float):
    """The function from values to places in the drawing, and ticks at round values."""
    pad = max((high - low) * PAD, 1e-3)
    low, high = low - pad, high + pad

    def place(value: float) -> float:
        return round(first + (float(value) - low) / (high - low) * (last - first), 1)

    power = 10.0 ** np.floor(np.log10((high - low) / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * TICKS >= high - low)
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return place, [{"at": place(value), "label": f"{value:.{decimals}f}"} for value in values]
