"""Pieces of sky that together cover a region, each small enough for one question to a catalog's server."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix import nested

from archive.sky.sphere import separation

MARGIN = 1.02
"""A cell's edges are no great circles: its farthest point may lie a little beyond its corners."""


@dataclass(frozen=True)
class Tile:
    """A HEALPix cell (nested, order `depth`) and the circle about it: centre and radius, ICRS degrees."""

    depth: int
    cell: int
    ra: float
    dec: float
    radius: float


def tiles_covering(ra: float, dec: float, radius: float, depth: int) -> list[Tile]:
    """All cells that a cone touches, in order of their numbers.

    Parameters
    ----------
    ra, dec, radius : float
        ICRS degrees; radius above 0, at most 180.
    depth : int
        HEALPix order: cells of order 5 are 1.8 deg wide, of order 6 0.9 deg.

    Raises
    ------
    ValueError
        for a region that is none.
    """
    if not (0 <= ra < 360 and -90 <= dec <= 90 and 0 < radius <= 180):
        raise ValueError(f"ra={ra}, dec={dec}, radius={radius}: give ICRS degrees and a positive radius")
    lon, lat = Longitude(ra * u.deg), Latitude(dec * u.deg)
    cells, _, _ = nested.cone_search(lon, lat, radius * u.deg, depth=depth, depth_delta=4, flat=True)
    return [tile(int(cell), depth) for cell in np.sort(cells)]


def tile(cell: int, depth: int) -> Tile:
    """One cell with the circle about it."""
    lon, lat = nested.healpix_to_lonlat(np.array([cell], np.uint64), depth)
    corner_lon, corner_lat = nested.vertices(np.array([cell], np.uint64), depth)
    ra, dec = float(lon[0].deg), float(lat[0].deg)
    far = separation(ra, dec, corner_lon.deg, corner_lat.deg).max()
    return Tile(depth, cell, ra, dec, float(far) * MARGIN)
