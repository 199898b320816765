"""Match positions on the sky to a catalogue: nearest within a radius, and a flag where it is ambiguous.

Both lists are projected to a tangent plane around their middle, so the poles and RA 0 are places like any
other; the catalogue is sorted along one axis, and each position looks at a thin strip of it.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

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


def _unit(ra, dec):
    ra, dec = np.deg2rad(ra), np.deg2rad(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def _axes(vectors):
    """Middle direction of unit vectors and two directions that span the plane across it."""
    middle = vectors.mean(axis=0)
    length = np.linalg.norm(middle)
    if length == 0:
        raise ValueError("catalogue is spread evenly over the sky: match it in parts")
    middle = middle / length
    helper = np.eye(3)[np.argmin(np.abs(middle))]
    first = np.cross(helper, middle)
    first /= np.linalg.norm(first)
    return middle, first, np.cross(middle, first)


@njit(cache=True, nogil=True)
def _strip(keys, order, catalog, stretch, keys_wanted, wanted, chord, index, best, others):
    """Scan the strip |key difference| <= chord * stretch around each wanted position; 3-D chords decide."""
    limit = chord * chord
    for i in range(wanted.shape[0]):
        reach = chord * stretch[i]
        low = np.searchsorted(keys, keys_wanted[i] - reach)
        nearest = limit
        found = 0
        row = -1
        j = low
        while j < keys.shape[0] and keys[j] <= keys_wanted[i] + reach:
            k = order[j]
            dx = catalog[k, 0] - wanted[i, 0]
            dy = catalog[k, 1] - wanted[i, 1]
            dz = catalog[k, 2] - wanted[i, 2]
            d2 = dx * dx + dy * dy + dz * dz
            if d2 <= limit:
                found += 1
                if d2 <= nearest:
                    nearest = d2
                    row = k
            j += 1
        index[i] = row
        best[i] = nearest
        others[i] = found


def match_sky(ra, dec, catalog_ra, catalog_dec, radius):
    """Nearest catalogue source of each position.

    Parameters
    ----------
    ra, dec : arrays (n,), degrees
    catalog_ra, catalog_dec : arrays (m,), degrees; one field, within 60 degrees of its middle
    radius : float, arcsec, at most MAX_RADIUS

    Returns
    -------
    Matches

    Raises
    ------
    ValueError
        where the radius is out of range or the catalogue is wider than a field.
    """
    if not 0 < radius <= MAX_RADIUS:
        raise ValueError(f"radius={radius}: must be positive arcsec, at most {MAX_RADIUS}")
    ra, dec, catalog_ra, catalog_dec = (
        np.atleast_1d(np.asarray(a, dtype=np.float64)) for a in (ra, dec, catalog_ra, catalog_dec)
    )
    index = np.full(ra.size, UNMATCHED, dtype=np.int64)
    separation = np.full(ra.size, np.nan)
    ambiguous = np.zeros(ra.size, dtype=bool)
    if ra.size == 0 or catalog_ra.size == 0:
        return Matches(index, separation, ambiguous)
    catalog, wanted = _unit(catalog_ra, catalog_dec), _unit(ra, dec)
    middle, first, _ = _axes(catalog)
    if (catalog @ middle).min() < np.cos(np.deg2rad(MAX_FIELD_RADIUS)):
        raise ValueError(f"catalogue reaches more than {MAX_FIELD_RADIUS} degrees from its middle: match it in parts")
    depth = wanted @ middle
    near = np.flatnonzero(depth > np.cos(np.deg2rad(MAX_FIELD_RADIUS + 1.0)))
    keys = (catalog @ first) / (catalog @ middle)
    order = np.argsort(keys, kind="stable")
    chord = 2.0 * np.sin(np.deg2rad(radius / 3600.0) / 2.0)
    # the tangent plane magnifies by at most 1/cos^2 of the distance; 2 % cover the strip's own width
    stretch = 1.02 / depth[near] ** 2 + 0.02
    rows, best, found = np.empty(near.size, np.int64), np.empty(near.size), np.empty(near.size, np.int64)
    points = np.ascontiguousarray(wanted[near])
    _strip(keys[order], order, catalog, stretch, (points @ first) / depth[near], points, chord, rows, best, found)
    index[near] = rows
    hit = index >= 0
    hit_near = rows >= 0
    separation[hit] = np.rad2deg(2.0 * np.arcsin(np.sqrt(best[hit_near]) / 2.0)) * 3600.0
    ambiguous[near] = found > 1
    claims = np.bincount(index[hit], minlength=catalog_ra.size)
    ambiguous[hit] |= claims[index[hit]] > 1
    return Matches(index, separation, ambiguous)
