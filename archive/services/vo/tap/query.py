"""TAP's one verb: an ADQL query becomes a result that is written while PostgreSQL still delivers it.

Only the translated SELECT reaches the database, under the reader's rights, by COPY: memory does not grow with the
result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain

import psycopg2
import pyarrow as pa
from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error as DatabaseError

from archive.access.reading import EVERYTHING, Reader, current_reader, streaming
from archive.access.streams import CANCELLED, TOO_MUCH, sqlstate_and_message
from archive.database import copy_stream
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import row_limit
from archive.services.vo.adql import ADQLError, Catalog, Column, Translation, translate
from archive.services.vo.schema import published
from archive.services.vo.tap import user_tables
from archive.services.vo.tap.uploads import Upload, as_adql, put
from archive.tables.fields import Delivered, Field, delivered, field_of
from archive.tables.formats.errors import UnwritableResultError
from archive.tables.moments import iso

LONGEST = 60  # s, for the first rows and between any two pieces
PLANNING_SECONDS = 15  # s, for the database to make out what a query is
PREVIEW_SECONDS = 20
LANGUAGES = ("ADQL", "ADQL-2.0", "ADQL-2.1")
TELL_CLASSES = ("22", "42")
"""SQLSTATE classes whose message is the asker's business: bad values in an expression, types that do not fit."""
DENIED = "42501"
TEXTS = ("text", "char")


