# ruff: noqa: E501 - tables of queries and texts read better on one line
"""Each condition chooses the stars that numpy chooses."""

from datetime import datetime

import numpy as np
import pytest

from tests.archive.services.vo.adql import sphere
from tests.archive.services.vo.adql.world import CENTRE

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def text(s, test):
    return np.array([n is not None and test(n) for n in s.name])


CONDITIONS = {
    "mag < 15": lambda s: s.mag < 15,
    "15 > mag": lambda s: s.mag < 15,
    "mag <= 15.5": lambda s: s.mag <= np.float32(15.5),
    "fid = 2": lambda s: s.fid == 2,
    "fid <> 2": lambda s: s.fid != 2,
    "fid != 2": lambda s: s.fid != 2,
    "NOT fid = 2": lambda s: s.fid != 2,
    "NOT (fid = 2 OR fid = 3)": lambda s: s.fid == 1,
    "mag BETWEEN 14 AND 16": lambda s: (s.mag >= 14) & (s.mag <= 16),
    "mag NOT BETWEEN 14 AND 16": lambda s: (s.mag < 14) | (s.mag > 16),
    "fid IN (1, 3)": lambda s: s.fid != 2,
    "fid NOT IN (1, 3)": lambda s: s.fid == 2,
    "fid IN (1)": lambda s: s.fid == 1,
    "fid IN (SELECT f.fid FROM sky.filters AS f)": lambda s: s.fid <= 2,
    "fid NOT IN (SELECT f.fid FROM sky.filters AS f)": lambda s: s.fid == 3,
    "mag IS NULL": lambda s: np.isnan(s.mag),
    "mag IS NOT NULL": lambda s: ~np.isnan(s.mag),
    "mag < 15 AND fid = 1 OR fid = 3": lambda s: (s.mag < 15) & (s.fid == 1) | (s.fid == 3),
    "mag < 15 AND (fid = 1 OR fid = 3)": lambda s: (s.mag < 15) & (s.fid != 2),
    "name LIKE 'ZTF00%'": lambda s: text(s, lambda n: n.startswith("ZTF00")),
    "name LIKE 'ZTF0_00'": lambda s: text(s, lambda n: len(n) == 7 and n.startswith("ZTF0") and n.endswith("00")),
    "name NOT LIKE 'ZTF%'": lambda s: text(s, lambda n: not n.startswith("ZTF")),
    "name LIKE 'ztf00%'": lambda s: np.zeros(len(s.id), bool),
    "name ILIKE 'ztf00%'": lambda s: text(s, lambda n: n.startswith("ZTF00")),
    "name NOT ILIKE 'ztf%'": lambda s: text(s, lambda n: not n.startswith("ZTF")),
    "name = 'it''s'": lambda s: s.name == "it's",
    "name = 'Öland'": lambda s: s.name == "Öland",
    "name LIKE '%\"quoted\"%'": lambda s: text(s, lambda n: '"quoted"' in n),
    "UPPER(name) = 'UNDER_SCORE'": lambda s: s.name == "under_score",
    "good = 1": lambda s: s.good,
    "good = 0": lambda s: ~s.good,
    "good = TRUE": lambda s: s.good,
    "good <> 'f'": lambda s: s.good,
    "FALSE = good": lambda s: ~s.good,
    "seen < TIMESTAMP('2020-01-01')": lambda s: s.seen < datetime(2020, 1, 1),
    "seen >= TIMESTAMP('2020-01-01T06:00:00.5')": lambda s: s.seen > datetime(2020, 1, 1, 6),
    "seen BETWEEN TIMESTAMP('2019-01-01') AND TIMESTAMP('2020-01-01 00:00:00Z')": lambda s: (
        (s.seen >= datetime(2019, 1, 1)) & (s.seen <= datetime(2020, 1, 1))
    ),
    "seen > '2021-01-01'": lambda s: s.seen > datetime(2021, 1, 1),
    "flags & 1 = 1": lambda s: s.flags & 1 == 1,
    "flags & 0x3 <> 0": lambda s: s.flags & 3 != 0,
    "(flags | 1) = flags": lambda s: s.flags & 1 == 1,
    "flags ^ flags = 0": lambda s: s.fid > 0,
    '"Order" > 3': lambda s: s.order > 3,
    'stars."Order" = 0': lambda s: s.order == 0,
    "sky.stars.fid = 1": lambda s: s.fid == 1,
    "STARS.FID = 1": lambda s: s.fid == 1,
    "Sky.Stars.Mag < 15": lambda s: s.mag < 15,
    "MOD(flags, 2) = 0 AND NOT mag IS NULL": lambda s: (s.flags % 2 == 0) & ~np.isnan(s.mag),
    "EXISTS (SELECT 1 FROM sky.filters AS f WHERE f.fid = stars.fid)": lambda s: s.fid <= 2,
    "NOT EXISTS (SELECT f.fid FROM sky.filters AS f WHERE f.fid = sky.stars.fid)": lambda s: s.fid == 3,
    "mag < (SELECT AVG(b.mag) FROM sky.stars AS b)": lambda s: s.mag < np.nanmean(s.mag.astype(float)),
    "mag > (SELECT MIN(b.mag) FROM sky.stars AS b WHERE b.fid = stars.fid) + 5": lambda s: (
        s.mag > np.array([np.nanmin(s.mag[s.fid == f].astype(float)) for f in s.fid]) + 5
    ),
    "1 = 1": lambda s: s.fid > 0,
    "1 = 0": lambda s: s.fid < 0,
    "mag = NULL": lambda s: s.fid < 0,
    "CASE WHEN fid = 1 THEN mag ELSE 0 END > 15": lambda s: (s.fid == 1) & (s.mag > 15),
    "ivo_nocasematch(name, 'ZTF00%') = 1": lambda s: text(s, lambda n: n.startswith("ZTF00")),
    "1 = ivo_interval_overlaps(mag, mag + 1, 14, 15)": lambda s: (s.mag <= 15) & (s.mag + 1 >= 14),
    "IN_UNIT(err, 'mas') < 500": lambda s: s.err < 0.5,
    # regions given by every form
    "1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 150, 2, 1))": lambda s: s.within(*CENTRE, 1),
    "CONTAINS(POINT(ra, dec), CIRCLE(POINT(150, 2), 1)) = 1": lambda s: s.within(*CENTRE, 1),
    "CONTAINS(POINT('', ra, dec), CIRCLE('J2000', POINT('ICRS', 150, 2), 3600/3600)) = 1": lambda s: s.within(
        *CENTRE, 1
    ),
    "0 = CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1))": lambda s: ~s.within(*CENTRE, 1),
    "1 <> CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1))": lambda s: ~s.within(*CENTRE, 1),
    "NOT 1 = CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1))": lambda s: ~s.within(*CENTRE, 1),
    "NOT (0 = CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1)))": lambda s: s.within(*CENTRE, 1),
    "CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1)) > 0": lambda s: s.within(*CENTRE, 1),
    "1 = INTERSECTS(CIRCLE(150, 2, 1), POINT(ra, dec))": lambda s: s.within(*CENTRE, 1),
    "1 = INTERSECTS(CIRCLE(ra, dec, 0.4), CIRCLE(150, 2, 0.6))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(CIRCLE(ra, dec, 0.5), CIRCLE(150, 2, 1.5))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(150, 2), CIRCLE(ra, dec, 1))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(150, 2), CIRCLE(ra, dec, err))": lambda s: sphere.distance(s.ra, s.dec, *CENTRE) <= s.err,
    "DISTANCE(POINT(ra, dec), POINT(150, 2)) < 1": lambda s: s.within(*CENTRE, 1),
    "DISTANCE(ra, dec, 150, 2) <= 1": lambda s: s.within(*CENTRE, 1),
    "1 > DISTANCE(150, 2, ra, dec)": lambda s: s.within(*CENTRE, 1),
    "NOT DISTANCE(ra, dec, 150, 2) > 1": lambda s: s.within(*CENTRE, 1),
    "DISTANCE(ra, dec, 150, 2) > 1": lambda s: ~s.within(*CENTRE, 1),
    "DISTANCE(ra, dec, 150, 2) < err": lambda s: sphere.distance(s.ra, s.dec, *CENTRE) < s.err,
    "DISTANCE(ra, dec, ra, dec) <= 0": lambda s: s.fid > 0,
    "1 = CONTAINS(POINT(ra, dec), POINT(ra, dec))": lambda s: s.fid > 0,
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(ra, dec, 0))": lambda s: s.fid > 0,
    "1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE ICRS 150 2 1'))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(ra, dec), REGION('Circle ICRS GEOCENTER SPHERICAL2 150 2 1 unit deg'))": lambda s: s.within(
        *CENTRE, 1
    ),
    "1 = CONTAINS(POINT(ra, dec), REGION('circle 150 2. 1e0'))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(REGION('POSITION ICRS 150 2'), CIRCLE(ra, dec, 1))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(CENTROID(CIRCLE(150, 2, 9)), 1))": lambda s: s.within(*CENTRE, 1),
    "q3c_join(150, 2, ra, dec, 1)": lambda s: s.within(*CENTRE, 1),
    "q3c_radial_query(ra, dec, 150, 2, 1)": lambda s: s.within(*CENTRE, 1),
    "'t' = Q3C_RADIAL_QUERY(ra, dec, 150, 2, 1)": lambda s: s.within(*CENTRE, 1),
    "q3c_radial_query(ra, dec, 150, 2, 1) = 0": lambda s: ~s.within(*CENTRE, 1),
    "NOT q3c_join(ra, dec, 150, 2, 1)": lambda s: ~s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1)) AND fid = 1": lambda s: s.within(*CENTRE, 1) & (s.fid == 1),
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 1)) OR dec > 89": lambda s: s.within(*CENTRE, 1) | (s.dec > 89),
    "1 = CONTAINS(POINT(ra + 360, dec), CIRCLE(150, 2, 1))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(-210, 2, 1))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(510, 2, 1))": lambda s: s.within(*CENTRE, 1),
    "1 = CONTAINS(POINT(ra, dec), ivo_healpix_center(3, 4))": lambda s: s.fid < 0,
    "1 = CONTAINS(POINT(ra, dec), CIRCLE(ivo_apply_pm(149, 2, 0.5, 0, 2), 1))": lambda s: s.within(*CENTRE, 1),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_chooses_its_stars(visitor, world, condition):
    rows, _ = visitor(f"SELECT id FROM sky.stars WHERE {condition}")
    with np.errstate(invalid="ignore"):
        chosen = np.asarray(CONDITIONS[condition](world.stars), bool)
    assert sorted(row[0] for row in rows) == world.stars.id[chosen].tolist()


PLACES = [
    (0, 0),
    (0, 90),
    (77, -90),
    (359.9, 0.05),
    (0.1, 89.7),
    (150, 2),
    (180, 0),
    (45, 45),
    (210, -89.99),
    (300.5, -41.8),
]
RADII = [0.3, 1, 1.0001, 4, 25, 59.9, 60.1, 90, 135, 180]


@pytest.mark.parametrize("place", PLACES)
def test_cones_of_all_sizes_at_all_places_by_all_forms(visitor, world, place):
    stars, (ra, dec) = world.stars, place
    for radius in RADII:
        apart = sphere.distance(stars.ra, stars.dec, ra, dec)
        sure = np.abs(apart - radius) > 1e-8
        wanted = set(stars.id[(apart <= radius) & sure].tolist())
        unsure = set(stars.id[~sure].tolist())
        for form in (
            f"1 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, {radius}))",
            f"NOT 0 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, {radius}))",
            f"DISTANCE(ra, dec, {ra}, {dec}) <= {radius}",
            f"q3c_join({ra}, {dec}, ra, dec, {radius})",
        ):
            rows, _ = visitor(f"SELECT id FROM sky.stars WHERE {form}")
            assert {row[0] for row in rows} - unsure == wanted, form
