# ruff: noqa: E501 - tables of queries and texts read better on one line
"""ADQL to PostgreSQL: what is translated and how, and what is refused and why."""

import time

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.services.vo.adql import ADQLError, Catalog, Column, Table, translate


def columns(**types):
    units = {"ra": "deg", "dec": "deg", "mag": "mag"}
    return tuple(Column(name, kind, units.get(name), f"ucd.{name}") for name, kind in types.items())


CATALOG = Catalog(
    (
        Table(
            "ztf",
            "objects",
            columns(
                oid="bigint",
                ra="double precision",
                dec="double precision",
                mag="real",
                fid="smallint",
                name="text",
            )
            + (Column("Order", "integer"),),
            rows=10**8,
            physical=("lc", "lightcurves_object"),
        ),
        Table("ztf", "refs", columns(oid="bigint", ra="double precision", dec="double precision"), rows=10**5),
        Table("ztf", "flags", columns(oid="bigint", flag="integer"), rows=10**4),
        Table(
            "tap_upload",
            "mine",
            columns(label="text", ra="double precision", dec="double precision"),
            rows=100,
        ),
    )
)
CONE = "1=CONTAINS(POINT('ICRS',ra,dec),CIRCLE('ICRS',10,20,{}))"
X = "ztf.objects"

