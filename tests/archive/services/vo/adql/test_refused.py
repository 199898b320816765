# ruff: noqa: E501 - tables of queries and texts read better on one line
"""Refusals of what is not ADQL or asks for what is not here: the reason, the place, and what would be right."""

import pytest

from archive.services.vo.adql import ADQLError, translate
from archive.services.vo.adql.grammar.diagnosis import what_fits
from archive.services.vo.adql.grammar.dialect import ADQLDialect, read_tokens
from tests.archive.services.vo.adql.test_conditions import CONDITIONS
from tests.archive.services.vo.adql.test_expressions import EXPRESSIONS
from tests.archive.services.vo.adql.test_queries import QUERIES
from tests.archive.services.vo.adql.world import CATALOG

POINT = "POINT(ra, dec)"
WHERE = "SELECT id FROM sky.stars WHERE "
# query: what the error says
REFUSED = {
    # the grammar
    "": "the query is empty",
    "   -- only a comment": "the query is empty",
    "SELECT": "expected",
    "SELECT id": "unknown column id",
    "SELECT * ": "without FROM",
    "SELECT id FROM": "a table",
    "SELECT FROM sky.stars": "unexpected 'FROM': expected a column.* column 8",
    "SELECT TOP 5 FROM sky.stars": "unexpected 'FROM'.* column 14",
    "SELECT id, FROM sky.stars": "expected",
    "SELECT id sky.stars": "FROM",
    "SELECT id FORM sky.stars": "did you mean FROM",
    "SELECT id FROM sky.stars WHERE": "expected",
    "SELECT id FROM sky.stars WHERE mag <": "expected",
    "SELECT id FROM sky.stars WHERE mag < 3 AND": "expected",
    "SELECT id FROM sky.stars WHERE (mag < 3": r"\)",
    "SELECT id FROM sky.stars WHERE mag < 3)": r"'\)'",
    "SELECT id FROM sky.stars GROUP mag": "BY",
    "SELECT id FROM sky.stars ORDER mag": "BY",
    "SELECT id FROM sky.stars LIMIT 10": "TOP",
    "SELECT TOP id FROM sky.stars": "whole number",
    "SELECT TOP -1 id FROM sky.stars": "whole number",
    "SELECT TOP 1.5 id FROM sky.stars": "whole number",
    "SELECT id FROM sky.stars OFFSET -1": "whole number",
    "SELECT id FROM sky.stars OFFSET mag": "whole number",
    "SELECT id FROM sky.stars WHERE mag BETWEEN 1": "AND",
    "SELECT id FROM sky.stars WHERE name = 'open": "closing quote",
    'SELECT "id FROM sky.stars': "closing quote",
    "SELECT id FROM sky.stars; SELECT 1": "one query at a time",
    "SELECT id; FROM sky.stars": "one query at a time",
    ";": "the query is empty",
    "SELECT TOP 1 2mass FROM sky.stars": "'2mass': a number runs into a name.* column 14",
    "SELECT 1.5e3x FROM sky.stars": "a number runs into a name",
    "SELECT id FROM sky.stars WHERE mag < 3AND id > 1": "a number runs into a name",
    "SELECT id FROM sky.stars WHERE mag < 0x1G": "a number runs into a name",
    "SELECT id /* no */ FROM sky.stars": "--",
    "SELECT id FROM sky.stars WHERE mag = :a": "':'",
    "SELECT id FROM sky.stars WHERE mag = ?": r"'\?'",
    "SELECT id % 2 FROM sky.stars": "MOD",
    "SELECT id::text FROM sky.stars": "CAST",
    "SELECT id[1] FROM sky.stars": r"'\['",
    "SELECT $$a$$ FROM sky.stars": r"\$",
    "SELECT id FROM sky.stars WHERE mag == 3": "expected",
    "SELECT id FROM sky.stars WHERE mag => 3": "expected",
    "SELECT CASE WHEN mag < 3 THEN 1 FROM sky.stars": "END",
    "SELECT CASE END FROM sky.stars": "expected",
    "SELECT CAST(mag) FROM sky.stars": "AS",
    "SELECT CAST(mag AS) FROM sky.stars": "type",
    "SELECT CAST(mag AS regclass) FROM sky.stars": "INTEGER",
    "SELECT CAST(mag AS JSON) FROM sky.stars": "INTEGER",
    "SELECT CAST(name AS CHAR((3))) FROM sky.stars": "whole number",
    "SELECT COUNT() FROM sky.stars": "COUNT",
    "SELECT id FROM sky.stars WHERE EXISTS mag": "expected",
    "SELECT id FROM sky.stars WHERE mag IS NOT NOT NULL": "expected NULL",
    "SELECT id FROM sky.stars WHERE good IS TRUE": "expected NULL",
    "SELECT ABS(DISTINCT mag) FROM sky.stars": "DISTINCT has no meaning",
    "SELECT ABS(*) FROM sky.stars": "STAR has no meaning",
    "SELECT ABS(mag AS m) FROM sky.stars": "ALIAS has no meaning",
    "SELECT . 0.1 FROM sky.stars": "not a number",
    "SELECT id FROM sky.stars WHERE 1 = q3c_poly_query(ra, dec, '{1,2,nan,4,5,6}')": "text of three or more pairs of degrees",
    "SELECT id FROM sky.stars WHERE 1 = q3c_poly_query(ra, dec, '{1,2,inf,4,5,6}')": "text of three or more pairs of degrees",
    "SELECT id FROM sky.stars WHERE 1 = q3c_poly_query(ra, dec, '{1,2,1_0,4,5,6}')": "text of three or more pairs of degrees",
    "SELECT id FROM sky.stars WHERE 1 = q3c_poly_query(ra, dec, '{1,2,３,4,5,6}')": "text of three or more pairs of degrees",
    "SELECT id FROM sky.stars WHERE 1 = q3c_poly_query(ra, dec, '{1,2,1e999,4,5,6}')": "text of three or more pairs of degrees",
    "SELECT id FROM sky.stars WHERE 1 = q3c_poly_query(ra, dec, '{1,2,x,3,4,5,6}')": "text of three or more pairs of degrees",
    "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE 20 nan 1'))": "is not a number of degrees",
    "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE 20 inf 1'))": "is not a number of degrees",
    "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE 1_0 20 1'))": "is not a number of degrees",
    "SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), REGION('CIRCLE ３ 20 1'))": "is not a number of degrees",
    # not SELECT
    "DELETE FROM sky.stars": "SELECT",
    "INSERT INTO sky.stars VALUES (1)": "SELECT",
    "UPDATE sky.stars SET mag = 1": "SELECT",
    "DROP TABLE sky.stars": "SELECT",
    "CREATE TABLE a AS SELECT id FROM sky.stars": "SELECT",
    "VALUES (1)": "SELECT",
    "TABLE sky.stars": "SELECT",
    "EXPLAIN SELECT id FROM sky.stars": "SELECT",
    "SET ztf.programs = '{1,2,3}'": "SELECT",
    "SELECT id INTO x FROM sky.stars": "INTO",
    "SELECT id FROM sky.stars FOR UPDATE": "FOR",
    # of SQL, but not of ADQL
    "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT n FROM x": "x|expected",
    "SELECT DISTINCT ON (id) id FROM sky.stars": "DISTINCT",
    "SELECT COUNT(*) OVER () FROM sky.stars": "OVER|unexpected",
    "SELECT id FROM sky.stars TABLESAMPLE SYSTEM (1)": "unexpected|part of",
    "SELECT id FROM sky.stars, LATERAL (SELECT 1 AS a) AS q": "LATERAL|part of|not a table|name",
    "SELECT g FROM generate_series(1, 10) AS g": "not a table",
    "SELECT id FROM sky.stars WHERE (id, fid) IN (SELECT id, fid FROM sky.stars)": "Tuple|part of",
    "SELECT ARRAY(SELECT id FROM sky.stars)": "unknown function|part of|expected",
    "SELECT id FROM sky.stars AS s (a, b)": "not part of ADQL",
    "SELECT CURRENT_USER FROM sky.stars": "unknown column CURRENT_USER",
    "SELECT ctid FROM sky.stars": "unknown column ctid",
    "SELECT stars FROM sky.stars": "unknown column stars",
    "SELECT public_date FROM sky.stars": "unknown column public_date",
    "SELECT ra1 FROM sky.images": "unknown column ra1",
    # names
    "SELECT idd FROM sky.stars": "did you mean id",
    "SELECT magg FROM sky.stars": "did you mean mag",
    'SELECT "ID" FROM sky.stars': "double quotes are exact",
    'SELECT "order" FROM sky.stars': 'written "Order"',
    "SELECT s.id FROM sky.stars": "s is not in FROM",
    "SELECT stars.id FROM sky.stars AS s": "stars is not in FROM",
    "SELECT id FROM sky.starz": "did you mean sky.stars",
    "SELECT id FROM skyy.stars": "did you mean sky.stars",
    "SELECT id FROM nothing": "unknown table nothing",
    "SELECT id FROM pg_catalog.pg_user": "unknown table pg_catalog.pg_user",
    "SELECT id FROM adql_test.stars": "unknown table adql_test.stars",
    "SELECT id FROM a.b.c": "schema.table",
    "SELECT fid FROM filters": "in several schemas",
    "SELECT fid FROM sky.filters, other.filters": "write other.filters.fid or sky.filters.fid",
    "SELECT fid FROM sky.filters AS a, sky.filters AS b": "a.fid or b.fid",
    "SELECT 1 AS a FROM sky.filters, sky.filters": "twice",
    "SELECT 1 AS a FROM sky.filters AS a, sky.stars AS a": "twice",
    "SELECT a FROM (SELECT fid AS a FROM sky.filters)": "needs a name",
    "SELECT q.b FROM (SELECT fid AS a FROM sky.filters) AS q": "unknown column b",
    "SELECT q.a FROM (SELECT fid AS a, fid AS a FROM sky.filters) AS q": "ambiguous",
    "SELECT q.x FROM (SELECT fid FROM sky.filters) AS q (x, y)": "2 names for 1 columns",
    "WITH b AS (SELECT fid FROM sky.filters), b AS (SELECT fid FROM other.filters) SELECT fid FROM b": "twice",
    "SELECT q.x FROM (WITH pg_user AS (SELECT fid AS x FROM sky.filters) SELECT x FROM pg_user) AS q, pg_user": "pg_user",
    "SELECT id AS a FROM sky.stars WHERE a > 3": "unknown column a",
    "SELECT a.* FROM sky.stars": "a is not in FROM",
    "SELECT COUNT(a.*) FROM sky.stars AS a": "star|part of",
    "SELECT id FROM sky.stars ORDER BY 2": "1 to 1",
    "SELECT id FROM sky.stars ORDER BY nothing": "unknown column nothing",
    "SELECT id FROM sky.stars GROUP BY 5": "1 to 1",
    # joins and sets
    "SELECT 1 AS a FROM sky.filters LEFT JOIN other.filters": "ON condition",
    "SELECT 1 AS a FROM sky.filters NATURAL JOIN other.filters USING (fid)": "neither|unexpected",
    "SELECT 1 AS a FROM sky.filters JOIN other.filters USING (nothing)": "unknown column nothing",
    "SELECT 1 AS a FROM sky.filters JOIN other.filters USING (code)": "unknown column code",
    "SELECT 1 AS a FROM sky.filters AS a, sky.filters AS b JOIN other.filters AS c ON a.fid = c.fid": "a is not in FROM",
    "SELECT 1 AS a FROM sky.filters AS a FULL JOIN other.filters AS b ON a.fid < b.fid": "values of both tables are equal",
    "SELECT 1 AS a FROM sky.filters AS a FULL JOIN other.filters AS b ON a.fid = 1": "values of both tables are equal",
    "SELECT fid FROM sky.filters UNION SELECT fid, label FROM sky.filters": "1 columns on the left, 2 on the right",
    "SELECT fid FROM sky.filters UNION SELECT fid FROM other.filters ORDER BY fid + 1": "names or numbers",
    "SELECT fid FROM sky.filters UNION SELECT fid FROM other.filters ORDER BY label": "names or numbers",
    # functions
    WHERE + "pg_sleep(9) = 1": "unknown function pg_sleep",
    "SELECT pg_read_file('/etc/passwd') AS a FROM sky.stars": "unknown function pg_read_file",
    "SELECT set_config('ztf.programs', '{2}', false) AS a FROM sky.stars": "unknown function set_config",
    "SELECT version()": "unknown function version",
    "SELECT public.ztf_area(1) FROM sky.stars": "part of|unknown",
    "SELECT ztf_contains(1, 2) FROM sky.stars": "unknown function ztf_contains",
    "SELECT SQRRT(mag) FROM sky.stars": "did you mean SQRT",
    "SELECT POWER(mag) FROM sky.stars": r"takes 2 arguments, 1 given: POWER\(x",
    "SELECT ROUND(mag, 1, 2) FROM sky.stars": "takes 1 or 2 arguments",
    "SELECT ivo_epoch_prop_pos(1, 2, 3, 4, 5, 6, 7) FROM sky.stars": "takes 6 or 8 arguments, 7 given",
    "SELECT PI(3) FROM sky.stars": "takes 0 arguments",
    "SELECT IN_UNIT(ra, 'kg') FROM sky.stars": "cannot convert 'deg' to 'kg'",
    "SELECT IN_UNIT(ra, 'parrot') FROM sky.stars": "'parrot' is not a unit",
    "SELECT IN_UNIT(fid, 'deg') FROM sky.stars": "has no unit",
    "SELECT IN_UNIT(ra) FROM sky.stars": "takes a value",
    "SELECT IN_UNIT(ra, dec) FROM sky.stars": "a unit such as 'rad'",
    "SELECT ivo_specconv(ra, 'nm') FROM sky.stars": "cannot convert",
    "SELECT ivo_specconv(500, 'nm') FROM sky.stars": "has no unit",
    "SELECT TIMESTAMP('yesterday') AS t FROM sky.stars": "YYYY-MM-DD",
    "SELECT TIMESTAMP() AS t FROM sky.stars": "takes one text",
    "SELECT eval('1') AS a FROM sky.stars": "unknown function eval",
    # geometry
    f"{WHERE} 1 = CONTAINS({POINT})": "two geometries, 1 given",
    f"{WHERE} 1 = CONTAINS({POINT}, 3)": "a geometry expected",
    f"{WHERE} 1 = CONTAINS(mag, {POINT})": "a geometry expected",
    f"{WHERE} 2 = CONTAINS({POINT}, CIRCLE(1, 2, 3))": "1 or 0",
    f"{WHERE} 1 = CONTAINS(CIRCLE(1, 2, 3), {POINT})": "swap the arguments",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE(1, 2))": "radius",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE(1, 2, -3))": "radius -3",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE(1, 2, 181))": "radius 181",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE(1, 2, 3, 4))": "too many",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE(1, 92, 3))": "latitude 92",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE('10h', 2, 3))": "coordinate system '10h'",
    f"{WHERE} 1 = CONTAINS({POINT}, CIRCLE('ICRS', '10h', 2, 3))": "must be a number of degrees",
    f"{WHERE} 1 = CONTAINS(POINT('GALACTIC', ra, dec), CIRCLE(1, 2, 3))": "'GALACTIC' is not supported",
    f"{WHERE} 1 = CONTAINS(POINT(ra), CIRCLE(1, 2, 3))": "longitude and latitude",
    f"{WHERE} 1 = CONTAINS(POINT(POINT(1, 2), 3), CIRCLE(1, 2, 3))": "POINT takes longitude",
    f"{WHERE} 1 = CONTAINS({POINT}, POLYGON(1, 2, 3, 4))": "at least three vertices",
    f"{WHERE} 1 = CONTAINS({POINT}, POLYGON(1, 2, 3, 4, 5))": "longitude and latitude",
    f"{WHERE} 1 = CONTAINS({POINT}, POLYGON(0, 0, 120, 0, 240, 0))": "hemisphere",
    f"{WHERE} 1 = CONTAINS({POINT}, POLYGON(0, -60, 90, -30, 180, 60))": "hemisphere",
    f"{WHERE} 1 = CONTAINS({POINT}, BOX(1, 2, 3))": "width and height",
    f"{WHERE} 1 = CONTAINS({POINT}, BOX(1, 2, 0, 3))": "width 0",
    f"{WHERE} 1 = CONTAINS({POINT}, BOX(1, 2, 3, 200))": "height 200",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('nonsense'))": "not a region",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('CIRCLE 1 2'))": "CIRCLE takes 3 numbers, 2 given",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('CIRCLE GALACTIC 1 2 3'))": "'GALACTIC' is not supported",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('CIRCLE ICRS 1 2 x'))": "'X' in",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('CIRCLE ICRS 1 2 nan'))": "'NAN' in",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('POLYGON 1 2 3 4'))": "three or more pairs",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION('UNION (CIRCLE 1 2 3)'))": "not a region",
    f"{WHERE} 1 = CONTAINS({POINT}, REGION(name))": "REGION takes a text",
    f"{WHERE} DISTANCE({POINT}) < 3": "two points or four numbers",
    f"{WHERE} DISTANCE({POINT}, CIRCLE(1, 2, 3)) < 3": "a POINT expected",
    "SELECT COORD1(CIRCLE(1, 2, 3)) FROM sky.stars": "a POINT expected",
    "SELECT AREA(3) FROM sky.stars": "a geometry expected",
    "SELECT CENTROID(ra, dec) FROM sky.stars": "takes one geometry",
    "SELECT COORDSYS('ICRS') FROM sky.stars": "a geometry expected",
    "SELECT POINT(exit('bye'), 2) AS p FROM sky.stars": "unknown function exit",
    f"{WHERE} q3c_join(ra, dec, 1, 2)": "takes 5 arguments",
    f"{WHERE} q3c_poly_query(ra, dec, 'x')": "three or more pairs",
    f"{WHERE} q3c_radial_query(ra, dec, 1, 2, 3) = 5": "1 or 0",
}


