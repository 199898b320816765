"""TAP's one verb: an ADQL query becomes a result that is written while PostgreSQL still delivers it.

Only the translated SELECT reaches the database, under the reader's rights, through a server-side cursor: memory does
not grow with the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

import psycopg2
from django.conf import settings
from django.db import connections, transaction
from django.db.utils import Error as DatabaseError

from archive.access import Reader, streaming
from archive.streams import CANCELLED, said_by_database
from archive.vo.adql import ADQLError, Translation, translate
from archive.vo.catalog_tables import adql_catalog
from archive.vo.fields import Field, field_of

BATCH = 5000  # rows fetched at a time
LONGEST = 60  # s, for the first rows and between any two batches
PREVIEW_SECONDS = 20
LANGUAGES = ("ADQL", "ADQL-2.0", "ADQL-2.1")
TELL_CLASSES = ("22", "42")
"""SQLSTATE classes whose message is the asker's business: bad values in an expression, types that do not fit."""
DENIED = "42501"


class BadRequest(ValueError):
    """A request that is not TAP, or a query that fails; the message is for the asker."""


@dataclass(frozen=True)
class Request:
    """A query, checked as far as the protocol goes."""

    query: str
    maxrec: int

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Request:
        """From a request's parameters, whose names are upper case.

        Raises
        ------
        BadRequest
            naming the parameter, its value and what would be right.
        """
        if parameters.get("REQUEST", "doQuery") != "doQuery":
            raise BadRequest(f"REQUEST={parameters['REQUEST']}: use REQUEST=doQuery")
        language = parameters.get("LANG", "ADQL")
        if language.upper() not in LANGUAGES:
            raise BadRequest(f"LANG={language}: use one of {', '.join(LANGUAGES)}")
        if "UPLOAD" in parameters:
            raise BadRequest("UPLOAD: this service takes no uploads")
        if not parameters.get("QUERY", "").strip():
            raise BadRequest("QUERY is missing: give one ADQL query, for example SELECT TOP 5 * FROM tap_schema.tables")
        return cls(parameters["QUERY"], _maxrec(parameters.get("MAXREC", "")))


@dataclass(frozen=True)
class Preview:
    """The first rows of a result; `overflow` says that there are more."""

    fields: tuple[Field, ...]
    rows: list[tuple]
    overflow: bool
    translation: Translation

    @property
    def cells(self) -> list[list[tuple[bool, object]]]:
        """Each row's values with whether they are numbers, for tables on pages; a null is empty."""
        numbers = [not field.is_text for field in self.fields]
        return [
            [(n, "" if value is None else value) for n, value in zip(numbers, row, strict=True)] for row in self.rows
        ]


def fields_of(translation: Translation) -> tuple[Field, ...]:
    """The columns of a result as VOTable declares them."""
    return tuple(field_of(one.name, one.type, one.unit, one.ucd, one.description) for one in translation.columns)


def stream(request: Request, reader: Reader) -> tuple[tuple[Field, ...], Iterator[list[list]]]:
    """The columns of a result and its rows, some thousand at a time, one row more than `maxrec` if there are more.

    The first rows are here when this returns, so that what fails at once fails before anything is written; the
    connection is closed when the iterator is used up or closed.

    Raises
    ------
    ADQLError, BadRequest
    """
    translation = translate(request.query, adql_catalog(), request.maxrec)
    batches = _batches(translation, reader)
    first = next(batches, None)
    return fields_of(translation), batches if first is None else _Kept(first, batches)


def preview(query: str, rows: int) -> Preview:
    """The first rows of a query's result, with the rights of the current request's reader.

    Raises
    ------
    ADQLError, BadRequest
    """
    translation = translate(query, adql_catalog(), rows)
    with _explained(PREVIEW_SECONDS), transaction.atomic(using="reader"), connections["reader"].cursor() as cursor:
        _prepare(cursor, translation, PREVIEW_SECONDS)
        cursor.execute(translation.sql)
        found = [tuple(map(plain, row)) for row in cursor.fetchall()]
    return Preview(fields_of(translation), found[:rows], len(found) > rows, translation)


def plain(value):
    """A value of the database as VOTable, CSV and JSON write it: times are ISO 8601 (UTC)."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value


def _maxrec(text: str) -> int:
    if not text:
        return settings.TAP_ROW_LIMIT
    if not text.isdigit():
        raise BadRequest(f"MAXREC={text}: give a number of rows that is not negative, for example MAXREC=1000")
    return min(int(text), settings.TAP_ROW_LIMIT)


class _Kept:
    """A batch that has been fetched already and those that follow; closing it closes their source."""

    def __init__(self, first: list[list], rest: Iterator[list[list]]):
        self._rest, self._all = rest, chain([first], rest)

    def __iter__(self):
        return self._all

    def close(self) -> None:
        self._rest.close()


def _batches(translation: Translation, reader: Reader) -> Iterator[list[list]]:
    times = [n for n, column in enumerate(translation.columns) if column.type.startswith(("timestamp", "date"))]
    with ExitStack() as stack:
        stack.enter_context(_explained(LONGEST))
        connection = stack.enter_context(streaming(reader))
        with connection.cursor() as cursor:
            _prepare(cursor, translation, LONGEST)
        rows = stack.enter_context(connection.connection.cursor(name="tap"))
        rows.itersize = BATCH
        rows.execute(translation.sql)
        while batch := rows.fetchmany(BATCH):
            columns = [list(column) for column in zip(*batch, strict=True)]
            for n in times:
                columns[n] = list(map(plain, columns[n]))
            yield columns


def _prepare(cursor, translation: Translation, seconds: int) -> None:
    cursor.execute("SET LOCAL statement_timeout = %s", [f"{seconds}s"])
    # A cursor's plan is otherwise made for its first tenth only.
    cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
    if "Q3C_" in translation.sql.upper():
        # The planner cannot guess how few rows lie in a cone; left to itself it may read the whole table instead.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL jit = off")


@contextmanager
def _explained(seconds: int) -> Iterator[None]:
    """Turn what the database says about a query into words for whoever asked it."""
    try:
        yield
    except (psycopg2.Error, DatabaseError) as error:
        state, message = said_by_database(error)
        if state == CANCELLED:
            raise BadRequest(f"the query took longer than {seconds} s: narrow it, or ask for fewer rows") from error
        if state.startswith(TELL_CLASSES) and state != DENIED:
            raise BadRequest(message) from error
        raise


__all__ = ["ADQLError", "BadRequest", "Preview", "Request", "fields_of", "plain", "preview", "stream"]
