"""An alert's light curve: a Bokeh document, which static/alerts/ fills, and an SVG for pages without script."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from archive.products.alert_curves import LIMIT, Curve, Point
from archive.survey.times import MJD_ZERO, date_of_jd
from archive.tables.scales import padded, scale, ticks
from lightcurves.viewer.axes import keep_labels_apart
from lightcurves.viewer.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

MARKERS = {"zg": "circle", "zr": "square", "zi": "diamond"}
SIZE = 4.0  # half a mark, units of the drawing
HOVER = [
    ("", "@label"), ("UTC", "@date"), ("JD", "@jd{0.00000}"), ("magnitude", "@value"), ("flux (µJy)", "@fluxes"),
    ("alert", "@candid"), ("image", "@pid"),
]  # fmt: skip
DRAWN = ("x", "y", "low", "high", "marker", "colour", "fill", "alpha")
TOLD = ("label", "date", "jd", "value", "fluxes", "candid", "pid")


@dataclass(frozen=True)
class Mark:
    """A path with the class that colours it; `open_`: drawn without filling; `bar`: the path of its uncertainty."""

    path: str
    style: str
    open_: bool
    bar: str = ""


@dataclass(frozen=True)
class AlertDrawing:
    """The drawing that the template renders, in its own units; `ring`: where this alert is."""

    width: int
    height: int
    marks: list[Mark]
    x_ticks: list[dict]
    y_ticks: list[dict]
    ring: tuple[float, float] | None
    summary: str


@cache
def document() -> dict:
    """Magnitude or flux of the difference against UTC, without points."""
    from bokeh.embed import json_item  # loaded with the first plot
    from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, Range1d
    from bokeh.models.annotations import Span
    from bokeh.plotting import figure

    plot = figure(
        name="alertcurve", height=340, sizing_mode="stretch_width", tools="pan,wheel_zoom,box_zoom,reset,save",
        x_axis_type="datetime", x_axis_label="UTC", y_axis_label="magnitude of the difference",
        x_range=Range1d(start=0, end=1), y_range=Range1d(start=1, end=0),
    )  # fmt: skip
    plot.yaxis.formatter = NumeralTickFormatter(format="0.[00]")
    plot.toolbar.logo = None
    keep_labels_apart(plot)
    source = ColumnDataSource({name: [] for name in (*DRAWN, *TOLD)}, name="points")
    plot.add_layout(
        Span(location=0, dimension="width", line_dash="dashed", line_color="gray", name="zero", visible=False)
    )
    plot.segment("x", "low", "x", "high", source=source, color="colour", alpha="alpha")
    dots = plot.scatter(
        "x", "y", source=source, marker="marker", size=9, line_color="colour", fill_color="fill", alpha="alpha",
        line_width=1.5,
    )  # fmt: skip
    plot.add_tools(HoverTool(renderers=[dots], tooltips=HOVER))
    for name, size, colour in (("this", 20, "#d97706"), ("cursor", 26, "#2563eb")):
        place = ColumnDataSource({"x": [], "y": []}, name=name)
        plot.scatter("x", "y", source=place, size=size, fill_color=None, line_color=colour, line_width=2.5)
    return dict(json_item(plot))


def drawing(curve: Curve, candid: int) -> AlertDrawing:
    """Magnitudes of the difference, brighter upwards, against UTC; limits as open triangles that point down."""
    points = curve.points
    mjd = np.array([one.jd - MJD_ZERO for one in points])
    mag = np.array([magnitude_of(one) for one in points])
    x_range, y_range = padded(mjd), padded(mag)
    across, down = scale(x_range, LEFT, WIDTH - RIGHT), scale(y_range, TOP, HEIGHT - BOTTOM)
    places = [(across(x), down(y)) for x, y in zip(mjd, mag, strict=True)]
    marks = [_mark(one, place, down) for one, place in zip(points, places, strict=True)]
    ring = next((place for one, place in zip(points, places, strict=True) if one.candid == candid), None)
    x_ticks = [{"at": one["at"], "label": _date(float(one["label"]), x_range)} for one in ticks(x_range, across)]
    return AlertDrawing(WIDTH, HEIGHT, marks, x_ticks, ticks(y_range, down), ring, summary(points))


def summary(points: Iterable[Point]) -> str:
    """A light curve in one sentence."""
    points = list(points)
    found = [one for one in points if one.kind != LIMIT]
    limits = len(points) - len(found)
    bands = [f"{sum(one.filtercode == band for one in found)} in {band[1]}" for band in MARKERS]
    mags = [one.magpsf for one in found if one.magpsf is not None]
    return (
        f"Light curve of the object: {len(found)} detection{'' if len(found) == 1 else 's'} "
        f"({', '.join(one for one in bands if not one.startswith('0'))}), "
        f"{min(mags):.2f} to {max(mags):.2f} mag, and {limits} upper limit{'' if limits == 1 else 's'}, from "
        f"{date_of_jd(points[0].jd):%Y-%m-%d} to {date_of_jd(points[-1].jd):%Y-%m-%d}"
    )


def magnitude_of(one: Point) -> float:
    """The magnitude at which a point is drawn."""
    value = one.limitmag if one.kind == LIMIT else one.magpsf
    return math.nan if value is None else value


def rows(curve: Curve) -> list[dict]:
    """Points as the script takes them."""
    return [
        {"kind": one.kind, "jd": one.jd, "date": one.utc, "band": one.filtercode,
         "candid": None if one.candid is None else str(one.candid), "pid": None if one.pid is None else str(one.pid),
         "mag": one.magpsf, "err": one.sigmapsf, "positive": one.isdiffpos, "limit": one.limitmag, "flux": one.flux,
         "fluxerr": one.fluxerr, "here": one.here}
        for one in curve.points
    ]  # fmt: skip


def shape(marker: str, x: float, y: float, half: float = SIZE) -> str:
    """The path of a mark around a place."""
    if marker == "circle":
        return f"M{x - half:.1f} {y:.1f}a{half} {half} 0 1 0 {2 * half} 0a{half} {half} 0 1 0 {-2 * half} 0z"
    if marker == "square":
        return f"M{x - half:.1f} {y - half:.1f}h{2 * half}v{2 * half}h{-2 * half}z"
    if marker == "diamond":
        return f"M{x:.1f} {y - 1.3 * half:.1f}l{half} {1.3 * half}l{-half} {1.3 * half}l{-half} {-1.3 * half}z"
    return f"M{x - half:.1f} {y - half:.1f}h{2 * half}l{-half} {1.8 * half}z"


def _mark(one: Point, place: tuple[float, float], down) -> Mark:
    x, y = place
    if one.kind == LIMIT:
        return Mark(shape("triangle", x, y), one.filtercode, True)
    bar = ""
    if one.magpsf is not None and one.sigmapsf is not None:
        bar = f"M{x} {down(one.magpsf - one.sigmapsf)}V{down(one.magpsf + one.sigmapsf)}"
    return Mark(shape(MARKERS[one.filtercode], x, y), one.filtercode, not one.isdiffpos, bar)


def _date(mjd: float, span: tuple[float, float]) -> str:
    day = date_of_jd(mjd + MJD_ZERO + 1e-6)
    return f"{day:%m-%d %H:%M}" if span[1] - span[0] < 3 else f"{day:%Y-%m-%d}"