@pytest.mark.parametrize("adql", REFUSED)
def test_what_is_wrong_is_said(adql):
    with pytest.raises(ADQLError, match=REFUSED[adql]):
        translate(adql, CATALOG)


def test_nesting_has_an_end_that_is_said():
    for adql in (
        WHERE + "(" * 5000 + "1 = 1" + ")" * 5000,
        "SELECT " + "-" * 1 + " - " * 5000 + "1",
        WHERE + "NOT " * 9000 + "1=1",
    ):
        with pytest.raises(ADQLError, match="nested"):
            translate(adql, CATALOG)


def test_a_long_query_is_refused_and_a_rather_long_one_is_not():
    many = ", ".join(map(str, range(10000)))
    assert translate(f"{WHERE} fid IN ({many})", CATALOG).sql
    with pytest.raises(ADQLError, match="at most"):
        translate(f"{WHERE} fid IN ({many}, {many})", CATALOG)


def test_the_rules_of_what_may_follow_take_every_valid_query():
    valid = [
        *QUERIES,
        *(WHERE + one for one in CONDITIONS),
        *(f"SELECT {one} AS v FROM sky.stars" for one in EXPRESSIONS),
    ]
    assert [adql for adql in valid if what_fits(read_tokens(ADQLDialect(), adql)) is not None] == []


def test_an_error_points_to_the_word():
    for adql, place in {
        "SELECT id,\n  magg FROM sky.stars": (2, 3),
        "SELECT id FROM sky.stars\n WHERE mag <": (2, 12),
        "SELECT id FROM sky.stars\nWHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(1, 2, '3'))": (2, 49),
        "SELECT id, foo(1) FROM sky.stars": (1, 12),
        "SELECT id FROM sky.stars WHERE IN_UNIT(ra, 'kg') > 3": (1, 44),
        "SELECT id FROM sky.stars WHERE IN_UNIT(fid, 'deg') > 3": (1, 32),
        "SELECT id FROM sky.stars ORDER BY 7": (1, 35),
        "SELECT id FROM\nsky.starz": (2, 5),
    }.items():
        with pytest.raises(ADQLError) as caught:
            translate(adql, CATALOG)
        assert (caught.value.line, caught.value.column) == place, (adql, str(caught.value))