ACCEPTED = [
    (f"SELECT TOP 10 oid, ra FROM {X}", "LIMIT 10"),
    (f"SELECT oid FROM {X} WHERE " + CONE.format(0.5), "Q3C_JOIN(CAST(10 AS"),
    (f"SELECT oid FROM {X} WHERE " + CONE.format("1"), "Q3C_JOIN("),
    (f"SELECT oid FROM {X} WHERE " + CONE.format("1.01"), "Q3C_RADIAL_QUERY("),
    (f"SELECT oid FROM {X} WHERE " + CONE.format("1/3600"), "0.0002777777777777778"),
    (f"SELECT oid FROM {X} WHERE CONTAINS(POINT(ra,dec),CIRCLE(POINT(10,-20),0.5))=1 AND mag<20", "CAST(-20 AS"),
    (f"SELECT oid FROM {X} WHERE 0=CONTAINS(POINT(ra,dec),CIRCLE(10,20,30))", "NOT (Q3C_DIST("),
    (f"SELECT oid FROM {X} WHERE 1<>CONTAINS(POINT(ra,dec),CIRCLE(10,20,0.1))", "NOT (Q3C_DIST("),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),POLYGON(10,20,11,20,11,21))", "Q3C_IN_POLY("),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),POLYGON(POINT(1,2),POINT(2,2),POINT(2,3)))", "Q3C_IN_POLY("),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),BOX(0.2,20,1,2))", "359.66"),
    (f"SELECT oid FROM {X} WHERE 1=INTERSECTS(CIRCLE(10,20,0.1),POINT(ra,dec))", "Q3C_JOIN("),
    (f"SELECT oid FROM {X} WHERE DISTANCE(POINT(ra,dec),POINT(10,20)) < 0.5", "Q3C_JOIN("),
    (f"SELECT oid FROM {X} WHERE 0.5 >= DISTANCE(ra,dec,10,20)", "Q3C_JOIN("),
    (f"SELECT oid FROM {X} WHERE DISTANCE(ra,dec,10,20) > 0.5", "Q3C_DIST("),
    (f"SELECT oid, DISTANCE(ra,dec,10,20) AS d FROM {X} ORDER BY d", 'ORDER BY "d"'),
    (f"SELECT a.oid FROM {X} AS a JOIN ztf.flags AS b USING (oid)", '"a"."oid" = "b"."oid"'),
    (f"SELECT a.oid FROM {X} a LEFT OUTER JOIN ztf.flags b ON a.oid=b.oid", "LEFT OUTER JOIN"),
    (f"SELECT COUNT(*) AS n FROM {X} NATURAL JOIN ztf.flags", '"objects"."oid" = "flags"."oid"'),
    (f"SELECT oid FROM {X} CROSS JOIN tap_upload.mine", "CROSS JOIN"),
    (
        f"SELECT a.oid FROM ztf.refs a JOIN {X} b ON 1=CONTAINS(POINT(b.ra,b.dec),CIRCLE(a.ra,a.dec,1./3600))",
        'AS DOUBLE PRECISION)), "b"."ra", "b"."dec"',
    ),
    (
        f"SELECT a.oid FROM {X} a, tap_upload.mine m WHERE 1=CONTAINS(POINT(m.ra,m.dec),CIRCLE(a.ra,a.dec,0.001))",
        "AS DOUBLE PRECISION)), \"a\".\"ra\", \"a\".\"dec\"",
    ),
    (f"WITH b AS (SELECT oid, dec FROM {X} WHERE mag<14) SELECT COUNT(*) AS n FROM b WHERE dec>0", 'WITH "b" AS'),
    (f"SELECT q.n FROM (SELECT fid, COUNT(*) AS n FROM {X} GROUP BY fid) AS q", "GROUP BY"),
    (f"SELECT oid FROM ztf.refs r WHERE EXISTS (SELECT 1 FROM {X} o WHERE o.oid=r.oid)", "EXISTS"),
    (f"SELECT oid FROM ztf.refs WHERE oid IN (SELECT oid FROM {X} WHERE mag<21)", "IN (SELECT"),
    (f"SELECT fid, AVG(mag) AS m FROM {X} GROUP BY fid HAVING COUNT(*)>100 ORDER BY fid DESC", "HAVING COUNT(*)"),
    (f"SELECT COUNT(DISTINCT fid) AS k FROM {X}", "COUNT(DISTINCT"),
    (f"SELECT DISTINCT fid FROM {X}", "SELECT DISTINCT"),
    (f"SELECT oid FROM {X} UNION ALL SELECT oid FROM ztf.refs", "UNION ALL"),
    (f"SELECT oid FROM {X} EXCEPT SELECT oid FROM ztf.refs", "EXCEPT"),
    (f"SELECT oid FROM {X} INTERSECT SELECT oid FROM ztf.refs", "INTERSECT"),
    (f"SELECT TOP 10 oid FROM {X} UNION SELECT TOP 3 oid FROM ztf.refs", "LIMIT 10) UNION (SELECT"),
    (f"SELECT TOP 5 oid FROM {X} ORDER BY oid OFFSET 10", "LIMIT 5 OFFSET 10"),
    (f"SELECT UPPER(name) || '_x' AS u FROM {X} WHERE name LIKE 'ZTF%'", "LIKE 'ZTF%'"),
    (f"SELECT oid FROM {X} WHERE name ILIKE 'ztf1%'", "ILIKE"),
    (f"SELECT LOG(mag) AS a, LOG10(mag) AS b FROM {X}", "LN("),
    (f"SELECT POWER(mag,2) AS p, ATAN2(ra,dec) AS a, PI() AS pi, CEILING(mag) AS c FROM {X}", "PI()"),
    (f"SELECT ROUND(mag,2) AS r, TRUNCATE(mag) AS t, MOD(oid,3) AS m FROM {X}", "ROUND(CAST("),
    (f"SELECT RAND() AS x, RAND(5) AS y FROM {X}", "RANDOM()"),
    (f"SELECT CAST(mag AS INTEGER) AS i, CAST(oid AS VARCHAR(12)) AS v FROM {X}", "VARCHAR(12)"),
    (f"SELECT IN_UNIT(ra,'rad') AS r FROM {X}", "0.01745329251994"),
    (f"SELECT COALESCE(name,'none') AS n FROM {X}", "COALESCE("),
    (f"SELECT CASE WHEN fid=1 THEN 'g' ELSE 'r' END AS f FROM {X}", "CASE WHEN"),
    (f'SELECT s."Order" AS "My ""Order" FROM {X} AS s WHERE s."Order">3', '"My ""Order"'),
    ("select Top 3 OID -- comment */\n from ZTF.Objects where Mag between 15 and 16 and fid not in (1,2)", "BETWEEN 15"),
    (f"SELECT COORD1(POINT(ra,dec)) AS x, COORD2(POINT(ra,dec)) AS y FROM {X}", 'AS DOUBLE PRECISION) AS "y"'),
    (f"SELECT GAVO_TO_MJD('2020-01-01') AS mjd FROM {X}", "+ 40587)"),
    (f"SELECT IVO_STRING_AGG(name, ',') AS s FROM {X}", "STRING_AGG("),
    (f"SELECT 'it''s \\' AS x FROM {X}", "'it''s \\'"),
    (f"SELECT a.* FROM {X} AS a", '"a"."Order"'),
    (f"SELECT TOP 0 oid FROM {X}", "LIMIT 0"),
]  # fmt: skip

