"""Residuals drawn as SVG on the server: maps of the frame, runs with magnitude or colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.products.residuals import Residual
from processing.science.photometry.residuals import CELLS, COLOUR_EDGES, MAG_EDGES

CELL = 30  # units of a cell's side
UNITS = {"ra": "mas", "dec": "mas", "mag": "mmag", "by_mag": "mmag", "by_colour": "mmag"}
TARGETS = {"ra": 45.0, "dec": 45.0, "mag": 25.0, "by_mag": 25.0, "by_colour": 25.0}
"""Of medians, in UNITS: the best that ZTF says of its single stars (45 mas), and its repeatability of the faintest
that it calibrates with (25 mmag)."""
EDGES = {"by_mag": MAG_EDGES, "by_colour": COLOUR_EDGES}
ACROSS = {"by_mag": "Pan-STARRS magnitude (mag)", "by_colour": "Pan-STARRS colour of the filter's colour term (mag)"}
SMALLEST_LIMIT = 2.0  # mas or mmag: a scale below this would paint noise
WIDTH, HEIGHT, LEFT, BOTTOM = 300, 190, 48, 34  # units of a run's drawing
AROUND = 26  # units around a map, for its axes
LOW_COLOUR, MIDDLE_COLOUR, HIGH_COLOUR = np.array([33, 102, 172]), np.array([247, 247, 247]), np.array([178, 24, 43])


@dataclass(frozen=True)
class Words:
    """A drawing in words: its title, what is drawn, what is good, and what one that stands out means."""

    title: str
    shows: str
    good: str
    outlier: str


WORDS = {
    "ra": Words(
        "Right ascension against Gaia",
        "The median difference, image minus Gaia at the image's date, of the stars in each part of the quadrant.",
        "Pale everywhere, without a pattern",
        "A corner or an edge of one colour: the distortion is not well fitted there. One cell alone: few stars.",
    ),
    "dec": Words(
        "Declination against Gaia",
        "The same in declination.",
        "Pale everywhere, without a pattern",
        "A corner or an edge of one colour: the distortion is not well fitted there. One cell alone: few stars.",
    ),
    "mag": Words(
        "Magnitude against Pan-STARRS",
        "The median difference, calibrated minus catalog, of the calibrators in each part of the quadrant.",
        "Pale everywhere, without a slope",
        "A slope: the flat field or a cloud. Spots: scattered light, or a faulty part of the detector.",
    ),
    "by_mag": Words(
        "Magnitude residual by magnitude",
        "The median difference of the calibrators in bins of half a magnitude.",
        "On the line, from bright to faint",
        "A rise at the bright end: saturation or the detector's non-linearity. At the faint end: the sky's level.",
    ),
    "by_colour": Words(
        "Magnitude residual by colour",
        "The median difference of the calibrators in bins of a quarter of a magnitude.",
        "On the line, from blue to red",
        "A slope: the colour term is wrong. At the ends alone: few stars, or a curve that a line cannot follow.",
    ),
}


@dataclass(frozen=True)
class CellMap:
    """Squares in the frame's order: x to the right, y downwards as pixels are stored."""

    name: str
    words: Words
    unit: str
    limits: str  # within which it is good
    scale: str  # what the ends of the colours stand for
    verdict: str
    size: int
    around: int
    cells: list[dict]


@dataclass(frozen=True)
class Run:
    """Medians in bins, as points with a zero line and lines at the target; what lies beyond stands at its edge."""

    name: str
    words: Words
    unit: str
    limits: str  # within which it is good
    across: str
    verdict: str
    width: int
    height: int
    left: int
    floor: int
    zero: float
    lines: list[float]
    points: list[dict]
    ticks: list[dict]
    levels: list[dict]


def drawings(residuals: dict[str, Residual]) -> list[CellMap | Run]:
    """All maps and runs of a set of residuals."""
    return [run(one) if one.name in EDGES else cell_map(one) for one in residuals.values()]


def _limit(values: np.ndarray) -> float:
    known = np.abs(values[np.isfinite(values)])
    return max(float(np.percentile(known, 95)) if known.size else 0.0, SMALLEST_LIMIT)


def _verdict(residual: Residual, what: str) -> str:
    """A sentence: the number of medians within the target, and their rms."""
    known = residual.values[np.isfinite(residual.values)]
    if not known.size:
        return "no stars"
    target, unit = TARGETS[residual.name], UNITS[residual.name]
    within = int((np.abs(known) <= target).sum())
    rms = float(np.sqrt(np.mean(known**2)))
    return f"{within} of {known.size} {what} within ±{target:g} {unit}; rms {rms:.1f} {unit}"


def cell_map(residual: Residual) -> CellMap:
    """A map of the frame; blue is negative, red positive, empty cells have no star, outlined ones miss the target."""
    unit, target = UNITS[residual.name], TARGETS[residual.name]
    limit = max(_limit(residual.values), target)  # so that what is good is pale
    cells = [
        {
            "x": AROUND + place % CELLS * CELL,
            "y": place // CELLS * CELL,
            "side": CELL,
            "colour": _colour(value / limit),
            "beyond": bool(abs(value) > target),
            "label": f"{value:+.1f} {unit}, {stars} stars" if stars else "no stars",
        }
        for place, (value, stars) in enumerate(zip(residual.values, residual.stars, strict=True))
    ]
    return CellMap(
        residual.name, WORDS[residual.name], unit, f"{target:g}", f"{limit:.1f}", _verdict(residual, "cells"),
        CELLS * CELL, AROUND, cells,
    )  # fmt: skip


def _colour(share: float) -> str:
    if not np.isfinite(share):
        return "none"
    share = float(np.clip(share, -1, 1))
    end = HIGH_COLOUR if share > 0 else LOW_COLOUR
    return "#" + "".join(f"{round(v):02x}" for v in MIDDLE_COLOUR + abs(share) * (end - MIDDLE_COLOUR))


def run(residual: Residual) -> Run:
    """A run over bins; its scale holds the target's lines."""
    edges, unit, target = EDGES[residual.name], UNITS[residual.name], TARGETS[residual.name]
    limit = max(1.15 * _limit(residual.values), 1.2 * target)
    middles = 0.5 * (edges[1:] + edges[:-1])
    across = (WIDTH - LEFT) / (edges[-1] - edges[0])
    down = (HEIGHT - BOTTOM) / (2 * limit)

    def y(value: float) -> float:
        return round((limit - float(np.clip(value, -limit, limit))) * down, 1)

    points = [
        {
            "x": round(LEFT + (middle - edges[0]) * across, 1),
            "y": y(value),
            "beyond": bool(abs(value) > target),
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
    levels = [{"y": y(value), "label": f"{value:+g}" if value else "0"} for value in (-target, 0.0, target)]
    return Run(
        residual.name, WORDS[residual.name], unit, f"{target:g}", ACROSS[residual.name], _verdict(residual, "bins"),
        WIDTH, HEIGHT, LEFT, HEIGHT - BOTTOM, y(0), [y(-target), y(target)], points, ticks, levels,
    )  # fmt: skip
