"""Bounds on what a query makes, before PostgreSQL computes it while it plans."""

import pytest

from archive.services.vo.adql import ADQLError, translate
from tests.archive.services.vo.adql.world import CATALOG

LONG = "'" + "x" * 10_000 + "'"
TABLE = "FROM sky.stars"
W = f"WITH w AS (SELECT {LONG} AS t)"


def chain(what: str, times: int, sign: str = " || ") -> str:
    return sign.join([what] * times)


def doubled(first: str, sign: str, levels: int = 22) -> str:
    """A query of WITH in which each names the one before twice."""
    queries = [f"q0 AS (SELECT {first} AS s {TABLE})"]
    queries += [f"q{n} AS (SELECT s {sign} s AS s FROM q{n - 1})" for n in range(1, levels)]
    return f"WITH {', '.join(queries)} SELECT COUNT(*) AS n FROM q{levels - 1} WHERE s = s"


ROWS = "FROM w, sky.stars"
T = chain("t", 101)
S = chain("s", 101)
T30 = chain("t", 30)
GATHERED = "IVO_STRING_AGG(name, ',')"
TOO_LONG = {
    "with in with": f"WITH a AS (SELECT {LONG} AS s), b AS (SELECT {chain('s', 20)} AS s FROM a), "
    f"c AS (SELECT {chain('s', 20)} AS s FROM b) SELECT 1 AS k FROM c WHERE s LIKE '%z'",
    "in FROM": f"SELECT 1 AS k FROM (SELECT {chain('s', 20)} AS s FROM (SELECT {chain('s', 20)} AS s FROM "
    f"(SELECT {LONG} AS s) AS a) AS b) AS c WHERE s = 'a'",
    "names of WITH": f"WITH a (t) AS (SELECT {LONG} AS s) SELECT {T} AS s FROM a",
    "literals": f"SELECT {chain('a.s', 15)} AS s FROM (SELECT {chain(LONG, 9)} AS s) AS a",
    "a condition": f"{W} SELECT id {ROWS} WHERE name = {T}",
    "ORDER BY": f"{W} SELECT id {ROWS} ORDER BY name || {T}",
    "GROUP BY": f"{W} SELECT COUNT(*) AS n {ROWS} GROUP BY name || {T}",
    "HAVING": f"{W} SELECT COUNT(*) AS n {ROWS} GROUP BY fid, t HAVING MIN(name) = {T}",
    "JOIN": f"{W} SELECT id FROM w JOIN sky.stars ON name = {T}",
    "CASE": f"{W} SELECT {chain('CASE WHEN id > 1 THEN t ELSE name END', 101)} AS s {ROWS}",
    "COALESCE": f"{W} SELECT {chain('COALESCE(name, t)', 101)} AS s {ROWS}",
    "UPPER": f"{W} SELECT {chain('UPPER(LOWER(t))', 101)} AS s {ROWS}",
    "NULLIF": f"{W} SELECT {chain('NULLIF(t, name)', 101)} AS s {ROWS}",
    "MAX": f"{W} SELECT {chain('MAX(t)', 101)} AS s {ROWS}",
    "brackets": f"{W} SELECT {chain('(t)', 101)} AS s {ROWS}",
    "VARCHAR": f"{W} SELECT {chain('CAST(t AS VARCHAR(10000))', 101)} AS s {ROWS}",
    "a value of a query": f"{W} SELECT {chain('(SELECT MAX(t || t || t || t || t) FROM w)', 21)} AS s",
    "a natural join": f"{W}, v AS (SELECT t FROM w) SELECT {T} AS s FROM w NATURAL JOIN v",
    "UNION": f"{W} SELECT {S} AS s FROM (SELECT name AS s {TABLE} UNION SELECT t AS s FROM w) AS a",
    "UNION from the left": f"{W} SELECT {S} AS s FROM (SELECT t AS s FROM w UNION SELECT name {TABLE}) AS a",
    "CHAR(n)": "SELECT CAST('a' AS CHAR(10000000)) AS s",
    "columns": f"SELECT {chain('name', 300)} AS s {TABLE}",
    "gathered": f"SELECT {chain('''IVO_STRING_AGG(name, ',')''', 5)} AS s {TABLE}",
}
TOO_MUCH = {
    "many chains": f"{W} SELECT {', '.join(f'{T30} AS s{n}' for n in range(9))} FROM w",
    "texts of many blanks": f"SELECT {', '.join(f'CAST(1 AS CHAR(999999)) AS s{n}' for n in range(20))}",
    "numbers doubled": doubled("id", "+"),
    "texts compared": f"{W}, v AS (SELECT {T30} AS t FROM w) SELECT 1 AS k FROM v WHERE {' OR '.join(['t = t'] * 4)}",
    "lists of words": f"{W} SELECT {', '.join(f'IVO_HASHLIST_HAS(t || t, name) AS h{n}' for n in range(99))} {ROWS}",
    "queries doubled": doubled(f"(SELECT MAX(id) {TABLE})", "+"),
}


@pytest.mark.parametrize("query", TOO_LONG.values(), ids=TOO_LONG)
def test_a_text_that_may_become_too_long_is_refused_with_its_bound(query):
    with pytest.raises(ADQLError, match=r"of \d{7,} characters may come of this.*at most 16?000000"):
        translate(query, CATALOG)


def test_the_bound_of_one_text_is_told_with_what_may_come():
    with pytest.raises(ADQLError, match="a text of 1010000 characters may come of this; at most 1000000"):
        ten = f"{W}, v AS (SELECT {chain('t', 10)} AS t FROM w)"
        translate(f"{ten} SELECT w.t || {chain('v.t', 10)} AS s FROM v, w", CATALOG)


@pytest.mark.parametrize("query", TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_query_that_makes_too_much_in_all_is_refused_with_its_bound(query):
    with pytest.raises(ADQLError, match="may come of this.*at most 1"):
        translate(query, CATALOG)


@pytest.mark.parametrize("number", ["1e131000", "1e-5000", "1e" + "9" * 30, "9" * 2000])
def test_a_number_of_more_digits_than_any_type_has_is_refused(number):
    with pytest.raises(ADQLError, match="more than 1000 digits"):
        translate(f"SELECT {number} AS n {TABLE}", CATALOG)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT {chain('name', 20)} AS s {TABLE}",
        f"SELECT {LONG} || {LONG} || name AS s {TABLE}",
        f"SELECT IVO_STRING_AGG(name || {LONG}, ',') || name AS s {TABLE}",
        f"SELECT id {TABLE} WHERE id IN ({', '.join(map(str, range(9000)))})",
        "SELECT CAST(id AS CHAR(9)) || CAST(ra AS VARCHAR(20)) AS s FROM sky.stars WHERE mag < 1e300",
        f"WITH a AS (SELECT {LONG} AS s) SELECT v AS t FROM (SELECT CAST(s AS VARCHAR(10)) AS v FROM a) AS b",
        doubled("mag", "+", 9),
    ],
)
def test_texts_and_numbers_as_people_write_them_pass(query):
    assert translate(query, CATALOG).sql