class TooLongError(BadRequestError):
    """A query that takes longer than it may."""

    def __init__(self, seconds: float):
        super().__init__(f"the query took longer than {seconds:g} s: narrow it, or ask for fewer rows", 408)
        self.seconds = seconds


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
        BadRequestError
            naming the parameter, its value and what would be right.
        """
        if parameters.get("REQUEST", "doQuery") != "doQuery":
            raise BadRequestError(f"REQUEST={parameters['REQUEST']}: use REQUEST=doQuery")
        language = parameters.get("LANG", "ADQL")
        if language.upper() not in LANGUAGES:
            raise BadRequestError(f"LANG={language}: use one of {', '.join(LANGUAGES)}")
        if not parameters.get("QUERY", "").strip():
            raise BadRequestError(
                "QUERY is missing: give one ADQL query, for example SELECT TOP 5 * FROM tap_schema.tables"
            )
        return cls(parameters["QUERY"], row_limit(parameters.get("MAXREC", "")))


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
    return tuple(_field(one, one.type) for one in translation.columns)


class Result:
    """The columns of a result and its rows as Arrow batches, one row more than `maxrec` if there are more.

    The first rows are here when it is made, so that what fails at once fails before anything is written; `close`
    ends the query and frees its connection.
    """

    def __init__(self, source: Generator):
        self.fields: tuple[Field, ...] = next(source)
        first = next(source, None)
        self._source = source
        self.batches: Iterator[pa.RecordBatch] = source if first is None else chain([first], source)

    def close(self) -> None:
        self._source.close()


def run(
    request: Request,
    reader: Reader,
    uploads: Sequence[Upload] = (),
    seconds: float | None = None,
    label: str = "",
    on_start: Callable[[int], None] | None = None,
    on_tables: Callable[[set[str]], None] | None = None,
) -> Result:
    """Ask a query.

    Parameters
    ----------
    uploads : tables that the query may name as TAP_UPLOAD.name
    seconds : that the query may take as a whole; None: LONGEST for the first rows and between any two pieces, and
        TAP_SYNC_SECONDS with the time that the asker takes to read them
    label : what the connection is called in PostgreSQL
    on_start : is told the database's process before the query starts
    on_tables : is told the tables of PostgreSQL that the query reads

    Raises
    ------
    ADQLError, BadRequestError
    """
    translation = translate(request.query, catalog_for(reader, uploads), request.maxrec)
    return Result(_result(translation, reader, uploads, seconds, label, on_start, on_tables))


def check(request: Request, reader: Reader, uploads: Sequence[Upload] = ()) -> tuple[Field, ...]:
    """The columns that a query would have, as far as its text says.

    Raises
    ------
    ADQLError
    """
    return fields_of(translate(request.query, catalog_for(reader, uploads), request.maxrec))


def preview(query: str, rows: int) -> Preview:
    """The first rows of a query's result, with the rights of the current request's reader.

    Raises
    ------
    ADQLError, BadRequestError
    """
    translation = translate(query, catalog_for(current_reader() or EVERYTHING), rows)
    with _explained(PREVIEW_SECONDS), transaction.atomic(using="reader"), connections["reader"].cursor() as cursor:
        _prepare(cursor, translation, PREVIEW_SECONDS)
        source, names, kinds = _delivered(cursor, translation)
        shown = [_bounded(name, kind) if kind.name in TEXTS else name for name, kind in zip(names, kinds, strict=True)]
        cursor.execute(f"SELECT {', '.join(shown)} FROM {source}")
        found = [tuple(map(iso, row)) for row in cursor.fetchall()]
    return Preview(fields_of(translation), found[:rows], len(found) > rows, translation)


def catalog_for(reader: Reader, uploads: Sequence[Upload] = ()) -> Catalog:
    """The tables that a query of this reader may name."""
    more = (
        *map(published.as_adql, published.changing()),
        *map(user_tables.as_catalog, user_tables.open_to(reader)),
        *map(as_adql, uploads),
    )
    catalog = published.adql_catalog()
    return catalog.extended(more) if more else catalog


def _field(column: Column, kind: str) -> Field:
    return field_of(column.name, kind, column.unit, column.ucd, column.description, column.utype, column.xtype)


def _result(
    translation: Translation,
    reader: Reader,
    uploads: Sequence[Upload],
    seconds: float | None,
    label: str,
    on_start: Callable[[int], None] | None,
    on_tables: Callable[[set[str]], None] | None,
) -> Generator:
    """The fields, then batch after batch."""
    from archive.tables.formats import arrow_batches  # compiled, and the page of queries needs none of it

    with ExitStack() as stack:
        stack.enter_context(_explained(seconds or LONGEST))
        connection = stack.enter_context(streaming(reader, before=lambda one: put(one, uploads)))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL application_name = %s", [label or "query"])
            _prepare(cursor, translation, PLANNING_SECONDS)
        if on_start is not None:
            on_start(connection.connection.get_backend_pid())
        with _explained(PLANNING_SECONDS):
            fields, delivering = _statement(connection, translation)
            if on_tables is not None:
                on_tables(_relations(connection, translation))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [f"{seconds or settings.TAP_SYNC_SECONDS}s"])
        yield fields
        copy = copy_stream.Copy(connection.connection, delivering, LONGEST if seconds is None else None)
        stack.callback(copy.close)
        yield from arrow_batches.batches(fields, iter(copy), settings.TAP_RESULT_BYTES)


def _statement(connection: BaseDatabaseWrapper, translation: Translation) -> tuple[tuple[Field, ...], str]:
    """The columns with the types that the database gives them, and the SELECT that delivers them so."""
    with connection.connection.cursor() as cursor:
        source, names, kinds = _delivered(cursor, translation)
    fields = tuple(_field(one, kind.name) for one, kind in zip(translation.columns, kinds, strict=True))
    listed = ", ".join(_bounded(name, kind) for name, kind in zip(names, kinds, strict=True))
    return fields, f"SELECT {listed} FROM {source}"


def _delivered(cursor, translation: Translation) -> tuple[str, list[str], list[Delivered]]:
    """The query as a source of rows, what its columns are called there, and how each is delivered."""
    names = [f"c{n}" for n in range(len(translation.columns))]
    source = f"({translation.sql}) AS q ({', '.join(names)})"
    cursor.execute(f"SELECT * FROM {source} LIMIT 0")
    kinds = [
        delivered(found[1], one.type, straight=bool(one.description), xtype=one.xtype)
        for found, one in zip(cursor.description, translation.columns, strict=True)
    ]
    return source, names, kinds


def _bounded(name: str, kind: Delivered) -> str:
    """A column as COPY delivers it. A text that is too long ends the query where it is: here, all of it would come at
    once."""
    written = kind.written.format(name)
    if kind.name not in TEXTS:
        return written
    most = settings.TAP_CELL_BYTES
    return (
        f"CASE WHEN octet_length({written}) > {most} THEN archive_too_long(octet_length({written}), {most}) "
        f"ELSE {written} END"
    )


def _relations(connection: BaseDatabaseWrapper, translation: Translation) -> set[str]:
    """The tables that PostgreSQL reads for a query, views looked through."""
    with connection.connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {translation.sql}")
        return set(_named(cursor.fetchone()[0]))


def _named(plan) -> Iterator[str]:
    if isinstance(plan, dict):
        if "Relation Name" in plan:
            yield plan["Relation Name"]
        plan = list(plan.values())
    if isinstance(plan, list):
        for one in plan:
            yield from _named(one)


def _prepare(cursor, translation: Translation, seconds: float) -> None:
    cursor.execute("SET LOCAL statement_timeout = %s", [f"{seconds}s"])
    if "Q3C_" in translation.sql.upper():
        # The planner cannot guess how few rows lie in a cone; left to itself it may read the whole table instead.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL jit = off")


@contextmanager
def _explained(seconds: float) -> Iterator[None]:
    """Turn what the database says about a query into words for whoever asked it."""
    try:
        yield
    except copy_stream.TooSlowError as error:
        raise TooLongError(seconds) from error
    except UnwritableResultError as error:
        raise BadRequestError(str(error)) from error
    except (psycopg2.Error, DatabaseError) as error:
        state, message = sqlstate_and_message(error)
        if state == CANCELLED:
            raise TooLongError(seconds) from error
        if state in TOO_MUCH:
            raise BadRequestError(TOO_MUCH[state]) from error
        if state.startswith(TELL_CLASSES) and state != DENIED:
            raise BadRequestError(message) from error
        raise


__all__ = [
    "ADQLError",
    "BadRequestError",
    "Preview",
    "Request",
    "Result",
    "TooLongError",
    "catalog_for",
    "check",
    "fields_of",
    "preview",
    "run",
]
