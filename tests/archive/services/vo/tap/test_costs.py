"""What one query may cost: temporary disk, memory, time for planning, bytes of a cell and of a result."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections, transaction

from archive.access import streams
from archive.access.streams import QueryFailedError
from archive.services.vo.adql.grammar import whitelist
from archive.services.vo.tap import query as tap
from archive.tables.formats import spooled
from deploy.cluster import process_bytes
from deploy.machine import SetupError

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ALERTS = "ztf.ztf_alerts"
LONG = "'" + "x" * 900 + "'"


def ask(client, query: str, form: str = "csv", **more):
    answer = client.post("/tap/sync", {"LANG": "ADQL", "QUERY": query, "FORMAT": form, **more})
    return answer.status_code, answer.getvalue().decode("utf-8", "replace")


def test_the_reader_s_temporary_files_are_bounded_and_a_check_says_so():
    with connections["reader"].cursor() as cursor:
        cursor.execute("SHOW temp_file_limit")
        assert cursor.fetchone()[0] == "1GB"
    call_command("check", "--database", "default")


def test_a_query_that_fills_the_disk_is_refused_in_words(client, sky):
    query = f"SELECT DISTINCT a.candid, b.candid AS other, {LONG} AS s FROM {ALERTS} a, {ALERTS} b"
    status, text = ask(client, query)
    assert status == 400 and "temporary disk" in text


def test_an_array_of_texts_that_is_one_long_text_is_refused(client, sky, settings):
    settings.TAP_CELL_BYTES = 100_000
    query = f"SELECT IVO_STRING_AGG(objectid || {LONG}, ',') AS s FROM {ALERTS}"
    for form in ("csv", "votable", "fits", "parquet", "json", "ipac", "arrow", "votable/td", "tsv"):
        status, text = ask(client, query, form)
        assert status == 400 and "bytes; at most 100000" in text, (form, text[:300])
    with pytest.raises(tap.BadRequestError, match="at most 100000"):
        tap.preview(query, 10)


def test_texts_that_are_padded_to_the_longest_do_not_fill_memory(client, sky, settings):
    """One long text among many rows: FITS and IPAC tables pad all of them."""
    nested = "'" + "x" * 30_000 + "'"
    text = f"CASE WHEN candid = 1000000000000001 THEN {nested} ELSE 'y' END"
    query = f"SELECT candid, {text} AS s FROM {ALERTS} ORDER BY candid"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for form in ("fits", "ipac"):
        answer = client.post("/tap/sync", {"LANG": "ADQL", "QUERY": query, "FORMAT": form, "MAXREC": "10000"})
        assert answer.status_code == 200
        assert sum(map(len, answer.streaming_content)) > 10_000 * 30_000
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 50 * spooled.PIECE
    settings.TAP_RESULT_BYTES = 100 * 1024**2
    for form in ("fits", "ipac"):
        status, text = ask(client, query, form)
        assert status == 400 and "pads texts to the longest" in text
    status, text = ask(client, query, "csv", MAXREC="10")
    assert status == 200


def test_a_result_ends_where_its_bytes_do(client, sky, settings):
    settings.TAP_RESULT_BYTES = 200_000
    status, text = ask(client, f"SELECT candid, {LONG} AS s FROM {ALERTS}", "fits")
    assert status == 400 and "more than 200000 bytes" in text
    with pytest.raises(ValueError, match="more than 200000 bytes"):
        ask(client, f"SELECT candid, {LONG} AS s FROM {ALERTS}", "csv")


def exists(n: int, table: str) -> str:
    each = f"EXISTS (SELECT 1 FROM {table} AS x{{0}} WHERE x{{0}}.s_ra > a.ra)"
    return f"SELECT TOP 1 a.candid FROM {ALERTS} AS a WHERE " + " AND ".join(each.format(k) for k in range(n))


def test_a_query_of_too_many_tables_words_or_selects_is_refused_before_it_is_planned(client, sky):
    begun = time.monotonic()
    for query, words in (
        (exists(200, "ivoa.obscore"), "more than 24"),
        ("SELECT 1 AS a" + " UNION SELECT 1 AS a" * 100, "more than 24 SELECTs"),
        (f"SELECT candid FROM {ALERTS} WHERE candid IN ({','.join(['1'] * 40_000)})", "more than 20000 words"),
        (f"SELECT * FROM {', '.join(f'{ALERTS} AS a{n}' for n in range(50))}", "more than 24 tables"),
    ):
        status, text = ask(client, query)
        assert status == 400 and words in text, text[:300]
    assert time.monotonic() - begun < 60


def test_the_largest_query_that_is_taken_is_planned_within_bounds(client, sky):
    status, _ = ask(client, exists(whitelist.MOST_TABLES - 1, "ivoa.obscore"))
    assert status in (200, 408)


def test_a_text_that_would_be_joined_to_gigabytes_is_refused_before_it_is_planned(client, sky):
    twenty = " || ".join(["s"] * 20)
    query = f"WITH a AS (SELECT '{'x' * 10_000}' AS s), b AS (SELECT {twenty} AS s FROM a), "
    query += f"c AS (SELECT {twenty} AS s FROM b)"
    status, text = ask(client, f"{query} SELECT 1 AS k FROM c WHERE s LIKE '%z'")
    assert status == 400 and "characters may come of this" in text


def backend(cursor) -> int:
    """The process behind a connection; skips where it runs on another machine."""
    cursor.execute("SELECT pg_backend_pid()")
    number = cursor.fetchone()[0]
    if not Path(f"/proc/{number}/limits").exists():
        pytest.skip("PostgreSQL runs on another machine")
    return number


def test_a_process_of_the_database_has_a_bound_of_memory(sky):
    with connections["reader"].cursor() as cursor:
        limits = Path(f"/proc/{backend(cursor)}/limits").read_text().splitlines()
    words = next(line for line in limits if line.startswith("Max address space")).split()
    assert int(words[3]) == process_bytes()


def test_a_query_that_finds_no_memory_is_refused_in_words():
    with connections["reader"].cursor() as cursor, transaction.atomic("reader"):
        for explained, error in ((tap._explained(60), tap.BadRequestError), (streams.explained(), QueryFailedError)):
            with pytest.raises(error, match="more memory than one may use"), explained, transaction.atomic("reader"):
                cursor.execute("DO $$ BEGIN RAISE SQLSTATE '53200'; END $$")


@pytest.mark.parametrize("text", ["", "12", "-1", "3 GiB", "9" * 40])
def test_a_bound_of_memory_that_is_none_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv("POSTGRES_PROCESS_BYTES", text)
    with pytest.raises(SetupError, match=f"POSTGRES_PROCESS_BYTES={text[:40]}: must be a whole number"):
        process_bytes()


def test_planning_has_a_time_limit(client, sky, monkeypatch):
    monkeypatch.setattr(tap, "PLANNING_SECONDS", 0.001)
    status, text = ask(client, exists(20, "ivoa.obscore"))
    assert status == 408 and "took longer than 0.001 s" in text


def test_every_statement_of_a_query_runs_under_a_time_limit(client, sky, monkeypatch):
    """Nobody's query runs for ever, however slowly its rows are read."""
    seen = []
    real = tap.copy_stream.Copy.__init__

    def noted(self, connection, statement, patience):
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            seen.append(cursor.fetchone()[0])
        real(self, connection, statement, patience)

    monkeypatch.setattr(tap.copy_stream.Copy, "__init__", noted)
    assert ask(client, f"SELECT TOP 1 candid FROM {ALERTS}")[0] == 200
    assert seen == ["10min"]


def test_lists_of_some_thousand_numbers_are_still_taken(client, sky):
    numbers = ",".join(str(10**15 + n) for n in range(5000))
    status, text = ask(client, f"SELECT COUNT(*) AS n FROM {ALERTS} WHERE candid IN ({numbers})")
    assert status == 200 and int(text.split()[1]) > 3000
