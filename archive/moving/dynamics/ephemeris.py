"""Astrometric ephemerides: light time yes, aberration and deflection no, so they match a Gaia-tied WCS."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from archive.moving.dynamics.constants import GM_SUN, LIGHT_AU_PER_DAY, SUN
from archive.moving.dynamics.nbody import STEP, integrate, state_from_nodes
from archive.moving.dynamics.observer import ZTF, observer_at
from archive.moving.dynamics.orbit import state_at_epoch, visual_magnitude
from archive.moving.dynamics.planets import barycentric_position, barycentric_velocity

_LIGHT_TIME_PASSES = 4
_MAX_LIGHT_TIME = 2.0
"""Days that the integrated span reaches before the first observation, beyond the light time to 300 au."""


@dataclass(frozen=True)
class Ephemeris:
    """Predicted places, all arrays (n,).

    ra, dec : degrees, astrometric ICRF
    delta, r : au, distance from the observer and from the Sun
    phase : degrees, Sun-object-observer
    vmag : predicted V (NaN where the orbit has no brightness law)
    dra, ddec : degrees/day, rate in RA (times cos dec) and Dec
    """

    ra: np.ndarray
    dec: np.ndarray
    delta: np.ndarray
    r: np.ndarray
    phase: np.ndarray
    vmag: np.ndarray
    dra: np.ndarray
    ddec: np.ndarray


@njit(cache=True)
def _look(nodes, start, step, mu, light, tdb, obs, obs_v, sun, sun_v, out):
    """out (n, 7): ra, dec (rad), delta, r (au), cos(phase), dra cos(dec), ddec (rad/day)."""
    for i in range(tdb.shape[0]):
        light_time = 0.0
        for _ in range(_LIGHT_TIME_PASSES):
            x, y, z, vx, vy, vz = state_from_nodes(nodes, start, step, mu, tdb[i] - light_time)
            dx = x + sun[i, 0] - sun_v[i, 0] * light_time - obs[i, 0]
            dy = y + sun[i, 1] - sun_v[i, 1] * light_time - obs[i, 1]
            dz = z + sun[i, 2] - sun_v[i, 2] * light_time - obs[i, 2]
            delta = np.sqrt(dx * dx + dy * dy + dz * dz)
            light_time = delta / light
        r = np.sqrt(x * x + y * y + z * z)
        ux, uy, uz = dx / delta, dy / delta, dz / delta
        bx, by, bz = vx + sun_v[i, 0], vy + sun_v[i, 1], vz + sun_v[i, 2]
        # d(light time)/dt: the emission time runs slower while the body recedes
        receding = ux * (bx - obs_v[i, 0]) + uy * (by - obs_v[i, 1]) + uz * (bz - obs_v[i, 2])
        slow = 1.0 - receding / (light + ux * bx + uy * by + uz * bz)
        wx, wy, wz = bx * slow - obs_v[i, 0], by * slow - obs_v[i, 1], bz * slow - obs_v[i, 2]
        ra = np.arctan2(uy, ux)
        dec = np.arctan2(uz, np.sqrt(ux * ux + uy * uy))
        sin_ra, cos_ra, sin_dec, cos_dec = np.sin(ra), np.cos(ra), np.sin(dec), np.cos(dec)
        out[i, 0] = ra
        out[i, 1] = dec
        out[i, 2] = delta
        out[i, 3] = r
        out[i, 4] = (x * ux + y * uy + z * uz) / r
        out[i, 5] = (-sin_ra * wx + cos_ra * wy) / delta
        out[i, 6] = (-sin_dec * cos_ra * wx - sin_dec * sin_ra * wy + cos_dec * wz) / delta


def ephemeris_from(orbit, trajectory, tdb, position, velocity):
    """Ephemeris of an integrated orbit for observers at given places.

    Parameters
    ----------
    orbit : Orbit (for its brightness)
    trajectory : Trajectory that covers the times less the light time
    tdb : array (n,), JD TDB of observation
    position, velocity : arrays (n, 3), observer from the barycentre, au and au/day
    """
    tdb = np.ascontiguousarray(tdb, dtype=np.float64)
    sun, sun_v = barycentric_position(SUN, tdb), barycentric_velocity(SUN, tdb)
    out = np.empty((tdb.size, 7))
    position, velocity = np.ascontiguousarray(position), np.ascontiguousarray(velocity)
    _look(
        trajectory.states, trajectory.start_tdb, STEP, GM_SUN, LIGHT_AU_PER_DAY,
        tdb, position, velocity, sun, sun_v, out,
    )  # fmt: skip
    phase = np.rad2deg(np.arccos(np.clip(out[:, 4], -1.0, 1.0)))
    delta, r = out[:, 2], out[:, 3]
    return Ephemeris(
        ra=np.rad2deg(out[:, 0]) % 360.0,
        dec=np.rad2deg(out[:, 1]),
        delta=delta,
        r=r,
        phase=phase,
        vmag=visual_magnitude(orbit, r, delta, phase),
        dra=np.rad2deg(out[:, 5]),
        ddec=np.rad2deg(out[:, 6]),
    )


def trajectory_for(orbit, first_tdb, last_tdb):
    """Integrate an orbit so that it can be seen from first_tdb to last_tdb (light time included)."""
    return integrate(state_at_epoch(orbit), orbit.epoch_tdb, first_tdb - _MAX_LIGHT_TIME, last_tdb)


def ephemeris(orbit, jd_utc, observer=ZTF):
    """Astrometric ephemeris of an orbit.

    Parameters
    ----------
    orbit : Orbit
    jd_utc : float or array (n,), JD UTC; for a ZTF exposure its middle (start + 15 s of 30 s)
    observer : str, MPC observatory code

    Returns
    -------
    Ephemeris

    Raises
    ------
    BadOrbitError, UnknownObservatoryError, EphemerisOutOfRangeError
    """
    site = observer_at(jd_utc, observer)
    trajectory = trajectory_for(orbit, site.tdb.min(), site.tdb.max())
    return ephemeris_from(orbit, trajectory, site.tdb, site.position, site.velocity)
