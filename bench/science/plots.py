"""Residuals from the truth as pages to look at: var/bench/science-<field>.html."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path("var/bench")
POINTS, PARTS, MIN_IN_BIN = 6000, 24, 15
MAP_PARTS = 12
BRIGHTEST, FAINTEST = 14.0, 18.5  # mag, of the stars in plots against position and colour
SPAN = {"error": 60.0, "dx": 60.0, "dy": 60.0}
NAMES = {"error": "magnitude - truth (mmag)", "dx": "RA - truth (mas)", "dy": "Dec - truth (mas)"}
UNIT = {"error": 1e3, "dx": 1.0, "dy": 1.0}


def residuals(name: str, every: dict[str, np.ndarray]) -> Path:
    """Write the page of one field type: photometry by magnitude, colour, x, y; positions by x, y, magnitude; maps."""
    from bokeh.embed import file_html
    from bokeh.layouts import gridplot
    from bokeh.resources import INLINE

    bright = (every["mag"] > BRIGHTEST) & (every["mag"] < FAINTEST)
    rows = [[_against(every, "error", axis, None if axis == "mag" else bright) for axis in ("mag", "colour", "x", "y")]]
    for value in ("dx", "dy"):
        rows.append([_against(every, value, axis, None if axis == "mag" else bright) for axis in ("mag", "x", "y")])
    rows.append([_map(every, value, bright) for value in ("error", "dx", "dy")])
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"science-{name}.html"
    path.write_text(file_html(gridplot(rows), INLINE, f"Residuals, {name} field"))
    return path


def _against(every, value, axis, use):
    """Points and the running median with its error."""
    from bokeh.plotting import figure

    use = np.ones(len(every["mag"]), bool) if use is None else use
    x, y = every[axis][use], every[value][use] * UNIT[value]
    shown = np.random.default_rng(0).permutation(len(x))[:POINTS]
    span = SPAN[value]
    plot = figure(width=420, height=300, y_range=(-span, span), x_axis_label=axis, y_axis_label=NAMES[value])
    plot.scatter(x[shown], y[shown], size=2, alpha=0.3, color="#4477aa")
    edges = np.linspace(*np.percentile(x, (0.2, 99.8)), PARTS + 1)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        part = y[(x >= low) & (x < high)]
        if len(part) >= MIN_IN_BIN:
            median = float(np.median(part))
            sigma = 1.86 * float(np.median(np.abs(part - median))) / np.sqrt(len(part))
            middle = 0.5 * (low + high)
            plot.segment(middle, median - sigma, middle, median + sigma, color="#cc3311", line_width=2)
            plot.scatter([middle], [median], size=6, color="#cc3311")
    plot.line(edges[[0, -1]], [0, 0], color="black")
    return plot


def _map(every, value, use):
    """Median residual by position."""
    from bokeh.models import ColorBar, LinearColorMapper
    from bokeh.plotting import figure

    x, y, residual = every["x"][use], every["y"][use], every[value][use] * UNIT[value]
    sides = [float(every[axis].max()) for axis in ("x", "y")]
    column, row = (
        np.clip((v / side * MAP_PARTS).astype(int), 0, MAP_PARTS - 1) for v, side in zip((x, y), sides, strict=True)
    )
    image = np.full((MAP_PARTS, MAP_PARTS), np.nan)
    for j in range(MAP_PARTS):
        for i in range(MAP_PARTS):
            part = residual[(row == j) & (column == i)]
            image[j, i] = np.median(part) if len(part) >= MIN_IN_BIN else np.nan
    plot = figure(width=420, height=360, x_range=(0, sides[0]), y_range=(0, sides[1]), title=f"median {NAMES[value]}")
    colours = LinearColorMapper("Viridis256", low=-10, high=10, nan_color="white")
    plot.image([image], x=0, y=0, dw=sides[0], dh=sides[1], color_mapper=colours)
    plot.add_layout(ColorBar(color_mapper=colours), "right")
    return plot