REFUSED = [
    (f"SELECT * FORM {X}", "FROM"),
    (f"SELECT oid FROM {X} WHERE (mag<3", "too early"),
    (f"SELECT oid, magg FROM {X}", "magg"),
    ("SELECT oid FROM ztf.objectz", "unknown table ztf.objectz"),
    ("DELETE FROM ztf.objects", "unexpected|SELECT"),
    (f"SELECT oid FROM {X}; DROP TABLE ztf.objects", "';'"),
    (f"SELECT oid FROM {X} LIMIT 10", "TOP"),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec))", "two geometries"),
    (f"SELECT pg_read_file('/etc/passwd') AS x FROM {X}", "unknown function pg_read_file"),
    (f"SELECT pg_sleep(9) AS x FROM {X}", "unknown function pg_sleep"),
    (f"SELECT set_config('ztf.programids','1',false) AS x FROM {X}", "unknown function set_config"),
    ("SELECT usename FROM pg_catalog.pg_user", "unknown table"),
    ("SELECT usename FROM pg_user", "unknown table"),
    (f"SELECT TOP -5 oid FROM {X}", "whole number"),
    (f"SELECT TOP 5.5 oid FROM {X}", "whole number"),
    (f"SELECT oid::text FROM {X}", "CAST"),
    (f"SELECT oid /* , pg_sleep(9) */ FROM {X}", "comments begin"),
    (f"SELECT oid INTO x FROM {X}", "unexpected"),
    (f"SELECT oid FROM {X} FOR UPDATE", "unexpected"),
    (f"SELECT DISTINCT ON (oid) oid FROM {X}", "DISTINCT"),
    ("WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n+1 FROM x) SELECT n FROM x", "expected AS"),
    (f"SELECT oid FROM {X}, LATERAL (SELECT 1) q", "not a table|part of"),
    ("SELECT g FROM generate_series(1,10) AS g", "not a table"),
    (f"SELECT CURRENT_USER FROM {X}", "unknown column CURRENT_USER"),
    (f"SELECT $$a$$ FROM {X}", r"\$\$|part of"),
    (f"SELECT E'a\\'' FROM {X}", "closing quote"),
    ("TABLE ztf.objects", "unexpected|SELECT"),
    ("VALUES (1)", "SELECT"),
    (f"SELECT objects FROM {X}", "part of ADQL|unknown"),
    (f"SELECT ctid FROM {X}", "ctid"),
    (f"SELECT CAST(name AS regclass) FROM {X}", "CAST to"),
    (f"SELECT COUNT(*) OVER () FROM {X}", "unexpected|part of"),
    (f"SELECT oid FROM {X} TABLESAMPLE SYSTEM (1)", "unexpected|part of"),
    (f"SELECT oid FROM {X} WHERE (oid,ra) IN (SELECT oid,ra FROM {X})", "Tuple"),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT('GALACTIC',ra,dec),CIRCLE('ICRS',1,2,3))", "GALACTIC"),
    (f"SELECT oid FROM {X} WHERE " + "(" * 3000 + "1=1" + ")" * 3000, "nested"),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),CIRCLE(10,20,-1))", "radius -1"),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),CIRCLE(10,95,1))", "latitude 95"),
    (f"SELECT oid FROM {X} WHERE 1=CONTAINS(POINT(ra,dec),POLYGON(0,0,120,0,240,0))", "hemisphere"),
    (f"SELECT oid FROM {X} WHERE 2=CONTAINS(POINT(ra,dec),CIRCLE(10,20,1))", "1 or 0"),
    (f"SELECT POINT(exit('bye'),2) AS p FROM {X}", "unknown function exit"),
    (f"SELECT q.x FROM (WITH pg_user AS (SELECT oid AS x FROM {X}) SELECT x FROM pg_user) AS q, pg_user", "pg_user"),
    (f"SELECT oid FROM {X} WHERE name = 'open", "closing quote"),
    (f"SELECT IN_UNIT(ra,'kg') AS r FROM {X}", "cannot convert"),
    (f"SELECT POWER(mag) AS r FROM {X}", "takes 2 arguments"),
    (f"SELECT oid FROM {X} WHERE oid = ?", r"'\?'"),
    (f"SELECT oid FROM {X} WHERE oid = :id", "':'"),
    ("", "SELECT|ends"),
    (f"SELECT oid FROM {X} WHERE name = '\x00'", "NUL"),
]  # fmt: skip


