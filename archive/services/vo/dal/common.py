"""Results of the data access layer's services (DALI 1.1): statements, formats, streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.access.reading import Reader
from archive.access.streams import QueryFailedError, Rows, stream
from archive.requests.stream_response import stream_response
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import Parameters, row_limit, single
from archive.services.protocol.refusals import errors_as_votable
from archive.services.vo import descriptors
from archive.services.vo.formats import FORMATS, format_named
from archive.tables.arrow import batch_of
from archive.tables.dictionary import Table
from archive.tables.fields import Field
from archive.tables.formats.votable import CONTENT_TYPE, write_votable
from archive.tables.moments import iso
from archive.tables.responses import field_of

DEFAULT_ROWS = 10_000


@dataclass(frozen=True)
class Statement:
    """SQL with its parameters, for archive.access.streams."""

    sql: str
    values: Sequence = ()

    def as_sql(self, connection) -> tuple[str, Sequence]:
        """The statement itself, whatever the connection."""
        return self.sql, self.values


def maxrec(parameters: Parameters, default: int = DEFAULT_ROWS) -> int:
    """The most rows to answer with.

    Raises
    ------
    BadRequestError
    """
    return row_limit(single(parameters, "MAXREC"), default)


def service(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that answers GET and POST from scripts and says what is wrong as DALI has it."""

    answered = errors_as_votable(QueryFailedError)(view)
    return csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(answered))  # changes nothing, and scripts send it


def fields_of(table: Table, times: frozenset[str] = frozenset()) -> list[Field]:
    """A table's columns as VOTable declares them, each with its name as identifier."""
    return [
        replace(
            field_of(column),
            utype=column.utype or None,
            xtype="timestamp" if column.name in times else column.xtype or None,
            id=column.name,
        )
        for column in table.columns
    ]


@dataclass(frozen=True)
class Result:
    """A question to the database and how its rows are described.

    resources : XML that stands behind the table in a VOTable (service descriptors)
    """

    statement: Statement
    fields: list[Field]
    maxrec: int
    description: str = ""
    resources: str = ""
    infos: Mapping[str, str] | None = None
    content_type: str = CONTENT_TYPE

    def answer(self, reader: Reader, form: str) -> HttpResponse:
        """The rows in the format that RESPONSEFORMAT names.

        Raises
        ------
        BadRequestError, QueryFailedError
        """
        written = format_named(form)
        if written is None:
            raise BadRequestError(f"RESPONSEFORMAT={form}: use one of {', '.join(one.names[1] for one in FORMATS)}")
        rows = self._rows(reader)
        batches = self._columns(rows)
        if written.suffix in ("vot", "xml"):
            kind = "BINARY2" if "binary2" in form.lower() or form.endswith("b2") else "TABLEDATA"
            pieces = write_votable(self.fields, batches, kind, self.maxrec, dict(self.infos or {}), self.description)
            pieces, content_type = descriptors.followed_by(pieces, self.resources), self.content_type
        else:
            whole = (batch_of(self.fields, columns) for columns in batches)
            pieces = written.write(tuple(self.fields), whole, self.maxrec)
            content_type = written.content_type
        close = rows.close if rows is not None else lambda: None
        return stream_response(pieces, close, content_type, {"Cache-Control": "no-store"})

    def _rows(self, reader: Reader) -> Rows | None:
        if not self.maxrec:
            return None
        limited = Statement(f"{self.statement.sql} LIMIT %s", [*self.statement.values, self.maxrec + 1])
        return stream([((), limited)], reader)

    def _columns(self, rows: Rows | None) -> Iterator[list[list]]:
        if rows is None:
            yield [[None] for _ in self.fields]  # the writer leaves this out and says that there are more
            return
        times = [n for n, field in enumerate(self.fields) if field.xtype == "timestamp"]
        for batch in rows:
            columns = [list(column) for column in zip(*batch, strict=True)]
            for n in times:
                columns[n] = [iso(value) for value in columns[n]]
            yield columns
