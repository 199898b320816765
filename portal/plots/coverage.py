"""The fields that were observed on the whole sky, as SVG: Mollweide's projection, East left, RA 180 deg amid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from astropy_healpix import HEALPix

from archive.sky.skymaps import GivenRegion
from archive.survey.fields import field_grid

WIDTH, HEIGHT = 720, 360
MIDDLE = 180.0  # deg of right ascension
ITERATIONS = 12  # of Newton's method; the poles are known
LEVELS = 5
MERIDIANS, PARALLELS = range(0, 361, 60), range(-60, 61, 30)
STEPS = 61  # points of a grid line
REGION_ORDER = 6  # of the cells of a region's drawing: 0.9 deg


@dataclass(frozen=True)
class Coverage:
    """The drawing: `levels` are paths of dots, from fields seen least often to most; `most` is how often these were."""

    width: int
    height: int
    levels: list[str]
    grid: list[str]
    fields: int
    most: int


def coverage(visits: Mapping[int, int]) -> Coverage | None:
    """The fields of the grid by how often each was observed; None without any."""
    grid = field_grid()
    counts = np.array([visits.get(int(number), 0) for number in grid["field"]])
    if not counts.any():
        return None
    level = np.ceil(LEVELS * np.log1p(counts) / np.log1p(counts.max())).astype(int)
    x, y = mollweide(grid["ra"], grid["dec"])
    levels = ["".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x[level == n], y[level == n], strict=True)) for n in
              range(1, LEVELS + 1)]  # fmt: skip
    return Coverage(WIDTH, HEIGHT, levels, _grid_lines(), int((counts > 0).sum()), int(counts.max()))


@dataclass(frozen=True)
class RegionMap:
    """A region on the whole sky: `parts` are paths of dots, widest level first; `dot` is their width."""

    width: int
    height: int
    parts: list[str]
    grid: list[str]
    dot: float


def region_map(region: GivenRegion) -> RegionMap:
    """A region or probability map as dots, one for each cell of an order that the drawing can show."""
    order = min(region.order, REGION_ORDER)
    cells, inverse = np.unique(region.cells >> 2 * (region.order - order), return_inverse=True)
    likeliest = np.argsort(-np.bincount(inverse, region.parts), kind="stable")
    so_far = np.cumsum(np.bincount(inverse, region.parts)[likeliest])
    lon, lat = HEALPix(2**order, order="nested").healpix_to_lonlat(cells)
    x, y = mollweide(lon.deg, lat.deg)
    parts = []
    for outline in reversed(region.outlines):
        these = likeliest[: int(np.searchsorted(so_far, outline.level - 1e-9)) + 1]
        parts.append("".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x[these], y[these], strict=True)))
    dot = max(3.0, WIDTH / 360 * 58.6 / 2**order)
    return RegionMap(WIDTH, HEIGHT, parts, _grid_lines(), round(dot, 1))


def mollweide(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (deg) in units of the drawing, whose y grows downwards (Snyder 1987, eq. 31-1 to 31-3)."""
    latitude = np.radians(np.asarray(dec, float))
    angle = latitude.copy()
    for _ in range(ITERATIONS):  # 2t + sin 2t = pi sin(latitude)
        slope = np.maximum(2 + 2 * np.cos(2 * angle), 1e-9)
        angle -= (2 * angle + np.sin(2 * angle) - np.pi * np.sin(latitude)) / slope
    angle = np.clip(np.where(np.abs(latitude) > np.pi / 2 - 1e-9, latitude, angle), -np.pi / 2, np.pi / 2)
    east = (np.asarray(ra, float) - MIDDLE) / 180
    return WIDTH / 2 * (1 - east * np.cos(angle)), HEIGHT / 2 * (1 - np.sin(angle))


def _grid_lines() -> list[str]:
    dec = np.linspace(-90, 90, STEPS)
    ra = np.linspace(0, 360, STEPS)
    lines = [mollweide(np.full(STEPS, float(one)), dec) for one in MERIDIANS]
    lines += [mollweide(ra, np.full(STEPS, float(one))) for one in PARALLELS]
    return ["M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(*line, strict=True)) for line in lines]
