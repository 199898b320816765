"""Plots of a search's rows: a histogram of a column, or two columns against each other, drawn here as SVG.

Scripts draw the same again with Bokeh (static/ui/search-plot.js); what is boxed there becomes limits of the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from archive.requests.parameters import BadParameterError
from archive.search.where import joined
from archive.tables.dictionary import Column
from archive.tables.pages.results import address
from archive.tables.presentation import NUMBER, Shown, shown
from archive.tables.scales import padded, scale, step_of, ticks

COUNT = "count"  # as y: the number of rows
MOST_POINTS, MOST_COUNTED = 10_000, 100_000
BINS = 40  # of a histogram, at most
SMALLEST, LARGEST = 1e-290, 1e300  # differences and values that are told apart; beyond them floats end
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 64, 12, 10, 44
USUAL = (
    *(("obsjd", "vmag"), ("seeing", "maglimit"), ("medianmag", "magrms"), ("jd", "magpsf")),
    *(("obsjd", "diffmaglim"), ("nframes", "maglimit"), ("obsjd", "airmass")),
)
"""Columns that are plotted first, by which of them a table has."""
UPSIDE_DOWN = "mag"  # bright is up


@dataclass(frozen=True)
class Bar:
    """A bar of a histogram: its place, how many rows it stands for, in words, and the search for these alone."""

    x: float
    y: float
    width: float
    height: float
    text: str
    url: str


@dataclass(frozen=True)
class Plot:
    """A plot of rows.

    choices : the columns of numbers; x, y : those that are plotted, y None for a histogram
    drawn, total : rows that are plotted, and all of the search; missing : rows without a value that can be drawn
    data : the same for the script; narrows : whether limits can become conditions of the search
    """

    choices: list[Shown]
    x: Shown
    y: Shown | None
    drawn: int
    total: int
    missing: int
    bars: list[Bar]
    points: str
    x_ticks: list[dict]
    y_ticks: list[dict]
    data: dict
    narrows: bool = True

    width, height, left, right, top, bottom = WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
    middle = (LEFT + WIDTH - RIGHT) // 2

    @property
    def summary(self) -> str:
        """The plot in words."""
        name = self.x.label.lower()
        return f"Histogram of {name}" if self.y is None else f"{self.y.label} against {name}"


def plot_of(
    request: HttpRequest,
    rows: QuerySet | Sequence,
    total: int,
    known: Sequence[Column],
    expressions: Mapping[str, Combinable] | None,
    page: str,
    axes: tuple[str, str],
) -> Plot:
    """The plot that a search's address asks for.

    known : columns of its table; expressions : where conditions find those of them that they know, None of rows that
        are here already, which have their columns as attributes and cannot be narrowed
    page : the address of a row's page, with 0 for the row; axes : the columns that are asked for, empty for the usual

    Raises
    ------
    BadParameterError
    """
    names = [one.name for one in known if expressions is None or one.name in expressions]
    choices = [one for column in known if column.name in names and (one := shown(column)).kind == NUMBER]
    x, y = _axes(choices, *axes)
    most = MOST_COUNTED if y is None else MOST_POINTS
    found = _values(rows, expressions, x.name, (y or x).name, most)
    values = np.array([one[1:] for one in found], dtype=np.float64).reshape(-1, 2)
    good = np.all(np.abs(values) <= LARGEST, axis=1).reshape(-1)
    ids = [str(one[0]) for one, here in zip(found, good, strict=True) if here]
    drawing = _histogram(request, x, values[good, 0]) if y is None else _scatter(x, y, values[good])
    narrows = expressions is not None
    data = drawing.pop("data") | {"page": page, "ids": ids if y else [], "x": _named(x), "y": _named(y)}
    return Plot(choices, x, y, len(ids), total, len(found) - len(ids), **drawing, data=data, narrows=narrows)


def _values(rows: QuerySet | Sequence, expressions: Mapping | None, x: str, y: str, most: int) -> list[tuple]:
    """The row's key and its two values, of each row."""
    if expressions is None or not isinstance(rows, QuerySet):
        return [(getattr(one, "pid", ""), getattr(one, x), getattr(one, y)) for one in rows[:most]]
    named = {"plotted_x": expressions[x], "plotted_y": expressions[y]}
    return list(rows.annotate(**named).values_list("pk", *named)[:most])


