"""Exact geometry of footprints on the sphere."""

import numpy as np


def unit_vectors(ra, dec):
    """Unit vectors (..., 3) of positions in degrees."""
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


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
