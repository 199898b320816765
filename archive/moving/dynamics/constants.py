"""Constants of the Solar System: au, days (TDB), equatorial ICRF axes unless said otherwise."""

import numpy as np

from archive.survey.times import SECONDS_PER_DAY

AU_KM = 149597870.7
"""Astronomical unit in km (IAU 2012 B2)."""

LIGHT_AU_PER_DAY = 299792.458 * SECONDS_PER_DAY / AU_KM
"""Speed of light, au/day."""

_KM3_S2_TO_AU3_D2 = SECONDS_PER_DAY**2 / AU_KM**3

GM_SUN = 132712440041.27942 * _KM3_S2_TO_AU3_D2
"""Sun's GM of DE440, au^3/day^2 (Park et al. 2021, AJ 161, 105, table 2)."""

SUN, EARTH, MOON = 10, 399, 301
"""NAIF identifiers."""

PERTURBERS = (1, 2, EARTH, MOON, 4, 5, 6, 7, 8, 9)
"""NAIF identifiers of the perturbing bodies: planets (from Mars on their system barycentres) and the Moon."""

GM_PERTURBERS = _KM3_S2_TO_AU3_D2 * np.array(
    [
        22031.868551,
        324858.592,
        398600.435507,
        4902.800118,
        42828.375816,
        126712764.1,
        37940584.8418,
        5794556.4,
        6836527.10058,
        975.5,
    ]
)
"""GM of PERTURBERS in the same order, au^3/day^2, values of DE440."""

OBLIQUITY = np.deg2rad(84381.448 / 3600.0)
"""Obliquity of the J2000 ecliptic that JPL and MPC elements refer to, radians (IAU 1976)."""

ECLIPTIC_TO_EQUATOR = np.array(
    [
        [1.0, 0.0, 0.0],
        [0.0, np.cos(OBLIQUITY), -np.sin(OBLIQUITY)],
        [0.0, np.sin(OBLIQUITY), np.cos(OBLIQUITY)],
    ]
)
"""Rotation matrix from ecliptic J2000 to equatorial axes."""

EARTH_ROTATION_RAD_PER_DAY = 2.0 * np.pi * 1.00273781191135448
"""Rate of the Earth rotation angle, radians per UT1 day (IERS Conventions 2010, eq. 5.15)."""

EARTH_RADIUS_KM = 6378.137
"""Equatorial radius that the MPC parallax constants refer to, km."""
