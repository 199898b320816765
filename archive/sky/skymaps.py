"""Regions (MOC) and probability maps that people bring, and how much of them footprints cover."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from astropy_healpix import HEALPix

from archive import sandbox
from archive.sky import regions
from archive.sky.sphere import point_in_quadrilateral, to_ra_dec, unit_vectors

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

MOST_UPLOADED = 32 * 1024**2  # bytes
MOST_UNPACKED = 256 * 1024**2
LIMITS = sandbox.Limits(memory=2 * 1024**3, cpu=40, seconds=60.0, answer=16 * 1024**2)
BOUNDS = {
    "most_bytes": MOST_UNPACKED, "most_characters": 6000, "most_cells": regions.MOST_CELLS,
    "coarsest": regions.COARSEST, "finest": regions.FINEST,
}  # fmt: skip
AT_ONCE = 200  # footprints whose cells are looked at together
OUR_WORDS = ("BadFileError", "UnreadableTableError", "UnreadableMocError", "TooMuchError")
WORDS = "give a MOC (FITS, text or JSON) or a HEALPix map of probability (FITS, also multi-order)"


class BadRegionError(ValueError):
    """A file that is no region and no probability map; the message says what would be right."""


@dataclass(frozen=True)
class Outline:
    """The edge of a part: `level` of the whole lies within `area` deg2; `moc` is JSON, `text` a region of searches."""

    level: float
    area: float
    moc: str
    text: str

    @property
    def percent(self) -> int:
        return round(100 * self.level)


@dataclass(frozen=True)
class GivenRegion:
    """A region or a map: cells (nested, of one order) and the part of the whole in each; the likeliest place.

    kind : moc or map
    """

    kind: str
    title: str
    outlines: tuple[Outline, ...]
    order: int
    cells: np.ndarray
    parts: np.ndarray
    ra: float
    dec: float

    @property
    def is_map(self) -> bool:
        """Whether it holds probabilities."""
        return self.kind == "map"

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The cells' centres, degrees."""
        lon, lat = HEALPix(2**self.order, order="nested").healpix_to_lonlat(self.cells)
        return lon.deg, lat.deg

    @property
    def cell(self) -> float:
        """The width of a cell, degrees: what footprints cover is known no finer."""
        return math.degrees(math.sqrt(math.pi / 3)) / 2**self.order

    @cached_property
    def tree(self) -> cKDTree:
        """The cells' centres as unit vectors, to be searched."""
        from scipy.spatial import cKDTree  # few pages need it

        return cKDTree(unit_vectors(*self.places))

    @cached_property
    def circle(self) -> tuple[float, float, float]:
        """A circle that holds all centres: ra, dec, radius (deg; 180 where they lie all over the sky)."""
        vectors = self.tree.data
        middle = vectors.mean(axis=0)
        if np.linalg.norm(middle) < 1e-6:
            return 0.0, 0.0, 180.0
        ra, dec = to_ra_dec(middle)
        farthest = np.clip(vectors @ (middle / np.linalg.norm(middle)), -1, 1).min()
        return float(ra), float(dec), float(np.degrees(np.arccos(farthest)))


@dataclass(frozen=True)
class Covered:
    """The parts that footprints cover: that in each (n,), and whether each cell lies in one at least."""

    parts: np.ndarray
    cells: np.ndarray


def read(content: bytes) -> GivenRegion:
    """The region or the map in a file.

    Raises
    ------
    BadRegionError
    sandbox.TryLaterError
        where it could be read another time.
    """
    if len(content) > MOST_UPLOADED:
        raise BadRegionError(f"{len(content)} bytes; at most {MOST_UPLOADED}; a multi-order map is smaller")
    try:
        found = sandbox.run("archive.sandbox.readers.uploads.skymaps:read", content, LIMITS, **BOUNDS)
    except sandbox.TryLaterError:
        raise
    except sandbox.SandboxError as error:
        ours = not isinstance(error, sandbox.RefusedError) or error.kind in OUR_WORDS
        why = str(error) if ours else "it is none of them, or is damaged"  # a library's words are for programmers
        raise BadRegionError(f"the file cannot be read: {why}; {WORDS}") from error
    outlines = tuple(Outline(**one) for one in found.pop("outlines"))
    return GivenRegion(outlines=outlines, **found)


def covered(region: GivenRegion, corners: np.ndarray) -> Covered:
    """The parts of a region that footprints cover; a cell counts where its centre lies in the footprint.

    Parameters
    ----------
    corners : array (n, 4, 2), degrees, in order around each
    """
    corners = np.asarray(corners, float).reshape(-1, 4, 2)
    ra, dec = region.places
    parts, seen = np.zeros(len(corners)), np.zeros(len(ra), bool)
    for first in range(0, len(corners), AT_ONCE):
        some = corners[first : first + AT_ONCE]
        vectors = unit_vectors(some[..., 0], some[..., 1])
        middle = vectors.mean(axis=1)
        middle /= np.linalg.norm(middle, axis=1)[:, None]
        reach = np.linalg.norm(vectors - middle[:, None], axis=2).max(axis=1) * 1.01
        near = region.tree.query_ball_point(middle, reach)
        which = np.repeat(np.arange(len(some)), [len(one) for one in near])
        cell = np.concatenate([np.asarray(one, int) for one in near]) if len(which) else np.zeros(0, int)
        inside = point_in_quadrilateral(ra[cell], dec[cell], some[which]) if len(which) else np.zeros(0, bool)
        parts[first : first + AT_ONCE] = np.bincount(which[inside], region.parts[cell[inside]], len(some))
        seen[cell[inside]] = True
    return Covered(parts, seen)