def _axes(choices: Sequence[Shown], x: str, y: str) -> tuple[Shown, Shown | None]:
    columns = {one.name: one for one in choices}
    for name, given in (("x", x), ("y", y)):
        if given and given not in columns and (name, given) != ("y", COUNT):
            raise BadParameterError(f"{name}={given[:40]!r}: give a column of numbers: {', '.join(columns)}")
    usual = next((pair for pair in USUAL if set(pair) <= set(columns)), (next(iter(columns)), COUNT))
    first = columns[x or usual[0]]
    second = y or (usual[1] if usual[1] != first.name else COUNT)
    return first, columns.get(second)


def _named(column: Shown | None) -> dict | None:
    return None if column is None else {"name": column.name, "label": column.label, "unit": column.unit}


def _histogram(request: HttpRequest, column: Shown, values: np.ndarray) -> dict:
    if not len(values):
        return {"bars": [], "points": "", "x_ticks": [], "y_ticks": [], "data": {"edges": [], "counts": []}}
    edges = _edges(values, whole=column.decimals is None and bool((values == np.floor(values)).all()))
    counts = np.histogram(values, edges)[0]
    limits, highest = (float(edges[0]), float(edges[-1])), float(counts.max())
    across, down = scale(limits, LEFT, WIDTH - RIGHT), scale((0.0, highest * 1.05), HEIGHT - BOTTOM, TOP)
    bars = [
        Bar(across(low), down(n), round(across(high) - across(low) - 1, 1), round(down(0) - down(n), 1),
            f"{low:.15g} to {high:.15g}: {n}", _between(request, column.name, low, high))
        for low, high, n in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True) if n
    ]  # fmt: skip
    data = {"edges": edges.tolist(), "counts": counts.tolist()}
    whole = [one for one in ticks((0.0, highest * 1.05), down) if "." not in one["label"]]
    return {"bars": bars, "points": "", "x_ticks": ticks(limits, across), "y_ticks": whole, "data": data}


def _edges(values: np.ndarray, whole: bool) -> np.ndarray:
    """Round edges of bins around all values; of whole numbers none narrower than one."""
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low), abs(high))
    if high - low <= max(largest * 1e-11, SMALLEST):  # bins between them could not be told apart
        high = low + (largest * 1e-6 if largest * 1e-6 > SMALLEST else 1)
    step = step_of((low, high), BINS)
    step = max(step, 1.0) if whole else step
    multiples = np.arange(np.floor(low / step) - 1, np.floor(high / step) + 3) * step
    edges = np.array([float(f"{one:.15g}") for one in multiples.tolist()])
    high = float(values.max())
    return edges[np.searchsorted(edges, low, "right") - 1 : np.searchsorted(edges, high, "right") + 1]


def _between(request: HttpRequest, name: str, low: float, high: float) -> str:
    conditions = (f"{name} >= {low:.15g}", f"{name} < {high:.15g}")
    return address(request, where=joined(request.GET.get("where", ""), *conditions), page="")


def _scatter(x: Shown, y: Shown, values: np.ndarray) -> dict:
    data = {"xs": values[:, 0].tolist(), "ys": values[:, 1].tolist()}
    if not len(values):
        return {"bars": [], "points": "", "x_ticks": [], "y_ticks": [], "data": data}
    limits = [padded(values[:, 0]), padded(values[:, 1])]
    ends = [(LEFT, WIDTH - RIGHT), (HEIGHT - BOTTOM, TOP)]
    turned = [x.name == "ra", y.unit == UPSIDE_DOWN]
    across, down = (scale(limits[k], *(ends[k][::-1] if turned[k] else ends[k])) for k in (0, 1))
    places = dict.fromkeys((round(across(a)), round(down(b))) for a, b in values.tolist())
    points = "".join(f"M{a} {b}h0" for a, b in places)
    return {"bars": [], "points": points, "x_ticks": ticks(limits[0], across), "y_ticks": ticks(limits[1], down),
            "data": data}  # fmt: skip
