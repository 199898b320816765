# ruff: noqa: E501 - tables of queries and texts read better on one line
"""Each expression of the language has the value that numpy finds, for every star, and the type that was promised."""

import math
from datetime import datetime

import numpy as np
import pytest
from astropy import units

from archive.tables.fields import field_of

pytestmark = pytest.mark.django_db(databases=["default", "reader"])

EPOCH = np.datetime64("1970-01-01T00:00:00")


def truncated(x, digits):
    return np.trunc(np.asarray(x, float) * 10.0**digits) / 10.0**digits


def mjd(stars):
    return (stars.seen.astype("datetime64[s]") - EPOCH) / np.timedelta64(1, "D") + 40587


# expression in ADQL: what numpy makes of the stars
EXPRESSIONS = {
    # arithmetic
    "mag": lambda s: s.mag,
    "mag + 1": lambda s: s.mag + 1,
    "mag - err * 2": lambda s: s.mag - s.err * 2,
    "(mag - err) * 2": lambda s: (s.mag - s.err) * 2,
    "-mag": lambda s: -s.mag,
    "- -mag": lambda s: s.mag,
    "+mag": lambda s: s.mag,
    "mag / 2": lambda s: s.mag / 2,
    "flags / 1000": lambda s: s.flags // 1000,
    "flags / 1000.0": lambda s: s.flags / 1000.0,
    "1.5": lambda s: np.full(len(s.id), 1.5),
    "1.5e3": lambda s: np.full(len(s.id), 1500.0),
    ".5": lambda s: np.full(len(s.id), 0.5),
    "2.": lambda s: np.full(len(s.id), 2.0),
    "0xFF": lambda s: np.full(len(s.id), 255),
    "flags + 0x10": lambda s: s.flags + 16,
    "12345678901": lambda s: np.full(len(s.id), 12345678901),
    "id + 1": lambda s: s.id + 1,
    "id - 1000000000000": lambda s: s.id - 10**12,
    "fid * fid": lambda s: s.fid**2,
    "err * 0.5 + ra": lambda s: s.err * 0.5 + s.ra,
    # bits
    "flags & 255": lambda s: s.flags & 255,
    "flags | 3": lambda s: s.flags | 3,
    "flags ^ 0xF0F": lambda s: s.flags ^ 0xF0F,
    "~flags": lambda s: ~s.flags,
    "~fid + night": lambda s: ~s.fid + s.night,
    "-~flags": lambda s: s.flags + 1,
    "flags & 3 + 1": lambda s: s.flags & 4,
    "~flags & 0xFF": lambda s: ~s.flags & 255,
    "night & 7 | 8": lambda s: s.night & 7 | 8,
    # mathematics
    "ABS(dec)": lambda s: np.abs(s.dec),
    "ABS(-flags)": lambda s: s.flags,
    "CEILING(err * 10)": lambda s: np.ceil(s.err * 10),
    "FLOOR(dec)": lambda s: np.floor(s.dec),
    "FLOOR(-flags)": lambda s: -s.flags,
    "DEGREES(err)": lambda s: np.degrees(s.err),
    "RADIANS(ra)": lambda s: np.radians(s.ra),
    "EXP(err)": lambda s: np.exp(s.err),
    "LOG(err)": lambda s: np.log(s.err),
    "LOG10(err)": lambda s: np.log10(s.err),
    "LOG10(100)": lambda s: np.full(len(s.id), 2.0),
    "MOD(flags, 7)": lambda s: s.flags % 7,
    "MOD(-flags, 7)": lambda s: np.fmod(-s.flags, 7),
    "MOD(err, 0.25)": lambda s: np.fmod(s.err, 0.25),
    "PI()": lambda s: np.full(len(s.id), math.pi),
    "POWER(err, 2)": lambda s: s.err**2,
    "POWER(2, fid)": lambda s: 2.0**s.fid,
    "POWER(flags, 0.5)": lambda s: s.flags**0.5,
    "ROUND(err)": lambda s: np.floor(s.err + 0.5),
    "ROUND(err * 100, -1)": lambda s: np.floor(s.err * 10 + 0.5) * 10,
    "SQRT(err)": lambda s: np.sqrt(s.err),
    "SQRT(2)": lambda s: np.full(len(s.id), math.sqrt(2)),
    "TRUNCATE(dec)": lambda s: np.trunc(s.dec),
    "TRUNCATE(err, 1)": lambda s: truncated(np.round(s.err, 6), 1),
    "SIGN(dec)": lambda s: np.sign(s.dec),
    "ACOS(err / 2)": lambda s: np.arccos(s.err / 2),
    "ASIN(err / 2)": lambda s: np.arcsin(s.err / 2),
    "ATAN(dec)": lambda s: np.arctan(s.dec),
    "ATAN2(err, dec)": lambda s: np.arctan2(s.err, s.dec),
    "COS(RADIANS(dec))": lambda s: np.cos(np.radians(s.dec)),
    "SIN(err)": lambda s: np.sin(s.err),
    "TAN(err / 4)": lambda s: np.tan(s.err / 4),
    "COT(err)": lambda s: 1 / np.tan(s.err),
    # text
    "name": lambda s: s.name,
    "LOWER(name)": lambda s: [None if n is None else n.lower() for n in s.name],
    "UPPER(name)": lambda s: [None if n is None else n.upper() for n in s.name],
    "name || '_x'": lambda s: [None if n is None else n + "_x" for n in s.name],
    "'a' || 'b' || name": lambda s: [None if n is None else "ab" + n for n in s.name],
    "'it''s'": lambda s: ["it's"] * len(s.id),
    "'\\ -- no comment'": lambda s: ["\\ -- no comment"] * len(s.id),
    # conditions and NULL
    "COALESCE(mag, 99)": lambda s: np.where(np.isnan(s.mag), 99, s.mag),
    "COALESCE(name, 'none')": lambda s: ["none" if n is None else n for n in s.name],
    "COALESCE(NULL, mag, 1)": lambda s: np.where(np.isnan(s.mag), 1, s.mag),
    "NULLIF(fid, 2)": lambda s: np.where(s.fid == 2, np.nan, s.fid),
    "CASE WHEN fid = 1 THEN 'g' WHEN fid = 2 THEN 'r' ELSE 'i' END": lambda s: [" gri"[f] for f in s.fid],
    "CASE fid WHEN 1 THEN 10 ELSE 20.5 END": lambda s: np.where(s.fid == 1, 10, 20.5),
    "CASE WHEN mag < 15 THEN 1 END": lambda s: np.where(s.mag < 15, 1.0, np.nan),
    "good": lambda s: s.good,
    "-NULL": lambda s: [None] * len(s.id),
    "NULL": lambda s: [None] * len(s.id),
    # casts and times
    "CAST(err AS REAL)": lambda s: s.err.astype(np.float32),
    "CAST(err * 10 AS INTEGER)": lambda s: np.rint(s.err * 10),
    "CAST(fid AS SMALLINT)": lambda s: s.fid,
    "CAST(fid AS BIGINT)": lambda s: s.fid,
    "CAST(fid AS DOUBLE PRECISION) / 2": lambda s: s.fid / 2,
    "CAST(fid AS VARCHAR)": lambda s: [str(f) for f in s.fid],
    "CAST(name AS VARCHAR(3))": lambda s: [None if n is None else n[:3] for n in s.name],
    "CAST(name AS CHAR(4))": lambda s: [None if n is None else n[:4] for n in s.name],
    "CAST('3' AS INTEGER) + fid": lambda s: s.fid + 3,
    "seen": lambda s: s.seen,
    "CAST('2020-02-29' AS TIMESTAMP)": lambda s: [datetime(2020, 2, 29)] * len(s.id),
    "GAVO_TO_MJD(seen)": mjd,
    "gavo_to_jd(seen)": lambda s: mjd(s) + 2400000.5,
    "GAVO_TO_MJD(TIMESTAMP('2000-01-01T12:00:00'))": lambda s: np.full(len(s.id), 51544.5),
    # units
    "IN_UNIT(ra, 'rad')": lambda s: np.radians(s.ra),
    "IN_UNIT(err, 'deg')": lambda s: s.err / 3600,
    "IN_UNIT(ra - dec, 'arcmin')": lambda s: (s.ra - s.dec) * 60,
    "ivo_specconv(500, 'nm', 'THz')": lambda s: np.full(len(s.id), 599.584916),
    "gavo_specconv(2.0, 'eV', 'J')": lambda s: np.full(len(s.id), (2 * units.eV).to_value("J")),
    # the IVOA's functions
    "ivo_nocasematch(name, 'ztf000%')": lambda s: [
        None if n is None else int(n.lower().startswith("ztf000")) for n in s.name
    ],
    "ivo_hasword('The quick brown foxes', 'fox')": lambda s: np.ones(len(s.id)),
    "ivo_hasword('The quick brown foxes', 'ox')": lambda s: np.zeros(len(s.id)),
    "ivo_hashlist_has('Radio#Optical', 'optical')": lambda s: np.ones(len(s.id)),
    "ivo_hashlist_has('Radio#Optical', 'opt')": lambda s: np.zeros(len(s.id)),
    "ivo_interval_overlaps(err, err + 1, 0.5, 0.7)": lambda s: (s.err <= 0.7) & (s.err + 1 >= 0.5),
    # geometry as values
    "COORD1(POINT(ra, dec))": lambda s: s.ra,
    "COORD2(POINT('ICRS', ra, dec))": lambda s: s.dec,
    "COORDSYS(POINT(ra, dec))": lambda s: ["ICRS"] * len(s.id),
    "AREA(POINT(ra, dec))": lambda s: np.zeros(len(s.id)),
    "AREA(CIRCLE(ra, dec, 1))": lambda s: np.full(
        len(s.id), 2 * math.pi * (1 - math.cos(math.radians(1))) * 3282.80635
    ),
    "AREA(CIRCLE(0, 0, 180))": lambda s: np.full(len(s.id), 41252.96125),
    "AREA(POLYGON(0, 0, 90, 0, 0, 90))": lambda s: np.full(len(s.id), 41252.96125 / 8),
    "AREA(BOX(ra, dec, 0.01, 0.02))": lambda s: np.full(len(s.id), 0.0002),
    "COORD1(CENTROID(CIRCLE(ra, dec, 1)))": lambda s: s.ra,
    "COORD2(CENTROID(BOX(10, 20, 2, 2)))": lambda s: np.full(len(s.id), 20.0),
    "COORD2(CENTROID(POLYGON(0, 80, 120, 80, 240, 80)))": lambda s: np.full(len(s.id), 90.0),
    "COORD2(ivo_healpix_center(0, 4))": lambda s: np.zeros(len(s.id)),
    "DISTANCE(ra, dec, ra, dec)": lambda s: np.zeros(len(s.id)),
    "DISTANCE(0, 90, ra, dec)": lambda s: 90 - s.dec,
    "q3c_dist(ra, dec, 0, -90)": lambda s: s.dec + 90,
    "CONTAINS(POINT(ra, dec), CIRCLE(0, 90, 30))": lambda s: s.dec >= 60,
    "INTERSECTS(CIRCLE(ra, dec, 10), CIRCLE(0, -90, 20))": lambda s: s.dec <= -60,
}


