"""Heliocentric Julian dates where an exposure's own observer position is not at hand: alerts, limits. No Django."""

from __future__ import annotations

import numpy as np

from archive.moving.dynamics.constants import LIGHT_AU_PER_DAY
from archive.sky.sphere import unit_vectors
from archive.survey.times import JD_J2000


def heliocentric(jd, ra: float, dec: float) -> np.ndarray:
    """Julian dates as a clock at the Sun would give them.

    Parameters
    ----------
    jd : array (n,), days
    ra, dec : degrees, of what was observed

    Returns
    -------
    array (n,), days; good to 5 seconds: the Earth stands for the observer, and the equinox of date for that of J2000.

    Source: low-precision formulae for the Sun, Astronomical Almanac, section C.
    """
    days = np.asarray(jd, dtype=np.float64) - JD_J2000
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    obliquity = np.radians(23.439 - 4e-7 * days)
    sun = distance * np.stack(
        [np.cos(longitude), np.cos(obliquity) * np.sin(longitude), np.sin(obliquity) * np.sin(longitude)]
    )
    return np.asarray(jd, dtype=np.float64) - np.tensordot(unit_vectors(ra, dec), sun, axes=1) / LIGHT_AU_PER_DAY
