"""What the translator writes runs on PostgreSQL with Q3C, gives the types it promises, and the right rows."""

import math

import pytest
from django.db import connection

from archive.services.vo.adql import translate
from archive.tables.fields import field_of
from tests.archive.services.vo.adql.test_translation import ACCEPTED, CATALOG, X

pytestmark = pytest.mark.django_db
TABLES = """
    CREATE SCHEMA lc;
    CREATE SCHEMA IF NOT EXISTS ztf;
    CREATE SCHEMA tap_upload;
    CREATE TABLE lc.lightcurves_object (
        oid bigint, ra double precision, dec double precision, mag real, fid smallint, name text, "Order" integer);
    CREATE TABLE ztf.refs (oid bigint, ra double precision, dec double precision);
    CREATE TABLE ztf.flags (oid bigint, flag integer);
    CREATE TABLE tap_upload.mine (label text, ra double precision, dec double precision);
    INSERT INTO lc.lightcurves_object
        SELECT n, (10 + (n % 20 - 10) * 0.1 + 360)::numeric % 360, 20 + (n / 20 - 10) * 0.1, 12 + n % 10, 1 + n % 3,
               'ZTF' || n, n % 7
        FROM generate_series(0, 399) AS n;
    INSERT INTO ztf.refs SELECT oid, ra, dec FROM lc.lightcurves_object WHERE oid < 40;
    INSERT INTO ztf.flags SELECT oid, oid % 2 FROM lc.lightcurves_object WHERE oid < 10;
    INSERT INTO tap_upload.mine VALUES ('centre', 10, 20);
"""
PSYCOPG_OID = {
    16: "boolean",
    20: "bigint",
    21: "smallint",
    23: "integer",
    700: "real",
    701: "double precision",
    1700: "numeric",
    25: "text",
    1042: "char",
    1043: "varchar",
    1114: "timestamp",
    1022: "double precision[]",
    1021: "real[]",
}


@pytest.fixture
def run():
    """Runs ADQL; gives column names, VOTable types as PostgreSQL made them and as they were promised, and rows."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)

        def run(adql, maxrec=1000):
            translation = translate(adql, CATALOG, maxrec)
            cursor.execute(translation.sql)
            made = [field_of("", PSYCOPG_OID[column.type_code]).datatype for column in cursor.description]
            promised = [field_of("", column.type).datatype for column in translation.columns]
            return [column.name for column in cursor.description], made, promised, cursor.fetchall()

        yield run


WIDER = {"short": {"int", "long"}, "int": {"long"}, "float": {"double"}, "char": {"unicodeChar"}}


@pytest.mark.parametrize("adql", [adql for adql, _ in ACCEPTED], ids=range(len(ACCEPTED)))
def test_every_valid_query_runs_and_its_columns_are_of_the_promised_types(run, adql):
    names, made, promised, _ = run(adql)
    assert names == [column.name for column in translate(adql, CATALOG).columns]
    for name, real, said in zip(names, made, promised, strict=True):
        assert said == real or said in WIDER.get(real, ()), (name, real, said)


def distance(ra, dec, ra2=10.0, dec2=20.0):
    a, d, a2, d2 = map(math.radians, (ra, dec, ra2, dec2))
    return math.degrees(math.acos(min(1, math.sin(d) * math.sin(d2) + math.cos(d) * math.cos(d2) * math.cos(a - a2))))


@pytest.mark.parametrize("radius", [0.45, 0.999, 1.05])
@pytest.mark.parametrize(
    "condition",
    [
        "1=CONTAINS(POINT('ICRS',ra,dec),CIRCLE('ICRS',10,20,{}))",
        "DISTANCE(POINT(ra,dec),POINT(10,20)) < {}",
        "{} > DISTANCE(10,20,ra,dec)",
        "1=INTERSECTS(CIRCLE(10,20,{}),POINT(ra,dec))",
        "NOT 0=CONTAINS(POINT(ra,dec),CIRCLE(10,20,{}))",
    ],
)
def test_a_cone_holds_exactly_what_lies_within_its_radius(run, condition, radius):
    everything = run(f"SELECT oid, ra, dec FROM {X}")[3]
    inside = {oid for oid, ra, dec in everything if distance(ra, dec) < radius}
    assert len(inside) > 20
    found = run(f"SELECT oid FROM {X} WHERE " + condition.format(radius))[3]
    assert {oid for (oid,) in found} == inside


def test_a_crossmatch_gives_the_same_pairs_whichever_side_is_named_first(run):
    forms = (
        "1=CONTAINS(POINT(b.ra,b.dec),CIRCLE(a.ra,a.dec,0.15))",
        "1=CONTAINS(POINT(a.ra,a.dec),CIRCLE(b.ra,b.dec,0.15))",
        "DISTANCE(POINT(a.ra,a.dec),POINT(b.ra,b.dec)) < 0.15",
    )
    pairs = [set(run(f"SELECT a.oid, b.oid AS other FROM ztf.refs a, {X} b WHERE {form}", 10**5)[3]) for form in forms]
    assert len(pairs[0]) > 40
    assert pairs[0] == pairs[1] == pairs[2]


def test_regions_in_a_polygon_and_a_box(run):
    square = run(
        f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),POLYGON(9.95,19.95,10.35,19.95,10.35,20.25,9.95,20.25))"
    )
    box = run(f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),BOX(10.15,20.1,0.4,0.3))")
    assert len(square[3]) == 4 * 3
    assert set(square[3]) == set(box[3])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("LOG(mag)", math.log(15)),
        ("LOG10(mag)", math.log10(15)),
        ("POWER(mag, 2)", 225),
        ("ROUND(mag / 7, 2)", 2.14),
        ("TRUNCATE(mag / 7, 1)", 2.1),
        ("TRUNCATE(-mag / 7)", -2),
        ("MOD(oid, 2)", 1),
        ("CEILING(mag / 7)", 3),
        ("IN_UNIT(dec, 'rad')", math.radians(19.0)),
        ("GAVO_TO_MJD('2020-01-01T12:00:00')", 58849.5),
        ("ATAN2(1, 1)", math.pi / 4),
        ("1/2.0", 0.5),
        ("COORD2(POINT(ra, dec))", 19.0),
        ("CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 5))", 1),
        ("CASE WHEN fid = 1 THEN 10 ELSE 20 END", 10),
    ],
)
def test_functions_mean_what_adql_says(run, expression, value):
    ((got,),) = run(f"SELECT {expression} AS v FROM {X} WHERE oid = 3")[3]
    assert float(got) == pytest.approx(value)
