"""Conditions on computed columns: an index answers them, and the rows are those that they would choose without it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from archive.access.reading import ANYONE, EVERYTHING, Reader, streaming
from archive.services.vo.adql import Catalog, translate
from archive.services.vo.obscore.identifiers import prefix
from archive.services.vo.schema.published import adql_catalog
from tests.archive.services.vo.dal.conftest import did

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
WHOLE = adql_catalog()
PLAIN = Catalog(
    tuple(
        replace(table, columns=tuple(replace(column, indexable=None) for column in table.columns))
        for table in WHOLE.tables
    )
)
PRODUCTS = "SELECT obs_publisher_did, t_min, t_max FROM ivoa.obscore WHERE "
CONDITIONS = [
    "t_min >= {t} - 0.1 AND t_min < {t} + 0.1",
    "{t} < t_min + 1 AND t_max > {t}",
    "t_min BETWEEN {t} - 1 AND {t}",
    "t_min BETWEEN {t} AND {t}",
    "t_min NOT BETWEEN {t} - 1 AND {t} + 1",
    "t_min = {t}",
    "t_max <= {t}",
    "t_max > {t}",
    "NOT (t_max > {t})",
    "NOT (t_min < {t} OR t_min > {t} + 3)",
    "t_min < 0",
    "t_min > 1e300",
    "t_min > gavo_to_mjd(TIMESTAMP('2020-09-24')) AND t_max < gavo_to_mjd('2020-09-25')",
    "(t_min > {t} - 1) IS NOT NULL",
    "t_min IS NULL OR t_min > {t}",
    "obs_publisher_did = '{sci}'",
    "'{ref}' = obs_publisher_did",
    "obs_publisher_did IN ('{sci}', '{ref}', '{alert}', 'ivo://elsewhere/x?sci/1', 'nothing')",
    "obs_publisher_did NOT IN ('{sci}', '{diff}')",
    "obs_publisher_did <> '{sci}'",
    "NOT obs_publisher_did = '{sci}'",
    "obs_publisher_did = 'nothing of ours'",
    "NOT obs_publisher_did = 'nothing of ours'",
    "obs_publisher_did = UPPER('{sci}')",
    "obs_publisher_did > '{sci}'",
]


def values(archive) -> dict[str, object]:
    names = ("sci", "ref", "diff", "alert")
    return {"t": archive.open.obsjd - 2400000.5} | {name: did(archive, name) for name in names}


def answered(query: str, catalog: Catalog, asker: Reader = EVERYTHING) -> list[tuple]:
    with streaming(asker) as reader, reader.cursor() as cursor:
        cursor.execute(translate(query, catalog).sql)
        return sorted(cursor.fetchall(), key=str)


def plan(query: str) -> str:
    with streaming(EVERYTHING) as reader, reader.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {translate(query, WHOLE).sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_rows_are_the_same_with_the_index_and_without(archive, condition):
    query = PRODUCTS + condition.format(**values(archive))
    assert answered(query, WHOLE) == answered(query, PLAIN)


def test_rows_that_an_outer_join_leaves_empty_stay_as_they_were(archive):
    there = did(archive)
    for condition in (f"o.obs_publisher_did = '{there}'", "o.obs_publisher_did = 'nothing'", "o.t_min < 0"):
        query = (
            "SELECT p.obs_publisher_did AS p, o.obs_publisher_did AS o "
            "FROM ivoa.obscore AS p LEFT JOIN ivoa.obscore AS o "
            f"ON o.obs_id = p.obs_id AND o.calib_level > p.calib_level WHERE NOT ({condition})"
        )
        assert answered(query, WHOLE) == answered(query, PLAIN)


GROUPED = [
    "SELECT t_min, COUNT(*) AS n FROM ivoa.obscore GROUP BY t_min HAVING t_min > {t} - 1",
    "SELECT CASE WHEN t_min > {t} THEN 'late' ELSE 'early' END AS w, COUNT(*) AS n FROM ivoa.obscore GROUP BY t_min",
    "SELECT t_min, COUNT(*) AS n FROM ivoa.obscore AS o GROUP BY t_min HAVING EXISTS "
    "(SELECT pid FROM ztf.ztf_current_meta_sci AS s WHERE o.t_min > {t} - 1)",
    "SELECT a.t_min FROM (ivoa.obscore AS a JOIN ivoa.obscore AS b ON a.obs_publisher_did = b.obs_publisher_did AND "
    "b.t_min > {t} - 1) WHERE a.t_max < {t} + 1",
    "SELECT COUNT(*) AS n FROM ivoa.obscore WHERE t_min > {t} - 1 ORDER BY COUNT(*)",
]


@pytest.mark.parametrize("query", GROUPED)
def test_conditions_on_groups_and_within_brackets_stay_as_they_are(archive, query):
    query = query.format(**values(archive))
    assert answered(query, WHOLE) == answered(query, PLAIN) != []


def test_what_is_closed_is_found_by_those_alone_who_may(archive):
    pid, begun = archive.closed.pid, archive.closed.obsjd - 2400000.5
    named = f"{PRODUCTS} obs_publisher_did = '{prefix('sci')}{pid}'"
    dated = f"{PRODUCTS} t_min BETWEEN {begun} - 1e-4 AND {begun} + 1e-4 AND obs_publisher_did LIKE '%{pid}'"
    for query in (named, dated):
        assert answered(query, WHOLE, ANYONE) == []
        assert len(answered(query, WHOLE)) >= 1


def test_an_identifier_is_found_by_its_number(archive):
    query = PRODUCTS + f"obs_publisher_did = '{did(archive)}'"
    assert len(answered(query, WHOLE)) == 1
    text = plan(query)
    assert "archive_scienceimage_pkey" in text
    assert "archive_alert" not in text  # no other family is looked at
    assert "archive_scienceimage" not in plan(PRODUCTS + "obs_publisher_did = 'nothing of ours'")


def test_a_span_of_time_is_found_by_the_julian_date(archive):
    text = plan(PRODUCTS + "t_min < 59000 AND t_max > 58999")
    assert "archive_sci_obsjd" in text and re.search(r"Index Cond: \(+\(?jd", text)
    dated = "SELECT pid FROM ztf.ztf_current_meta_sci WHERE obsdate BETWEEN '2020-09-24' AND '2020-09-25'"
    assert "archive_sci_obsjd" in plan(dated)
    assert answered(dated, WHOLE) == answered(dated, PLAIN) != []
