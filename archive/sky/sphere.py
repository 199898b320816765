"""Geometry on the sphere: unit vectors, separation, mean direction, points in quadrilaterals. Pure.

Positions are right ascension and declination in degrees, of any frame; all is right at the poles and across RA 0.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def unit_vectors(ra: npt.ArrayLike, dec: npt.ArrayLike) -> np.ndarray:
    """Unit vectors (..., 3) of positions (...)."""
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def to_ra_dec(vectors: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Positions (...) of vectors (..., 3) of any length but 0; right ascension within 0 to 360."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def separation(ra1: npt.ArrayLike, dec1: npt.ArrayLike, ra2: npt.ArrayLike, dec2: npt.ArrayLike) -> np.ndarray:
    """Angles between positions, degrees, by the haversine formula: exact also for the smallest."""
    ra1, dec1, ra2, dec2 = map(np.radians, (ra1, dec1, ra2, dec2))
    squared = np.sin((dec2 - dec1) / 2) ** 2 + np.cos(dec1) * np.cos(dec2) * np.sin((ra2 - ra1) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.minimum(np.sqrt(squared), 1)))


def mean_direction(ra: npt.ArrayLike, dec: npt.ArrayLike) -> tuple[float, float]:
    """Position of the sum of the unit vectors of positions (n,)."""
    longitude, latitude = to_ra_dec(unit_vectors(ra, dec).sum(axis=0))
    return float(longitude), float(latitude)


def point_in_quadrilateral(ra, dec, corners):
    """Whether positions lie in convex quadrilaterals whose sides are great circles.

    Right at the poles and across RA 0; points on a side count as inside.

    Parameters
    ----------
    ra, dec : float or array (n,), degrees
    corners : array (4, 2) or (n, 4, 2), degrees
        RA and Dec of the corners in order around the quadrilateral, either sense; smaller than a hemisphere.

    Returns
    -------
    bool array (n,)

    Raises
    ------
    ValueError
        if corners has another shape.
    """
    corners = np.asarray(corners, dtype=np.float64)
    if corners.shape[-2:] != (4, 2):
        raise ValueError(f"corners has shape {corners.shape}: must end in (4, 2), four (ra, dec) pairs")
    point = unit_vectors(np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64))
    corner = unit_vectors(corners[..., 0], corners[..., 1])
    sides = np.cross(corner, np.roll(corner, -1, axis=-2))
    middle = corner.sum(axis=-2)
    # the sign of the middle tells the sense in which the corners run
    sense = np.sign(np.einsum("...ij,...j->...i", sides, middle))
    height = np.einsum("...ij,...j->...i", sides, point) * sense
    inside = (height >= -1e-15).all(axis=-1) & ((point * middle).sum(axis=-1) > 0)
    return np.atleast_1d(inside)
