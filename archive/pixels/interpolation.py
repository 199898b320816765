"""Bilinear values of an image on another grid: what HiPS tiles and aligned cutouts share.

The map from the new grid to the image's pixels is smooth, so that the WCS is asked at nodes only, and the places
between them are interpolated: for nodes 16 px apart this is good to some 1e-5 px.
"""

from __future__ import annotations

import numpy as np
from astropy.wcs import WCS

SPACING = 16  # pixels of the new grid between nodes


def node_places(length: int) -> np.ndarray:
    """The nodes along an axis of `length` pixels; the first and the last pixel are nodes."""
    return np.unique(np.append(np.arange(0, length, SPACING), length - 1)).astype(np.float64)


def node_pixels(wcs: WCS, ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates (from 0) of nodes; NaN where the projection has no such place.

    Parameters
    ----------
    ra, dec : arrays (nodes along y, nodes along x)
        ICRS degrees.
    """
    x, y = wcs.all_world2pix(ra.ravel(), dec.ravel(), 0, quiet=True)
    centre_ra, centre_dec = np.radians(wcs.wcs.crval)
    ra, dec = np.radians(ra.ravel()), np.radians(dec.ravel())
    # A gnomonic projection maps the far side of the sky onto the image as well.
    ahead = np.sin(dec) * np.sin(centre_dec) + np.cos(dec) * np.cos(centre_dec) * np.cos(ra - centre_ra) > 0
    shape = len(x)
    x, y = (np.where(ahead, values[:shape], np.nan) for values in (x, y))
    return x, y


def pixel_box(x: np.ndarray, y: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice] | None:
    """The rows and columns of an image (ny, nx) that places at nodes touch; None for none."""
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    columns = slice(max(0, int(x[known].min()) - 2), min(shape[1], int(x[known].max()) + 3))
    rows = slice(max(0, int(y[known].min()) - 2), min(shape[0], int(y[known].max()) + 3))
    return (rows, columns) if rows.stop > rows.start + 1 and columns.stop > columns.start + 1 else None
