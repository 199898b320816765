"""HEALPix numbers of order 29 (nested): the number of a place, and the ranges of numbers that cover a cone."""

from __future__ import annotations

import math

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix import nested

ORDER = 29
CELL_OF_ORDER_0 = 58.6  # deg, square root of its area
LARGEST_CONE = 0.25  # deg; beyond, reading rows costs more than planning


def number(ra, dec) -> np.ndarray:
    """HEALPix numbers of positions (degrees): int64 array (n,)."""
    lon, lat = Longitude(np.atleast_1d(ra), u.deg), Latitude(np.atleast_1d(dec), u.deg)
    return nested.lonlat_to_healpix(lon, lat, ORDER).astype(np.int64)


def ranges(ra: float, dec: float, radius: float) -> list[tuple[int, int]]:
    """Ranges [low, high) of numbers that hold every place within `radius` degrees (and some farther ones)."""
    order = min(ORDER, max(0, int(math.log2(CELL_OF_ORDER_0 / radius))))
    cells, orders, _ = nested.cone_search(Longitude(ra, u.deg), Latitude(dec, u.deg), radius * u.deg, order, flat=False)
    found = sorted(
        (int(cell) << 2 * (ORDER - int(depth)), (int(cell) + 1) << 2 * (ORDER - int(depth)))
        for cell, depth in zip(cells, orders, strict=True)
    )
    merged = [found[0]]
    for low, high in found[1:]:
        if low == merged[-1][1]:
            merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return merged
