"""A query's result while it is delivered: whole, ended early, refused, too slow; and its connection afterwards."""

import time

import pytest
from django.db import connection

from archive.database import copy_stream

pytestmark = pytest.mark.django_db
MANY = "SELECT n, repeat('x', 1000) FROM generate_series(1, 5000) AS n"  # several pieces


class Lingering(copy_stream.Copy):
    """One whose thread takes its time to end."""

    def _run(self):
        super()._run()
        time.sleep(0.2)


@pytest.fixture
def database():
    connection.ensure_connection()
    return connection.connection


def answers(database) -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1), 1")
        return cursor.fetchone()[1] == 1


@pytest.mark.parametrize("kind", [copy_stream.Copy, Lingering])
def test_after_the_whole_result_the_connection_answers_the_next_query(database, kind):
    rows = kind(database, MANY, patience=10)
    assert sum(map(len, rows)) > 5000 * 1000
    rows.close()
    assert answers(database)


def test_after_the_whole_result_nothing_is_cancelled(database):
    class Watched:
        cancelled = 0

        def __getattr__(self, name):
            return getattr(database, name)

        def cancel(self):
            self.cancelled += 1

    watched = Watched()
    rows = Lingering(watched, "SELECT 1", patience=10)
    list(rows)
    rows.close()
    assert watched.cancelled == 0


def test_closed_early_the_query_ends(database):
    rows = copy_stream.Copy(database, "SELECT n FROM generate_series(1, 100000000) AS n", patience=10)
    next(iter(rows))
    began = time.monotonic()
    rows.close()
    assert time.monotonic() - began < 5


def test_a_query_that_fails_says_so_where_its_rows_are_asked_for(database):
    with pytest.raises(Exception, match="division by zero"):
        list(copy_stream.Copy(database, "SELECT 1 / (n - 3) FROM generate_series(1, 5) AS n", patience=10))


def test_patience_ends_what_says_nothing(database):
    with pytest.raises(copy_stream.TooSlowError):
        list(copy_stream.Copy(database, "SELECT pg_sleep(20)", patience=0.2))
