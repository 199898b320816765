"""Residuals of a calibrated frame against its reference catalogs: maps over the frame, runs with magnitude and
colour."""

from dataclasses import dataclass

import numpy as np

CELLS = 8
MAG_EDGES = np.arange(12.0, 22.01, 0.5)
COLOUR_EDGES = np.arange(-0.5, 2.51, 0.25)
# Stars in a cell or bin from which its median counts in a summary.
ENOUGH = 10


@dataclass(frozen=True)
class Residuals:
    """Medians, NaN where there is no star, and numbers of stars.

    ra, dec : (CELLS, CELLS) over the frame, rows along y; mas, frame minus catalog, ra times cos(dec)
    mag : (CELLS, CELLS); mmag, calibrated minus catalog
    places, lights : (CELLS, CELLS) stars behind the positions and behind the magnitudes
    by_mag, by_colour : (bins,) mmag over MAG_EDGES, COLOUR_EDGES; by_mag_stars, by_colour_stars : (bins,)
    """

    ra: np.ndarray
    dec: np.ndarray
    places: np.ndarray
    mag: np.ndarray
    lights: np.ndarray
    by_mag: np.ndarray
    by_mag_stars: np.ndarray
    by_colour: np.ndarray
    by_colour_stars: np.ndarray


def medians(group: np.ndarray, value: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Median of the values of each group, and how many there are; groups outside 0..groups-1 are left out.

    group : int array (n,); value : array (n,). Returns float (groups,), NaN for an empty one, and int (groups,).
    """
    inside = (group >= 0) & (group < groups) & np.isfinite(value)
    group, value = group[inside], value[inside]
    order = np.lexsort((value, group))
    value = value[order]
    count = np.bincount(group, minlength=groups)
    end = np.cumsum(count)
    start = end - count
    result = np.full(groups, np.nan)
    some = count > 0
    low, high = start[some] + (count[some] - 1) // 2, start[some] + count[some] // 2
    result[some] = 0.5 * (value[low] + value[high])
    return result, count


def cell_of(x: np.ndarray, y: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Number of the cell of the frame (row by row) that holds each 0-based pixel position: int (n,)."""
    ny, nx = shape
    column = np.clip(((x + 0.5) / nx * CELLS).astype(int), 0, CELLS - 1)
    row = np.clip(((y + 0.5) / ny * CELLS).astype(int), 0, CELLS - 1)
    return row * CELLS + column


def map_residuals(
    shape: tuple[int, int],
    places: tuple[np.ndarray, np.ndarray],
    d_ra: np.ndarray,
    d_dec: np.ndarray,
    lights: tuple[np.ndarray, np.ndarray],
    d_mag: np.ndarray,
    magnitude: np.ndarray,
    colour: np.ndarray,
) -> Residuals:
    """Residuals of one frame.

    Parameters
    ----------
    shape : (ny, nx)
    places : x, y (0-based px) of the stars with d_ra, d_dec (mas)
    lights : x, y of the calibrators with d_mag (mmag), catalog magnitude and colour (mag)
    """
    square = (CELLS, CELLS)
    cell = cell_of(*places, shape)
    ra, count = medians(cell, d_ra, CELLS**2)
    dec, _ = medians(cell, d_dec, CELLS**2)
    mag, light_count = medians(cell_of(*lights, shape), d_mag, CELLS**2)
    by_mag = medians(np.searchsorted(MAG_EDGES, magnitude, "right") - 1, d_mag, len(MAG_EDGES) - 1)
    by_colour = medians(np.searchsorted(COLOUR_EDGES, colour, "right") - 1, d_mag, len(COLOUR_EDGES) - 1)
    return Residuals(
        ra.reshape(square), dec.reshape(square), count.reshape(square), mag.reshape(square),
        light_count.reshape(square), *by_mag, *by_colour,
    )  # fmt: skip


def summary(residuals: Residuals) -> dict[str, float]:
    """Rms of the maps' cells and largest medians of the runs, of those with enough stars; without any, nothing."""
    r = residuals
    values = {
        "residual_map_ra": (r.ra, r.places, _rms),
        "residual_map_dec": (r.dec, r.places, _rms),
        "residual_map_mag": (r.mag, r.lights, _rms),
        "residual_trend_mag": (r.by_mag, r.by_mag_stars, _largest),
        "residual_trend_colour": (r.by_colour, r.by_colour_stars, _largest),
    }
    found = {name: measure(value[count >= ENOUGH]) for name, (value, count, measure) in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def _rms(values):
    return float(np.sqrt(np.mean(values**2))) if values.size else None


def _largest(values):
    return float(np.abs(values).max()) if values.size else None
