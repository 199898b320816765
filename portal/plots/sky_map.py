"""A map of footprints as SVG: made on the server, so that it needs no script, follows dark mode and prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from archive.sky.sphere import mean_direction

SIZE = 480  # units of the drawing's side
MARGIN = 0.08  # of the half width, beyond the farthest corner
LARGEST_HALF_WIDTH = 60.0  # deg; a gnomonic plane grows without bound towards 90
STEPS = (10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05)  # deg between grid lines


@dataclass(frozen=True)
class Outline:
    """A footprint to draw."""

    corners: tuple[tuple[float, float], ...]  # (ra, dec), deg
    label: str
    url: str
    style: str = ""  # CSS class


@dataclass(frozen=True)
class SkyMap:
    """The sky map that the template draws: paths in drawing units, East left."""

    size: int
    shapes: list[dict]
    grid: list[dict]
    centre: tuple[float, float]
    width: float  # deg

    @property
    def fill(self) -> float:
        """Opacity of one footprint, so that many on top of each other leave the grid to be read."""
        return min(0.12, 0.5 / max(len(self.shapes), 1))


def sky_map(outlines: Iterable[Outline], marks: Iterable[tuple[float, float]] = ()) -> SkyMap | None:
    """A gnomonic map (North up, East left) that shows all outlines near the first; None without any.

    Outlines farther than 60 degrees from the centre do not fit a gnomonic plane and are left out.
    """
    outlines, marks = list(outlines), list(marks)
    points = [corner for outline in outlines for corner in outline.corners] + marks
    if not points:
        return None
    centre = mean_direction(*np.transpose(points))
    places = [_project(np.array(outline.corners), centre) for outline in outlines]
    shown = [(outline, place) for outline, place in zip(outlines, places, strict=True) if place is not None]
    spots = [_project(np.array([mark]), centre) for mark in marks]
    extent = [np.abs(place).max() for _, place in shown] + [np.abs(spot).max() for spot in spots if spot is not None]
    half = max(max(extent, default=0.1) * (1 + MARGIN), 0.02)
    scale = SIZE / 2 / half

    def drawn(place: np.ndarray) -> list[tuple[float, float]]:
        return [(round(SIZE / 2 - x * scale, 1), round(SIZE / 2 - y * scale, 1)) for x, y in place]

    shapes = [{"points": " ".join(f"{x},{y}" for x, y in drawn(place)), "outline": outline} for outline, place in shown]
    shapes += [{"spot": drawn(spot)[0]} for spot in spots if spot is not None]
    return SkyMap(SIZE, shapes, _grid(centre, half, drawn), centre, 2 * half)


def _project(points: np.ndarray, centre: tuple[float, float]) -> np.ndarray | None:
    """Gnomonic (x East, y North) in degrees; None if a point is too far from the centre."""
    ra, dec = np.radians(points).T
    ra0, dec0 = np.radians(centre)
    cosine = np.sin(dec) * np.sin(dec0) + np.cos(dec) * np.cos(dec0) * np.cos(ra - ra0)
    if np.any(cosine < np.cos(np.radians(LARGEST_HALF_WIDTH))):
        return None
    x = np.cos(dec) * np.sin(ra - ra0) / cosine
    y = (np.sin(dec) * np.cos(dec0) - np.cos(dec) * np.sin(dec0) * np.cos(ra - ra0)) / cosine
    return np.degrees(np.stack([x, y], axis=1))


def _grid(centre: tuple[float, float], half: float, drawn) -> list[dict]:
    """Lines of equal right ascension and declination with their labels."""
    step = next((step for step in STEPS if half / step >= 2), STEPS[-1])
    ra0, dec0 = centre
    wide = min(half * 1.6 / max(np.cos(np.radians(dec0)), 0.05), 180)
    ras = np.arange(np.floor((ra0 - wide) / step), np.ceil((ra0 + wide) / step) + 1) * step
    decs = np.arange(np.floor((dec0 - half * 1.6) / step), np.ceil((dec0 + half * 1.6) / step) + 1) * step
    decs = decs[np.abs(decs) <= 90]
    if len(ras) > 60:  # around a pole: meridians at every 30 degrees say enough
        ras = np.arange(0, 360, 30.0)
    lines = []
    for value in ras:
        line = np.stack([np.full(25, value), np.linspace(max(decs[0], -89.9), min(decs[-1], 89.9), 25)], axis=1)
        lines.append((f"{value % 360:g}°", line))
    for value in decs:
        lines.append((f"{value:+g}°", np.stack([np.linspace(ras[0], ras[-1], 49), np.full(49, value)], axis=1)))
    grid = []
    for label, line in lines:
        place = _project(line, centre)
        if place is not None:
            grid.append(_grid_line(label, drawn(place)))
    return [line for line in grid if line is not None]


def _grid_line(label: str, points: list[tuple[float, float]]) -> dict | None:
    """A polyline, labelled where it first lies inside the drawing."""
    inside = [(x, y) for x, y in points if 8 < x < SIZE - 30 and 14 < y < SIZE - 6]
    if not inside:
        return None
    return {"points": " ".join(f"{x},{y}" for x, y in points), "label": label, "at": inside[0]}
