"""Rows of a queryset or a statement as Arrow batches, by PostgreSQL's COPY, with a reader's rights.

As archive.access.streams, for answers of many rows: no row becomes Python's objects.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain

import pyarrow as pa
from django.core.exceptions import EmptyResultSet
from django.db import models

from archive.access.reading import Reader, streaming
from archive.access.streams import LONGEST, QueryFailedError, Statement, explained, prepare
from archive.database import copy_stream
from archive.tables.fields import Field
from archive.tables.formats import arrow_batches
from archive.tables.formats.errors import ResultTooLargeError


class ArrowRows:
    """An iterator of record batches whose first batch is here already; `close` ends the query, frees the connection."""

    def __init__(self, batches: Generator[pa.RecordBatch]):
        first = next(batches, None)
        self._source = batches
        self._all: Iterator[pa.RecordBatch] = batches if first is None else chain([first], batches)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._all

    def close(self) -> None:
        self._source.close()


def arrow_stream(
    rows: models.QuerySet | Statement, fields: Sequence[Field], written: Sequence[str], reader: Reader, most: int
) -> ArrowRows:
    """The rows of a `values_list` queryset, or of a statement.

    Parameters
    ----------
    fields : the columns as they come out
    written : SQL of each, in which {} stands for the column as the rows have it; of the field's type, text for times
    most : bytes of all rows

    Raises
    ------
    QueryFailedError
    """
    return ArrowRows(_batches(rows, fields, written, reader, most))


def _batches(rows, fields, written, reader, most) -> Generator[pa.RecordBatch]:
    with ExitStack() as stack:
        stack.enter_context(_told())
        stack.enter_context(explained())
        connection = stack.enter_context(streaming(reader))
        with connection.cursor() as cursor:
            prepare(cursor)
        try:
            query = _literal(rows, written, connection)
        except EmptyResultSet:  # Django sees that no row can answer, and writes no SQL
            return
        copy = copy_stream.Copy(connection.connection, query, LONGEST)
        stack.callback(copy.close)
        yield from arrow_batches.batches(fields, iter(copy), most)


def _literal(rows: models.QuerySet | Statement, written: Sequence[str], connection) -> str:
    """The query with its values in it, as COPY takes it."""
    source = rows.query.get_compiler(connection=connection) if isinstance(rows, models.QuerySet) else None
    sql, parameters = source.as_sql() if source else rows.as_sql(connection)
    names = [f"c{n}" for n in range(len(written))]
    listed = ", ".join(text.format(name) for text, name in zip(written, names, strict=True))
    with connection.connection.cursor() as cursor:
        inner = cursor.mogrify(sql, parameters).decode()
    return f"SELECT {listed} FROM ({inner}) AS q ({', '.join(names)})"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except copy_stream.TooSlowError as error:
        raise QueryFailedError(f"the search took longer than {LONGEST} s: narrow it") from error
    except ResultTooLargeError as error:
        raise QueryFailedError(str(error)) from error
