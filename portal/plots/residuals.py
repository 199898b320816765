"""Residuals drawn as SVG on the server: maps of the frame, runs with magnitude or colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.products.residuals import Residual
from processing.science.photometry.residuals import CELLS, COLOUR_EDGES, MAG_EDGES

CELL = 30  # units of a cell's side
UNITS = {"ra": "mas", "dec": "mas", "mag": "mmag", "by_mag": "mmag", "by_colour": "mmag"}
TITLES = {
    "ra": "Right ascension, frame − Gaia",
    "dec": "Declination, frame − Gaia",
    "mag": "Magnitude, calibrated − Pan-STARRS",
    "by_mag": "Magnitude residual by magnitude",
    "by_colour": "Magnitude residual by colour",
}
EDGES = {"by_mag": MAG_EDGES, "by_colour": COLOUR_EDGES}
SMALLEST_LIMIT = 2.0  # mas or mmag: a scale below this would paint noise
WIDTH, HEIGHT, LEFT, BOTTOM = 300, 180, 34, 22  # units of a run's drawing
LOW_COLOUR, MIDDLE_COLOUR, HIGH_COLOUR = np.array([33, 102, 172]), np.array([247, 247, 247]), np.array([178, 24, 43])


@dataclass(frozen=True)
class CellMap:
    """Squares in the frame's order: x to the right, y downwards as pixels are stored."""

    name: str
    title: str
    unit: str
    limit: float
    size: int
    rms: float | None
    cells: list[dict]


@dataclass(frozen=True)
class Run:
    """Medians in bins, as points with a zero line."""

    name: str
    title: str
    unit: str
    limit: float
    width: int
    height: int
    zero: float
    points: list[dict]
    ticks: list[dict]


def drawings(residuals: dict[str, Residual]) -> list[CellMap | Run]:
    """All maps and runs of a set of residuals."""
    return [run(one) if one.name in EDGES else cell_map(one) for one in residuals.values()]


def _limit(values: np.ndarray) -> float:
    known = np.abs(values[np.isfinite(values)])
    return max(float(np.percentile(known, 95)) if known.size else 0.0, SMALLEST_LIMIT)


def cell_map(residual: Residual) -> CellMap:
    """A map of the frame; blue is negative, red positive, empty cells have no star."""
    limit, unit = _limit(residual.values), UNITS[residual.name]
    known = residual.values[np.isfinite(residual.values)]
    cells = [
        {
            "x": place % CELLS * CELL,
            "y": place // CELLS * CELL,
            "side": CELL,
            "colour": _colour(value / limit),
            "label": f"{value:+.1f} {unit}, {stars} stars" if stars else "no stars",
        }
        for place, (value, stars) in enumerate(zip(residual.values, residual.stars, strict=True))
    ]
    rms = float(np.sqrt(np.mean(known**2))) if known.size else None
    return CellMap(residual.name, TITLES[residual.name], unit, limit, CELLS * CELL, rms, cells)


def _colour(share: float) -> str:
    if not np.isfinite(share):
        return "none"
    share = float(np.clip(share, -1, 1))
    end = HIGH_COLOUR if share > 0 else LOW_COLOUR
    return "#" + "".join(f"{round(v):02x}" for v in MIDDLE_COLOUR + abs(share) * (end - MIDDLE_COLOUR))


def run(residual: Residual) -> Run:
    """A run over bins."""
    edges, limit, unit = EDGES[residual.name], 1.15 * _limit(residual.values), UNITS[residual.name]
    middles = 0.5 * (edges[1:] + edges[:-1])
    across = (WIDTH - LEFT) / (edges[-1] - edges[0])
    down = (HEIGHT - BOTTOM) / (2 * limit)
    points = [
        {
            "x": round(LEFT + (middle - edges[0]) * across, 1),
            "y": round((limit - np.clip(value, -limit, limit)) * down, 1),
            "label": f"{low:g} to {high:g} mag: {value:+.1f} {unit}, {stars} stars",
        }
        for middle, low, high, value, stars in zip(
            middles, edges[:-1], edges[1:], residual.values, residual.stars, strict=True
        )
        if np.isfinite(value)
    ]
    step = 2 if edges[-1] - edges[0] > 5 else 1
    ticks = [
        {"x": round(LEFT + (value - edges[0]) * across, 1), "label": f"{value + 0.0:g}"}
        for value in np.arange(np.ceil(edges[0]), edges[-1] + 1e-9, step)
    ]
    return Run(
        residual.name, TITLES[residual.name], unit, limit, WIDTH, HEIGHT, (HEIGHT - BOTTOM) / 2, points, ticks
    )  # fmt: skip
