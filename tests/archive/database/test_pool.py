"""Connections that serve one answer after another carry nothing from the one to the other."""

import pytest
from django.db import connections

from archive.access.reading import ANYONE, Reader, streaming
from archive.database import pool

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(autouse=True)
def none_waits():
    pool.close_all()
    yield
    pool.close_all()


def ask(connection, sql: str):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def process_of(connection) -> int:
    return connection.connection.get_backend_pid()


def test_the_next_answer_has_the_same_connection_with_its_own_rights_and_nothing_of_the_last():
    def bring(connection) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
            cursor.execute("CREATE TEMP TABLE x (y int)")

    with streaming(Reader(frozenset({2})), before=bring) as one:
        first = process_of(one)
        assert ask(one, "SELECT current_setting('ztf.programs')") == "{2}"
        one.cursor().execute("SET application_name = 'query of somebody'")
        one.cursor().execute("SET statement_timeout = '7s'")
    with streaming(ANYONE) as one:
        assert process_of(one) == first
        assert ask(one, "SELECT current_setting('ztf.programs')") == "{}"
        assert ask(one, "SELECT to_regclass('pg_temp.x')") is None
        assert ask(one, "SHOW statement_timeout") != "7s"
        assert ask(one, "SHOW application_name") != "query of somebody"
        assert ask(one, "SHOW timezone") == "UTC"
        assert ask(one, "SHOW transaction_read_only") == "on"


def test_outside_an_answer_a_waiting_connection_has_no_rights():
    with streaming(Reader(frozenset({2, 3}))):
        pass
    connection = pool.acquire()
    assert ask(connection, "SELECT coalesce(current_setting('ztf.programs', true), '')") == ""
    connection.close()


def test_what_was_broken_off_is_not_used_again():
    with pytest.raises(RuntimeError), streaming(ANYONE) as one:
        first = process_of(one)
        raise RuntimeError("the reader has gone")
    with streaming(ANYONE) as one:
        assert process_of(one) != first


def test_a_connection_that_the_database_ended_is_replaced():
    with streaming(ANYONE) as one:
        first = process_of(one)
    with connections["reader"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    with streaming(ANYONE) as one:
        assert process_of(one) != first and ask(one, "SELECT 1") == 1


def test_only_a_few_wait(monkeypatch):
    monkeypatch.setattr(pool, "MOST", 1)
    with streaming(ANYONE), streaming(ANYONE):
        pass
    assert len(pool._idle) == 1