@pytest.mark.parametrize(("adql", "fragment"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_valid_queries_become_sql_that_postgres_grammar_reads(adql, fragment):
    translation = translate(adql, CATALOG, maxrec=1000)
    assert fragment in translation.sql
    trees = sqlglot.parse(translation.sql, dialect="postgres")
    assert len(trees) == 1
    assert "--" not in translation.sql
    assert [item.alias_or_name for item in trees[0].selects] == [column.name for column in translation.columns]


@pytest.mark.parametrize(("adql", "why"), REFUSED, ids=range(len(REFUSED)))
def test_everything_else_is_refused_with_the_reason(adql, why):
    with pytest.raises(ADQLError, match=why):
        translate(adql, CATALOG)


def test_physical_names_stand_in_the_sql_and_adql_names_remain_its_aliases():
    sql = translate(f"SELECT objects.oid FROM {X}", CATALOG).sql
    assert sql == 'SELECT "objects"."oid" AS "oid" FROM "lc"."lightcurves_object" AS "objects"'


def test_maxrec_asks_for_one_row_more_and_top_below_it_stands():
    assert translate(f"SELECT oid FROM {X}", CATALOG, maxrec=100).sql.endswith("LIMIT 101")
    assert translate(f"SELECT TOP 500 oid FROM {X}", CATALOG, maxrec=100).sql.endswith("LIMIT 101")
    small = translate(f"SELECT TOP 5 oid FROM {X}", CATALOG, maxrec=100)
    assert small.sql.endswith("LIMIT 5")
    assert small.limit == 5
    assert translate(f"SELECT oid FROM {X} UNION SELECT oid FROM ztf.refs", CATALOG, 9).sql.endswith("LIMIT 10")


def test_result_columns_keep_type_unit_and_ucd_through_with_and_sub_queries():
    adql = (
        f"WITH b AS (SELECT oid, mag AS m, ra FROM {X}) "
        "SELECT q.m, q.ra AS alpha, q.n, COUNT(*) AS k, AVG(q.m) AS a FROM (SELECT m, ra, oid+1 AS n FROM b) AS q"
    )
    got = translate(adql, CATALOG).columns
    assert [(c.name, c.type, c.unit, c.ucd) for c in got] == [
        ("m", "real", "mag", "ucd.mag"),
        ("alpha", "double precision", "deg", "ucd.ra"),
        ("n", "bigint", None, None),
        ("k", "bigint", None, "meta.number"),
        ("a", "double precision", "mag", "ucd.mag;stat.mean"),
    ]


def test_an_alias_used_in_two_scopes_does_not_mix_their_units():
    adql = (
        f"SELECT IN_UNIT(a.ra,'arcsec') AS r FROM {X} AS a WHERE EXISTS (SELECT 1 FROM ztf.flags AS a WHERE a.flag=1)"
    )
    assert "CAST(3600 AS" in translate(adql, CATALOG).sql


def test_errors_point_to_the_start_of_the_offending_word():
    for adql, place in (
        ("SELECT oid,\n  magg FROM ztf.objects", (2, 3)),
        ("SELECT oid FROM ztf.objects\nWHERE mag < 3; SELECT 1", (2, 14)),
        ("SELECT foo(1) AS x FROM ztf.objects", (1, 8)),
        ("SELECT oid FROM ztf.nothing", (1, 21)),
    ):
        with pytest.raises(ADQLError) as caught:
            translate(adql, CATALOG)
        assert (caught.value.line, caught.value.column) == place, adql


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(
    ["SELECT", "FROM", "WHERE", "oid", "ztf.objects", "(", ")", ",", "*", "'a'", '"b"', "1", "=", "CONTAINS", "POINT", "WITH",
     "AS", "x", "UNION", ";", "--", "/*", "TOP", "IN", "NOT", "CASE", "END", ".", "pg_user", "||", "\\", "\n"]
), max_size=25))  # fmt: skip
def test_any_heap_of_words_is_translated_or_refused_but_never_breaks(words):
    try:
        sql = translate(" ".join(words), CATALOG).sql
    except ADQLError:
        return
    assert "pg_user" not in sql.replace('"pg_user"', "").lower()


def test_a_query_takes_a_few_milliseconds():
    adql = f"SELECT oid, ra FROM {X} WHERE " + CONE.format(0.01)
    translate(adql, CATALOG)
    start = time.process_time()
    for _ in range(20):
        translate(adql, CATALOG)
    assert (time.process_time() - start) / 20 < 0.02


def test_rows_without_a_value_come_last_in_either_order():
    for order in ("ASC", "DESC"):
        sql = translate(f"SELECT oid FROM ztf.objects ORDER BY mag {order}", CATALOG).sql
        assert order == "ASC" or "DESC NULLS LAST" in sql
        assert "NULLS FIRST" not in sql
