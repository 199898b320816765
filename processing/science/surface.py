"""Smooth surfaces over a quadrant: Chebyshev series in both axes, of limited total degree."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

MESH_BOX = 64  # px
MESH_STEP = 4  # px; a box's median needs not all of its pixels


@dataclass(frozen=True)
class Surface:
    """coefficients: float64 (degree + 1, degree + 1), of T_i(v) T_j(u) with u, v from -1 to 1 across the frame, zero
    where i + j exceeds the degree; shape: (ny, nx)."""

    coefficients: np.ndarray
    shape: tuple[int, int]

    def image(self) -> np.ndarray:
        """Value at every pixel: float32 (ny, nx)."""
        degree = len(self.coefficients) - 1
        v, u = (chebyshev.chebvander(across(np.arange(side), side), degree) for side in self.shape)
        return ((v @ self.coefficients).astype(np.float32) @ u.T.astype(np.float32)).astype(np.float32)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Value at 0-based pixels: float64 (n,)."""
        ny, nx = self.shape
        return chebyshev.chebval2d(across(y, ny), across(x, nx), self.coefficients)


def across(position, side: int) -> np.ndarray:
    """0-based pixels to -1 ... 1 from the frame's first edge to its last."""
    return (2.0 * np.asarray(position, float) + 1.0) / side - 1.0


def terms(degree: int) -> np.ndarray:
    """Index pairs (i, j) of the terms, the constant first: int (n, 2)."""
    return np.array([(i, total - i) for total in range(degree + 1) for i in range(total + 1)])


def basis(x: np.ndarray, y: np.ndarray, shape: tuple[int, int], degree: int) -> np.ndarray:
    """The terms at 0-based pixels: float64 (n, terms)."""
    ny, nx = shape
    v, u = chebyshev.chebvander(across(y, ny), degree), chebyshev.chebvander(across(x, nx), degree)
    pairs = terms(degree)
    return v[:, pairs[:, 0]] * u[:, pairs[:, 1]]


def from_terms(values: np.ndarray, shape: tuple[int, int], degree: int) -> Surface:
    """A surface from the coefficients of `terms(degree)`."""
    coefficients = np.zeros((degree + 1, degree + 1))
    pairs = terms(degree)
    coefficients[pairs[:, 0], pairs[:, 1]] = values
    return Surface(coefficients, shape)


def mesh_medians(frame, good: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Medians of the good pixels in boxes of 64 px: centres x and y (0-based) and values, each (n,), NaN in a box with
    hardly a good pixel.

    frame: array (ny, nx), or anything that can be sliced like one; good: bool (ny, nx).
    """
    ny, nx = good.shape
    x, y, values = [], [], []
    for top in range(0, ny, MESH_BOX):
        rows = slice(top, min(top + MESH_BOX, ny), MESH_STEP)
        part, usable = np.asarray(frame[rows, ::MESH_STEP]), good[rows, ::MESH_STEP]
        usable = usable & np.isfinite(part)
        step = MESH_BOX // MESH_STEP
        for left in range(0, part.shape[1], step):
            box = part[:, left : left + step][usable[:, left : left + step]]
            x.append(MESH_STEP * (left + 0.5 * (min(step, part.shape[1] - left) - 1)))
            y.append(top + 0.5 * MESH_STEP * (len(part) - 1))
            values.append(np.median(box) if len(box) >= step else np.nan)
    return np.array(x), np.array(y), np.array(values)
