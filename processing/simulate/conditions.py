"""Observing conditions: seeing, background and zero point as real exposures had them, and where the
telescope looked.

The three quantiles per filter come from 25,233 real quadrant images with INFOBITS = 0 (JD 2458198 to
2460398).
"""

from dataclasses import dataclass

import numpy as np

from archive.survey.camera import Site, filter_of
from archive.survey.times import JD_J2000

QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)
SEEING_PIXELS = {
    "g": (1.5, 1.70, 2.17, 3.50, 4.2),
    "r": (1.35, 1.47, 1.95, 3.30, 4.0),
    "i": (1.25, 1.35, 1.79, 3.08, 3.8),
}
BACKGROUND_DN = {
    "g": (65, 75, 128, 270, 450),
    "r": (105, 122, 183, 292, 450),
    "i": (140, 159, 295, 932, 1400),
}
ZERO_POINT = {
    "g": (25.3, 25.84, 26.25, 26.38, 26.42),
    "r": (25.3, 25.82, 26.21, 26.34, 26.38),
    "i": (25.0, 25.42, 25.69, 25.80, 25.85),
}
"""The real 95 % point in i, 26.91, comes from long exposures; here all are 30 s."""
COLOUR_COEFFICIENT = {"g": -0.060, "r": 0.106, "i": 0.189}
"""CLRCOEFF in m_PS1 = m_inst + MAGZP + CLRCOEFF * colour."""
ZP_PER_SECOND_BASE = 30.0
PRECESSION_M, PRECESSION_N = 0.0128123, 0.0055675
"""deg per year"""


@dataclass(frozen=True)
class Conditions:
    """Of one exposure: seeing (FWHM, pixels), background (DN per pixel), zp (mag for 1 DN), airmass."""

    seeing: float
    background: float
    zp: float
    colour_coefficient: float
    airmass: float


def draw_conditions(rng: np.random.Generator, filter: str | int, airmass: float = 1.1) -> Conditions:
    """Draw seeing, background and zero point from the real distribution of a filter, for 30 s.

    Bad seeing goes with poor transparency in one night out of several; here the three are independent.
    """
    band = filter_of(filter).band
    seeing, background, zp = (
        float(np.interp(rng.random(), QUANTILES, table[band])) for table in (SEEING_PIXELS, BACKGROUND_DN, ZERO_POINT)
    )
    return Conditions(seeing, background, zp, COLOUR_COEFFICIENT[band], airmass)


def for_exptime(conditions: Conditions, exptime: float) -> Conditions:
    """The same sky exposed for another time (s)."""
    factor = exptime / ZP_PER_SECOND_BASE
    return Conditions(
        conditions.seeing,
        conditions.background * factor,
        conditions.zp + 2.5 * float(np.log10(factor)),
        conditions.colour_coefficient,
        conditions.airmass,
    )


def sidereal_time(jd: float, longitude: float) -> float:
    """Local mean sidereal time, deg, to a few arcseconds (Meeus, eq. 12.4, with UT1 = UTC)."""
    return (280.46061837 + 360.98564736629 * (jd - JD_J2000) + longitude) % 360.0


def alt_az(jd: float, ra: float, dec: float, site: Site) -> tuple[float, float, float]:
    """Altitude, azimuth (north through east) and hour angle (-180 to 180) of an ICRS position, all deg.

    Precession to first order, no nutation, no refraction: good to 0.02 deg below declination 85 deg.
    """
    ra, dec = _of_date(jd, ra, dec)
    hour_angle = (sidereal_time(jd, site.longitude) - ra + 180.0) % 360.0 - 180.0
    h, d, phi = np.radians([hour_angle, dec, site.latitude])
    altitude = np.arcsin(np.sin(d) * np.sin(phi) + np.cos(d) * np.cos(phi) * np.cos(h))
    azimuth = np.arctan2(-np.cos(d) * np.sin(h), np.sin(d) * np.cos(phi) - np.cos(d) * np.cos(h) * np.sin(phi))
    return float(np.degrees(altitude)), float(np.degrees(azimuth) % 360.0), float(hour_angle)


def _of_date(jd, ra, dec):
    """Precess from J2000 to the date (Lieske 1979, rates m and n), deg."""
    years = (jd - JD_J2000) / 365.25
    sin_ra, cos_ra = np.sin(np.radians(ra)), np.cos(np.radians(ra))
    slope = np.tan(np.radians(min(max(dec, -85.0), 85.0)))
    return ra + years * (PRECESSION_M + PRECESSION_N * sin_ra * slope), dec + years * PRECESSION_N * cos_ra


def airmass_at(altitude: float) -> float:
    """Airmass at an altitude, deg (Hardie 1962); below 10 deg the value at 10 deg."""
    excess = 1.0 / np.sin(np.radians(max(altitude, 10.0))) - 1.0
    return float(1.0 + excess - 0.0018167 * excess - 0.002875 * excess**2 - 0.0008083 * excess**3)


def moon_illumination(jd: float) -> float:
    """Illuminated part of the Moon's disc, 0 to 1, to about 0.02 (Meeus, chapter 48, main terms)."""
    centuries = (jd - JD_J2000) / 36525.0
    elongation = 297.8501921 + 445267.1114034 * centuries
    anomaly_moon = np.radians(134.9633964 + 477198.8675055 * centuries)
    anomaly_sun = np.radians(357.5291092 + 35999.0502909 * centuries)
    phase_angle = (
        180.0
        - elongation
        - 6.289 * np.sin(anomaly_moon)
        + 2.100 * np.sin(anomaly_sun)
        - 1.274 * np.sin(2 * np.radians(elongation) - anomaly_moon)
    )
    return float((1.0 + np.cos(np.radians(phase_angle))) / 2.0)
