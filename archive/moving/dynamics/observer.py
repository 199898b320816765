"""Barycentric position and velocity of an observatory, and UTC to TDB.

Earth orientation: IAU 2000B nutation and the Earth rotation angle (erfa), UT1-UTC and pole from the IERS
tables that astropy-iers-data brings along. Outside those tables their last value is kept: at most 0.4 km.
"""

from dataclasses import dataclass
from functools import lru_cache

import erfa
import numpy as np
from astropy.utils import iers

from archive.moving.dynamics.constants import (
    AU_KM,
    EARTH,
    EARTH_RADIUS_KM,
    EARTH_ROTATION_RAD_PER_DAY,
    SECONDS_PER_DAY,
)
from archive.moving.dynamics.errors import UnknownObservatoryError
from archive.moving.dynamics.planets import barycentric_position, barycentric_velocity
from archive.survey.times import MJD_ZERO

ZTF = "I41"

OBSERVATORIES = {
    "500": (0.0, 0.0, 0.0),
    "I41": (243.14022, 0.836325, 0.546877),
    "X05": (289.25058, 0.864981, -0.500958),
}
"""MPC code -> east longitude (deg), rho cos phi', rho sin phi' (Earth radii), as the MPC gives them."""


@dataclass(frozen=True)
class Observer:
    """An observatory at n times.

    tdb : float64 array (n,), JD TDB
    position : float64 array (n, 3), au from the Solar-System barycentre, ICRF
    velocity : float64 array (n, 3), au/day
    """

    tdb: np.ndarray
    position: np.ndarray
    velocity: np.ndarray


def utc_to_tdb(jd_utc):
    """JD UTC to JD TDB (array in, array out); good to some 40 microseconds, the resolution of one double."""
    jd_utc = np.atleast_1d(np.asarray(jd_utc, dtype=np.float64))
    tai = erfa.utctai(jd_utc, 0.0)
    tt1, tt2 = erfa.taitt(*tai)
    tdb_minus_tt = erfa.dtdb(tt1, tt2, 0.0, 0.0, 0.0, 0.0)
    return tt1 + (tt2 + tdb_minus_tt / SECONDS_PER_DAY)


def site_parallax(code):
    """Parallax constants of an observatory code; raises UnknownObservatoryError."""
    if code not in OBSERVATORIES:
        known = ", ".join(sorted(OBSERVATORIES))
        raise UnknownObservatoryError(f"observer={code!r}: unknown observatory code, known are {known}")
    return OBSERVATORIES[code]


@lru_cache(maxsize=1)
def _earth_orientation():
    """MJD, UT1-UTC (s), pole x, y (arcsec) of the bundled IERS table."""
    table = iers.IERS_A.open()
    columns = [np.asarray(table[name].value) for name in ("MJD", "UT1_UTC", "PM_x", "PM_y")]
    good = np.isfinite(columns[1])
    return tuple(column[good] for column in columns)


def _celestial_to_terrestrial(jd_utc):
    mjd, dut1, pole_x, pole_y = _earth_orientation()
    days = jd_utc - MJD_ZERO
    # UT1-UTC jumps by one second at a leap second: interpolate the smooth UT1-TAI instead.
    tai_minus_utc = _leap_seconds(mjd)
    ut1_minus_tai = np.interp(days, mjd, dut1 - tai_minus_utc)
    ut1 = jd_utc + (ut1_minus_tai + _leap_seconds(days)) / SECONDS_PER_DAY
    xp, yp = (np.interp(days, mjd, pole) * erfa.DAS2R for pole in (pole_x, pole_y))
    tt = erfa.taitt(*erfa.utctai(jd_utc, 0.0))
    return erfa.c2t00b(*tt, ut1, 0.0, xp, yp)


def _leap_seconds(mjd_utc):
    utc1 = np.full(np.shape(mjd_utc), MJD_ZERO)
    tai1, tai2 = erfa.utctai(utc1, np.asarray(mjd_utc, dtype=np.float64))
    return ((tai1 - utc1) + (tai2 - mjd_utc)) * SECONDS_PER_DAY


def observer_at(jd_utc, code=ZTF):
    """Barycentric position and velocity of an observatory.

    Parameters
    ----------
    jd_utc : float or array (n,), JD UTC
    code : str
        MPC code; "500" is the geocentre.

    Returns
    -------
    Observer

    Raises
    ------
    UnknownObservatoryError, EphemerisOutOfRangeError
    """
    longitude, rho_cos, rho_sin = site_parallax(code)
    jd_utc = np.atleast_1d(np.asarray(jd_utc, dtype=np.float64))
    tdb = utc_to_tdb(jd_utc)
    position = barycentric_position(EARTH, tdb)
    velocity = barycentric_velocity(EARTH, tdb)
    if rho_cos or rho_sin:
        angle = np.deg2rad(longitude)
        site = np.array([rho_cos * np.cos(angle), rho_cos * np.sin(angle), rho_sin]) * EARTH_RADIUS_KM / AU_KM
        offset = np.einsum("nji,j->ni", _celestial_to_terrestrial(jd_utc), site)
        position = position + offset
        velocity = velocity + rotation_velocity(offset)
    return Observer(tdb=tdb, position=position, velocity=velocity)


def rotation_velocity(offset):
    """Velocity (au/day) of a point that the Earth carries round, from its geocentric place (n, 3) in au."""
    spin = EARTH_ROTATION_RAD_PER_DAY
    return np.stack([-spin * offset[:, 1], spin * offset[:, 0], np.zeros(len(offset))], axis=1)
