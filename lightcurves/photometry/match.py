"""Match positions on the sky to a catalogue: nearest within a radius, and a flag where it is ambiguous.

Both lists are projected to a tangent plane around their middle, so the poles and RA 0 are places like any
other; the catalogue is sorted along one axis, and each position looks at a thin strip of it.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from numba import njit

from archive.sky.sphere import unit_vectors

MAX_FIELD_RADIUS = 60.0
"""Degrees from the middle of the catalogue; the tangent plane stretches without limit towards 90."""

MAX_RADIUS = 600.0
"""Arcsec; the strip's margin of 2 % holds up to here."""

UNMATCHED = -1


@dataclass(frozen=True)
class Matches:
    """One entry per position.

    index : int64 array (n,), row of the catalogue, UNMATCHED (-1) where none is near
    separation : float64 array (n,), arcsec, NaN where unmatched
    ambiguous : bool array (n,), another catalogue source is also within the radius, or another position
        claims the same source
    """

    index: np.ndarray
    separation: np.ndarray
    ambiguous: np.ndarray


def _axes(vectors):
    """Middle direction of unit vectors and a direction across it."""
    middle = vectors.mean(axis=0)
    length = np.linalg.norm(middle)
    if length == 0:
        raise ValueError("catalogue is spread evenly over the sky: match it in parts")
    middle = middle / length
    helper = np.eye(3)[np.argmin(np.abs(middle))]
    first = np.cross(helper, middle)
    return middle, first / np.linalg.norm(first)


@njit(cache=True, nogil=True)
def _strip(keys, catalog, middle, first, ra, dec, chord, index, best, found):
    """Scan the strip |key difference| <= chord * stretch around each position; 3-D chords decide.

    `catalog` is ordered by key, and so are the rows in `index`; found counts the sources within the radius.
    """
    limit = chord * chord
    n = keys.shape[0]
    least_depth = np.cos(np.deg2rad(MAX_FIELD_RADIUS + 1.0))
    for i in range(ra.shape[0]):
        sin_ra, cos_ra = np.sin(np.deg2rad(ra[i])), np.cos(np.deg2rad(ra[i]))
        z, cos_dec = np.sin(np.deg2rad(dec[i])), np.cos(np.deg2rad(dec[i]))
        x, y = cos_dec * cos_ra, cos_dec * sin_ra
        depth = x * middle[0] + y * middle[1] + z * middle[2]
        if not depth > least_depth:
            continue
        key = (x * first[0] + y * first[1] + z * first[2]) / depth
        # the tangent plane magnifies by at most 1/cos^2 of the distance; 2 % cover the strip's own width
        reach = chord * (1.02 / (depth * depth) + 0.02)
        nearest = limit
        j = np.searchsorted(keys, key - reach)
        while j < n and keys[j] <= key + reach:
            dx, dy, dz = catalog[j, 0] - x, catalog[j, 1] - y, catalog[j, 2] - z
            d2 = dx * dx + dy * dy + dz * dz
            if d2 <= limit:
                found[i] += 1
                if d2 <= nearest:
                    nearest = d2
                    index[i] = j
            j += 1
        best[i] = nearest


class Catalogue:
    """Sources of one field, ordered so that many images can be matched to them.

    Parameters
    ----------
    ra, dec : arrays (m,), degrees; within 60 degrees of their middle

    Raises
    ------
    ValueError
        where they are spread wider than a field.
    """

    def __init__(self, ra, dec):
        vectors = unit_vectors(*(np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (ra, dec)))
        self.size = len(vectors)
        if not self.size:
            return
        self._middle, self._first = _axes(vectors)
        depth = vectors @ self._middle
        if depth.min() < np.cos(np.deg2rad(MAX_FIELD_RADIUS)):
            raise ValueError(
                f"catalogue reaches more than {MAX_FIELD_RADIUS} degrees from its middle: match it in parts"
            )
        self._set_order((vectors @ self._first) / depth, vectors, np.arange(self.size))

    def _set_order(self, keys, vectors, rows):
        order = np.argsort(keys, kind="stable")
        self._order = rows[order]
        self._keys, self._vectors = keys[order], np.ascontiguousarray(vectors[order])

    def moved(self, rows, ra, dec) -> Catalogue:
        """The same sources, of which some stand elsewhere.

        Parameters
        ----------
        rows : int array (k,), of the catalogue
        ra, dec : arrays (k,), degrees, where these are; within 60 degrees of the catalogue's middle

        Raises
        ------
        ValueError
            where one is farther than that.
        """
        vectors = unit_vectors(*(np.asarray(a, dtype=np.float64) for a in (ra, dec)))
        depth = vectors @ self._middle
        if depth.size and depth.min() < np.cos(np.deg2rad(MAX_FIELD_RADIUS)):
            raise ValueError(f"a source is more than {MAX_FIELD_RADIUS} degrees from the catalogue's middle")
        other = copy(self)
        keys, every = self._keys.copy(), self._vectors.copy()
        place = np.empty(self.size, dtype=np.int64)
        place[self._order] = np.arange(self.size)
        keys[place[rows]], every[place[rows]] = (vectors @ self._first) / depth, vectors
        other._set_order(keys, every, self._order)
        return other

    def match(self, ra, dec, radius) -> Matches:
        """Nearest source of each position.

        Parameters
        ----------
        ra, dec : arrays (n,), degrees
        radius : float, arcsec, at most MAX_RADIUS

        Raises
        ------
        ValueError
            where the radius is out of range.
        """
        if not 0 < radius <= MAX_RADIUS:
            raise ValueError(f"radius={radius}: must be positive arcsec, at most {MAX_RADIUS}")
        ra, dec = (np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (ra, dec))
        index = np.full(ra.size, UNMATCHED, dtype=np.int64)
        if ra.size == 0 or self.size == 0:
            return Matches(index, np.full(ra.size, np.nan), np.zeros(ra.size, dtype=bool))
        best, found = np.empty(ra.size), np.zeros(ra.size, dtype=np.int64)
        chord = 2.0 * np.sin(np.deg2rad(radius / 3600.0) / 2.0)
        _strip(self._keys, self._vectors, self._middle, self._first, ra, dec, chord, index, best, found)
        hit = index >= 0
        index[hit] = self._order[index[hit]]
        separation = np.full(ra.size, np.nan)
        separation[hit] = np.rad2deg(2.0 * np.arcsin(np.sqrt(best[hit]) / 2.0)) * 3600.0
        ambiguous = found > 1
        claims = np.bincount(index[hit], minlength=self.size)
        ambiguous[hit] |= claims[index[hit]] > 1
        return Matches(index, separation, ambiguous)


def match_sky(ra, dec, catalog_ra, catalog_dec, radius) -> Matches:
    """Nearest catalogue source of each position, for a catalogue that is used once (see `Catalogue`)."""
    return Catalogue(catalog_ra, catalog_dec).match(ra, dec, radius)
