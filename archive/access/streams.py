"""Rows of a query while PostgreSQL still delivers them, with a reader's rights; memory does not grow with them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Protocol

import psycopg2
from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error as DatabaseError

from archive.access.reading import Reader, streaming

BATCH = 2000  # rows fetched at a time
LONGEST = 100  # s, for the first rows and between any two batches
PAGE_SECONDS = 30  # of a query of a page, which somebody looks at
CANCELLED = "57014"
BAD_VALUES = "22"
"""Class of SQLSTATE: a value in an expression that cannot be computed, such as a number out of range."""


class Statement(Protocol):
    """A query that can be streamed: SQL with its parameters, for a connection."""

    def as_sql(self, connection: BaseDatabaseWrapper) -> tuple[str, Sequence]: ...


class QueryFailedError(ValueError):
    """A query that the database does not finish; the message is for whoever asked it."""


class Rows:
    """An iterator of batches (lists of tuples) whose first batch is here already; `close` frees the connection."""

    def __init__(self, batches: Generator[list[tuple]]):
        first = next(batches, None)
        self._source = batches
        self._all: Iterator[list[tuple]] = batches if first is None else chain([first], batches)

    def __iter__(self) -> Iterator[list[tuple]]:
        return self._all

    def close(self) -> None:
        self._source.close()


def stream(queries: Iterable[tuple[tuple, models.QuerySet | Statement]], reader: Reader) -> Rows:
    """The rows of `values_list` querysets, or of statements, one after another.

    Each row stands behind its query's own first values.

    What fails at once fails here, before anything is written.

    Raises
    ------
    QueryFailedError
    """
    return Rows(_batches(queries, reader))


def _batches(queries: Iterable[tuple[tuple, models.QuerySet | Statement]], reader: Reader) -> Generator[list[tuple]]:
    with ExitStack() as stack:
        stack.enter_context(explained())
        connection = stack.enter_context(streaming(reader))
        with connection.cursor() as cursor:
            prepare(cursor)
        for first, rows in queries:
            source = rows.query.get_compiler(connection=connection) if isinstance(rows, models.QuerySet) else None
            try:
                sql, parameters = source.as_sql() if source else rows.as_sql(connection)
            except EmptyResultSet:  # Django sees that no row can answer, and writes no SQL
                continue
            with connection.connection.cursor(name="rows") as cursor:
                cursor.itersize = BATCH
                cursor.execute(sql, parameters)
                while batch := cursor.fetchmany(BATCH):
                    yield [first + row for row in batch] if first else batch


def prepare(cursor) -> None:
    """Set what a long read needs in its transaction."""
    # A cursor's plan is otherwise made for its first tenth only: it then reads in order of the key what an index on
    # the sphere would find at once.
    cursor.execute(
        "SET LOCAL statement_timeout = %s; SET LOCAL cursor_tuple_fraction = 1; SET LOCAL jit = off", [f"{LONGEST}s"]
    )


@contextmanager
def limited(alias: str, seconds: float = PAGE_SECONDS) -> Iterator[None]:
    """Within this block, which must be in a transaction, a query of a connection ends after some seconds.

    Raises
    ------
    QueryFailedError
    """
    with connections[alias].cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = %s", [f"{seconds}s"])
        try:
            yield
        except DatabaseError as error:
            if sqlstate_and_message(error)[0] != CANCELLED:
                raise
            transaction.set_rollback(True, using=alias)  # nothing more can be asked in it
            raise QueryFailedError(f"the search took longer than {seconds:g} s: narrow it") from error
        cursor.execute("SET LOCAL statement_timeout = 0")


TOO_MUCH = {
    "53400": "the query needs more temporary disk than one may use: narrow it, or sort and aggregate fewer rows",
    "53200": "the query needs more memory than one may use: narrow it",
    "54000": "the query is too complex: divide it",
    "54001": "the query is nested too deeply",
    "54011": "the query has too many columns: ask for fewer",
    "54023": "a function of the query has too many arguments",
}
"""SQLSTATE: what PostgreSQL refuses to spend on one query, in words for whoever asked it."""


def sqlstate_and_message(error: Exception) -> tuple[str, str]:
    """SQLSTATE and message of an error of the database, Django's or the driver's; empty where it has none."""
    cause = error if isinstance(error, psycopg2.Error) else error.__cause__
    message = getattr(getattr(cause, "diag", None), "message_primary", None)
    return getattr(cause, "pgcode", None) or "", message or str(error)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the database says about a read into QueryFailedError."""
    try:
        yield
    except (psycopg2.Error, DatabaseError) as error:
        state, message = sqlstate_and_message(error)
        if state == CANCELLED:
            raise QueryFailedError(f"the search took longer than {LONGEST} s: narrow it") from error
        if state in TOO_MUCH:
            raise QueryFailedError(TOO_MUCH[state]) from error
        if state.startswith(BAD_VALUES):
            raise QueryFailedError(f"a value cannot be computed: {message}") from error
        raise
