"""Partitions of the sky: HEALPix pixels of an order that adapts to how dense objects are, and what lies around one."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.coordinates import Latitude, Longitude
from cdshealpix import nested

from archive.sky.sphere import separation
from lightcurves.storage.healpix import ORDER

OBJECTS_IN_FILE = 50_000  # some 100 MB at 150 points an object
FIRST_ORDER, LAST_ORDER = 0, 9
PIXELS_IN_FOLDER = 10_000
MARGIN = 10.0  # arcsec
EDGE_ORDER = 13  # of the cells around a pixel that are looked through: everywhere wider than the margin
BEARINGS = 32
WIDER = 1.005  # a circle of so many bearings meets each straight edge that is nearer than the margin


@dataclass(frozen=True)
class Pixel:
    """A HEALPix pixel (nested) that becomes one file, with the rows of the objects in it."""

    order: int
    number: int
    first: int
    last: int

    @property
    def folder(self) -> int:
        """The number of the folder that its file lies in."""
        return self.number // PIXELS_IN_FOLDER * PIXELS_IN_FOLDER

    @property
    def path(self) -> str:
        """The path of its file in a catalog's folder."""
        return f"dataset/Norder={self.order}/Dir={self.folder}/Npix={self.number}.parquet"


def pixels(hpx29: np.ndarray, most: int = OBJECTS_IN_FILE) -> list[Pixel]:
    """Pixels of at most `most` objects each (more only at the last order), from HEALPix numbers in ascending order."""
    found, waiting = [], [(FIRST_ORDER, number) for number in range(11, -1, -1)]
    while waiting:
        order, number = waiting.pop()
        shift = 2 * (ORDER - order)
        first, last = np.searchsorted(hpx29, [number << shift, (number + 1) << shift]).tolist()
        if last - first > most and order < LAST_ORDER:
            waiting.extend((order + 1, 4 * number + k) for k in (3, 2, 1, 0))
        elif last > first:
            found.append(Pixel(order, number, first, last))
    return found


def margin(pixel: Pixel, hpx29: np.ndarray) -> np.ndarray:
    """The places (ascending) in `hpx29` (ascending) of objects outside a pixel and at most MARGIN from it.

    Those up to half a percent farther may be among them.
    """
    cells = _cells_around(pixel)
    shift = 2 * (ORDER - EDGE_ORDER)
    first, last = np.searchsorted(hpx29, cells << shift), np.searchsorted(hpx29, (cells + 1) << shift)
    near = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [np.arange(0)]).astype(int)
    if not len(near):
        return near
    lon, lat = nested.healpix_to_lonlat(hpx29[near].astype(np.uint64), ORDER)
    return near[_is_near(pixel, lon.deg, lat.deg)]


def _cells_around(pixel: Pixel) -> np.ndarray:
    number = np.array([pixel.number], dtype=np.uint64)
    edges, corners = nested.external_neighbours(number, pixel.order, EDGE_ORDER - pixel.order)
    cells = np.concatenate([np.ravel(edges), np.ravel(corners)]).astype(np.int64)
    return np.unique(cells[cells >= 0])


def _is_near(pixel: Pixel, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Whether a circle around a position reaches into a pixel, or one of the pixel's corners lies in the circle."""
    radius = MARGIN * WIDER / 3600
    bearing = np.linspace(0, 2 * np.pi, BEARINGS, endpoint=False)
    at, away = np.radians(dec)[:, None], np.radians(radius)
    sine = np.sin(at) * np.cos(away) + np.cos(at) * np.sin(away) * np.cos(bearing)
    lat = np.arcsin(np.clip(sine, -1, 1))
    lon = np.radians(ra)[:, None] + np.arctan2(
        np.sin(bearing) * np.sin(away) * np.cos(at), np.cos(away) - np.sin(at) * sine
    )
    found = nested.lonlat_to_healpix(Longitude(lon, u.rad), Latitude(lat, u.rad), pixel.order)
    near = (found.astype(np.int64).reshape(lon.shape) == pixel.number).any(axis=1)
    corner_lon, corner_lat = nested.vertices(np.array([pixel.number], dtype=np.uint64), pixel.order, 1)
    for one_ra, one_dec in zip(np.ravel(corner_lon.deg), np.ravel(corner_lat.deg), strict=True):
        near |= separation(ra, dec, one_ra, one_dec) <= radius
    return near
