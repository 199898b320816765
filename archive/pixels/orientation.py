"""Small pictures turned so that north is up and east is left, without a pixel being resampled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Matrix = tuple[float, float, float, float]  # CD1_1, CD1_2, CD2_1, CD2_2; deg/px


@dataclass(frozen=True)
class Turning:
    """The turning of an image by rows and columns, and the directions of the sky in the result.

    swapped : rows and columns change places, first; mirrored, flipped : columns, rows in opposite order
    scale : arcsec/px; north, east : direction in the picture, degrees from up towards the left
    """

    swapped: bool
    mirrored: bool
    flipped: bool
    scale: float
    north: float
    east: float

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (ny, nx), rows from the bottom as in FITS, in the same order but turned."""
        turned = pixels.T if self.swapped else pixels
        return turned[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1]


def north_up(matrix: Matrix) -> Turning:
    """The turning by quarters and mirrorings that brings north nearest to up and east nearest to left.

    Raises
    ------
    ValueError
        for a matrix that is singular or not finite.
    """
    cd = np.array(matrix, dtype=float).reshape(2, 2)
    determinant = np.linalg.det(cd) if np.isfinite(cd).all() else 0.0
    if determinant == 0:
        raise ValueError(f"CD matrix {matrix}: is singular")
    swapped = abs(cd[1, 0]) > abs(cd[1, 1])
    if swapped:
        cd = cd[:, ::-1].copy()
    mirrored, flipped = bool(cd[0, 0] > 0), bool(cd[1, 1] < 0)
    cd *= [-1 if mirrored else 1, -1 if flipped else 1]
    pixel_of_sky = np.linalg.inv(cd)  # columns: a step to the east, to the north; rows: to the right, up
    east, north = pixel_of_sky[:, 0], pixel_of_sky[:, 1]
    return Turning(bool(swapped), mirrored, flipped, math.sqrt(abs(determinant)) * 3600, _angle(*north), _angle(*east))


def centred(pixels: np.ndarray, side: int, x: float | None, y: float | None) -> np.ndarray:
    """A stamp that the edge of its image cut, in a square of `side` pixels around its target, NaN beyond the edge.

    x, y : place of the target in the whole image, pixels from 1; where they are not known, the stamp stands in the
        middle
    """
    ny, nx = pixels.shape
    if (ny, nx) == (side, side) or max(ny, nx) > side:
        return pixels
    square = np.full((side, side), np.nan, dtype=pixels.dtype)
    row, column = (_before(length, side, at) for length, at in ((ny, y), (nx, x)))
    square[row : row + ny, column : column + nx] = pixels
    return square


def _before(length: int, side: int, at: float | None) -> int:
    """Pixels that are missing before a stamp: those beyond the image's first, where the target is near it."""
    missing = side - length
    if at is None:
        return missing // 2
    return missing if at <= side // 2 + 1 else 0


def _angle(right: float, up: float) -> float:
    """Degrees from up towards the left."""
    return math.degrees(math.atan2(-right, up))
