"""The known objects of the Solar System at one time: where each stands in the sky of the survey's observatory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from archive.moving.numbered import NUMBERED
from archive.survey.times import julian_date
from archive.tables.dictionary import Column, Table

ARCSEC_PER_HOUR = 3600 / 24  # of one degree per day

KNOWN = Table(
    "known_objects",
    "Known objects of the Solar System at one time",
    (
        Column("number", "int", "Number of the minor planet", ucd="meta.id;meta.main", principal=True),
        Column("name", "char", "Its name", ucd="meta.id"),
        Column("ra", "double", "Predicted right ascension, astrometric ICRS", "deg", "pos.eq.ra;meta.main"),
        Column("dec", "double", "Predicted declination, astrometric ICRS", "deg", "pos.eq.dec;meta.main"),
        Column("vmag", "double", "Predicted V magnitude", "mag", "phot.mag;em.opt.V"),
        Column("dra", "double", "Motion in right ascension times cos(dec)", "arcsec/h", "pos.pm;pos.eq.ra"),
        Column("ddec", "double", "Motion in declination", "arcsec/h", "pos.pm;pos.eq.dec"),
    ),
)


@dataclass(frozen=True)
class Known:
    """One object at the time; the columns are those of KNOWN."""

    number: int
    name: str
    ra: float
    dec: float
    vmag: float | None
    dra: float
    ddec: float


@lru_cache(maxsize=64)
def known_at(moment: datetime) -> tuple[Known, ...]:
    """All objects that the archive has orbits of, brightest first.

    Raises
    ------
    archive.moving.dynamics.errors.DynamicsError
        for a time that the planets' places are not known for.
    """
    from archive.moving.dynamics.ephemeris import ephemeris  # compiled, and few pages need it

    jd, found = julian_date(moment), []
    for number, orbit in NUMBERED.items():
        at = ephemeris(orbit, jd)
        vmag = float(at.vmag[0])
        motion = float(at.dra[0]) * ARCSEC_PER_HOUR, float(at.ddec[0]) * ARCSEC_PER_HOUR
        known = None if vmag != vmag else vmag
        found.append(Known(number, str(orbit.name), float(at.ra[0]), float(at.dec[0]), known, *motion))
    return tuple(sorted(found, key=lambda one: (one.vmag is None, one.vmag or 0.0)))