def as_floats(values) -> np.ndarray:
    return np.array([np.nan if v is None else float(v) for v in values])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_has_its_value_and_its_type(visitor, world, expression):
    rows, translation = visitor(f"SELECT {expression} AS v FROM sky.stars ORDER BY id")
    got, want = [row[0] for row in rows], list(EXPRESSIONS[expression](world.stars))
    known = next((value for value in got if value is not None), None)
    promised = field_of("", translation.columns[0].type).datatype
    if isinstance(known, bool | int | float):
        np.testing.assert_allclose(as_floats(got), as_floats(want), rtol=1e-6, atol=1e-9)
        expected = {bool: {"boolean"}, int: {"short", "int", "long"}, float: {"float", "double"}}[type(known)]
        assert promised in expected
    else:
        assert got == want


def test_random_numbers_have_their_distributions(visitor):
    rows, _ = visitor(
        "SELECT RAND() AS a, RAND(5) AS b, ivo_simple_random() AS c, ivo_normal_random(5, 2) AS d FROM sky.stars"
    )
    uniform, _, _, normal = np.array(rows, float).T
    assert 0 <= np.min(uniform) < 0.05 < 0.95 < np.max(uniform) < 1
    assert np.mean(normal) == pytest.approx(5, abs=0.3)
    assert np.std(normal) == pytest.approx(2, abs=0.2)
