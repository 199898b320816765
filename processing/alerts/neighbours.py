"""Known objects near a candidate: Pan-STARRS and Gaia sources, numbered asteroids."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from archive.models import GaiaStar, PanstarrsStar
from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.numbered import NUMBERED
from archive.sky.sphere import separation

NOTHING = -999.0
PANSTARRS_RADIUS, GAIA_RADIUS, SOLAR_RADIUS = 30.0, 90.0, 30.0  # arcsec
BRIGHT_GAIA = 14.0
ARCSEC = 3600.0
NO_NAME = "null"
"""Value that the survey writes where no Solar-System object is near."""


def panstarrs(ra: float, dec: float) -> dict:
    """The three nearest Pan-STARRS sources within 30 arcsec, -999 where there are fewer; their number."""
    rows = list(PanstarrsStar.objects.within(ra, dec, PANSTARRS_RADIUS / ARCSEC))
    fields: dict = {"nmtchps": len(rows)}
    for k in (1, 2, 3):
        row = rows[k - 1] if len(rows) >= k else None
        fields[f"objectidps{k}"] = None if row is None else row.objid
        for band in "griz":
            fields[f"s{band}mag{k}"] = NOTHING if row is None else _or_nothing(getattr(row, f"{band}mag"))
        fields[f"sgscore{k}"] = NOTHING if row is None else _or_nothing(row.sgscore)
        fields[f"distpsnr{k}"] = NOTHING if row is None else row.distance * ARCSEC
    return fields


def gaia(ra: float, dec: float) -> dict:
    """The nearest Gaia source within 90 arcsec, and the nearest brighter than G = 14; -999 without one."""
    rows = GaiaStar.objects.within(ra, dec, GAIA_RADIUS / ARCSEC)
    nearest, bright = rows.first(), rows.filter(phot_g_mean_mag__lt=BRIGHT_GAIA).first()
    return {
        "neargaia": NOTHING if nearest is None else nearest.distance * ARCSEC,
        "maggaia": NOTHING if nearest is None else nearest.phot_g_mean_mag,
        "neargaiabright": NOTHING if bright is None else bright.distance * ARCSEC,
        "maggaiabright": NOTHING if bright is None else bright.phot_g_mean_mag,
    }


def solar_system(ra: float, dec: float, jd: float) -> dict:
    """The nearest numbered asteroid within 30 arcsec at `jd` (UTC, middle of the exposure)."""
    names, places, mags = asteroids_at(jd)
    distance = separation(ra, dec, places[:, 0], places[:, 1]) * ARCSEC
    k = int(np.argmin(distance))
    if not distance[k] <= SOLAR_RADIUS:
        return {"ssdistnr": NOTHING, "ssmagnr": NOTHING, "ssnamenr": NO_NAME}
    return {"ssdistnr": float(distance[k]), "ssmagnr": float(mags[k]), "ssnamenr": names[k]}


@lru_cache(maxsize=8)
def asteroids_at(jd: float) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Numbers, places (n, 2; deg) and V magnitudes of the numbered asteroids seen from Palomar at one time."""
    seen = [ephemeris(orbit, np.array([jd])) for orbit in NUMBERED.values()]
    places = np.array([(one.ra[0], one.dec[0]) for one in seen])
    return tuple(str(number) for number in NUMBERED), places, np.array([one.vmag[0] for one in seen])


def _or_nothing(value: float | None) -> float:
    return NOTHING if value is None else value
