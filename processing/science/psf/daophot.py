"""A PSF as DAOPHOT's text file: a Gaussian integrated over pixels, and tables of what it misses.

The first line has the kind of function, the side of a table, numbers of parameters, tables and fractional tables, the
magnitude of the PSF's star, the function's height, and the frame's centre; the second the Gaussian's half widths at
half maximum along x and y (px). Then come the tables, two samples a pixel, row by row: of the centre, and of what to
add for one whole way from the centre in x, and in y (in units of the centre's own coordinates). Heights and tables are
counts of a star of that magnitude, of which 25 is one count.

Source: Stetson 1987, PASP 99, 191, and the readers of ZTF's files (ztforce, ztfimg).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erf

from processing.science.psf.model import OVERSAMPLING, Psf

COUNTS = 1e5  # of the star that the numbers are for
ZERO_POINT = 25.0
SAMPLES = 2  # a pixel
STEP = OVERSAMPLING // SAMPLES
CORE = 3.0  # px; the Gaussian is fitted within it
NUMBERS_IN_LINE = 6
LARGEST_WIDTH = 20.0  # px
NO_WIDTH = 1.0


class DaophotPsf(NamedTuple):
    """height: of the Gaussian, counts; widths: its half widths at half maximum (x, y), px; tables: (3, n, n), counts;
    centre: of the frame (x, y), pixels from 1."""

    height: float
    widths: tuple[float, float]
    tables: np.ndarray
    centre: tuple[float, float]


def gaussian(x: np.ndarray, y: np.ndarray, widths: tuple[float, float]) -> np.ndarray:
    """The Gaussian of height 1 that DAOPHOT integrates over pixels at x, y, over the product of its widths."""
    return _over_pixel(x, widths[0]) * _over_pixel(y, widths[1])


def _over_pixel(x: np.ndarray, width: float) -> np.ndarray:
    scale = np.sqrt(np.log(2)) / width
    return np.sqrt(np.pi) / 2 * (erf((x + 0.5) * scale) - erf((x - 0.5) * scale)) / (scale * width)


def daophot_psf(psf: Psf) -> DaophotPsf:
    """The PSF in DAOPHOT's terms: the Gaussian of its mean core, and what is left, linear in the position."""
    rows, columns, n, _ = psf.samples.shape
    ny, nx = psf.shape
    centre = (nx + 1) / 2, (ny + 1) / 2
    x, y = (np.arange(columns) + 0.5) / columns * nx + 0.5, (np.arange(rows) + 0.5) / rows * ny + 0.5
    dy, dx = (v.ravel() for v in np.meshgrid(y / centre[1] - 1, x / centre[0] - 1, indexing="ij"))
    terms = np.stack([np.ones_like(dx), dx, dy], -1)
    values = psf.samples[:, :, ::STEP, ::STEP].reshape(rows * columns, -1).astype(float) * COUNTS
    side = (n - 1) // STEP + 1
    tables = np.linalg.lstsq(terms, values, rcond=None)[0].reshape(3, side, side)
    offsets = (np.arange(side) - side // 2) / SAMPLES
    height, widths = _fitted(tables[0], offsets)
    tables[0] -= height * gaussian(offsets[None, :], offsets[:, None], widths)
    around = side_of(psf.radius) - side
    return DaophotPsf(height, widths, np.pad(tables, ((0, 0), (around // 2,) * 2, (around // 2,) * 2)), centre)


def side_of(radius: float) -> int:
    """Samples along the side of a table of a PSF of this radius (px), as DAOPHOT counts them."""
    return 2 * (round(2 * radius) + 1) + 1


def _fitted(table: np.ndarray, offsets: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Height and half widths of the Gaussian that fits a table's core best."""
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    core = np.hypot(x, y) <= CORE
    peak = table.max()

    def missed(p: np.ndarray) -> np.ndarray:
        return p[0] * gaussian(x[core], y[core], (p[1], p[2])) - table[core] / peak

    limits = ([0.0, 0.3, 0.3], [10.0, LARGEST_WIDTH, LARGEST_WIDTH])
    height, wide, high = least_squares(missed, [1.0, 1.0, 1.0], bounds=limits).x
    return float(height * peak), (float(wide), float(high))


def as_text(psf: Psf | None, shape: tuple[int, int], radius: int) -> str:
    """The file of a PSF; of none at all one of zeros."""
    side = side_of(radius)
    ny, nx = shape
    none = DaophotPsf(0.0, (NO_WIDTH, NO_WIDTH), np.zeros((3, side, side)), ((nx + 1) / 2, (ny + 1) / 2))
    found = none if psf is None else daophot_psf(psf)
    magnitude = ZERO_POINT - 2.5 * np.log10(COUNTS)
    counts = "".join(f"{number:5d}" for number in (found.tables.shape[-1], 2, len(found.tables), 0))
    first = f" GAUSSIAN{counts}{magnitude:9.3f}{found.height:15.3f}{found.centre[0]:9.1f}{found.centre[1]:9.1f}"
    lines = [first, _line(found.widths)]
    for table in found.tables:
        numbers = table.ravel().tolist()
        lines += [_line(numbers[n : n + NUMBERS_IN_LINE]) for n in range(0, len(numbers), NUMBERS_IN_LINE)]
    return "\n".join(lines) + "\n"


def _line(numbers: Sequence[float]) -> str:
    return " " + "".join(f"{number:13.6E}" for number in numbers)
