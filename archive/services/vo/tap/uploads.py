"""Tables that come with a query (TAP_UPLOAD): read, and put into PostgreSQL as temporary tables of its connection.

No word of the asker reaches the database here: names are quoted, values are COPY's data. The temporary tables are made
in a transaction of their own, before the read-only one in which the query runs; they go with the connection.
"""

from __future__ import annotations

import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import DataError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2 import sql

from archive.database import copy
from archive.requests.safe_http import NotAllowedError, connected
from archive.sandbox.readers.uploads.copying import TYPES, position_of
from archive.services.vo import adql
from archive.tables.readers import GZIP, MOST_BYTES, UnreadableTableError, kind_of, read_in_child

SCHEMA = "tap_upload"
TEMPORARY = "pg_temp"
MOST_TABLES = 20  # of one query
FEW = 1000  # rows: smaller tables need no index
BLOCK = 1 << 16
_XML, _LINES = ("VOSI table", "VOTable"), (None, "ECSV table")
DECLARED: dict[str, tuple[str | None, ...]] = {
    "text/xml": _XML, "application/xml": _XML, "application/x-votable+xml": ("VOTable",),
    "text/csv": _LINES, "text/tab-separated-values": _LINES,
    "application/fits": ("FITS table",), "application/vnd.apache.parquet": ("Parquet file",),
}  # fmt: skip
"""The kinds of a table that a Content-Type may be said of (`archive.tables.readers.kind_of`)."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class BadUploadError(ValueError):
    """An upload that is not taken; the message names it and says why."""


class UploadColumn(adql.Column):
    """A column of an upload; `type` is PostgreSQL's, or char for text of plain characters."""

    @property
    def held(self) -> str:
        """The type of PostgreSQL's column."""
        return "text" if self.type == "char" else self.type


@dataclass(frozen=True)
class Upload:
    """A table that came with a query, its rows as COPY reads them."""

    name: str
    columns: tuple[UploadColumn, ...]
    rows: int
    text: bytes

    @property
    def position(self) -> tuple[str, str] | None:
        """The columns of right ascension and declination, by UCD or else by name."""
        return position_of([{"name": one.name, "type": one.type, "ucd": one.ucd} for one in self.columns])


def sources(text: str) -> dict[str, str]:
    """UPLOAD's table names and where each comes from.

    Raises
    ------
    BadUploadError
    """
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(";"))):
        name, comma, place = one.partition(",")
        name = name.strip()
        if not comma or not place.strip():
            raise BadUploadError(f"UPLOAD={one}: give name,uri, for example UPLOAD=mine,param:table1")
        if not _NAME.fullmatch(name):
            raise BadUploadError(f"UPLOAD={one}: {name!r} is no table name; use letters, digits and _, a letter first")
        if name.lower() in map(str.lower, found):
            raise BadUploadError(f"UPLOAD={text}: {name} is there twice")
        found[name] = place.strip()
    if len(found) > MOST_TABLES:
        raise BadUploadError(f"UPLOAD: {len(found)} tables; one query takes {MOST_TABLES} at most")
    return found


def content_of(name: str, place: str, parts: Mapping) -> bytes:
    """The bytes of an upload: a part of the request (`param:part`), or what an allowed host answers.

    Raises
    ------
    BadUploadError
    """
    if place.startswith("param:"):
        part = parts.get(place.removeprefix("param:"))
        if part is None:
            known = ", ".join(parts) or "none"
            raise BadUploadError(f"UPLOAD={name},{place}: the request has no such part; it has {known}")
        if part.size > settings.TAP_UPLOAD_BYTES:
            raise BadUploadError(_too_large(name))
        return part.read()
    try:
        return _fetched(name, place)
    except (NotAllowedError, OSError) as reason:
        raise BadUploadError(f"UPLOAD={name},{place}: {reason}") from reason


def check_declared(name: str, content: bytes, content_type: str) -> None:
    """Refuse a table that is not of the format that its sender says; formats that are not known say nothing.

    Raises
    ------
    BadUploadError
    """
    fit = DECLARED.get(content_type.lower())
    if fit is None or not content.strip() or content.startswith((GZIP, BOM_UTF16_LE, BOM_UTF16_BE)):
        return  # what it is shows when it is read
    kind = kind_of(content)
    if kind not in fit:
        found = f"a {kind}" if kind else "other text"
        raise BadUploadError(f"UPLOAD {name}: Content-Type={content_type}: the body is {found}; say what it is")


def upload_of(name: str, content: bytes) -> Upload:
    """A table as it goes into the database.

    Raises
    ------
    BadUploadError
    """
    try:
        found = read_in_child(content, "archive.sandbox.readers.uploads.copying:copied", settings.TAP_UPLOAD_ROWS)
    except UnreadableTableError as reason:
        raise BadUploadError(f"UPLOAD {name}: {reason}") from reason
    columns = tuple(UploadColumn(**column) for column in found["columns"])
    if unknown := {column.type for column in columns} - TYPES:  # types become SQL: a child's word is not enough
        raise BadUploadError(f"UPLOAD {name}: columns of type {min(unknown)!r} are not taken")
    return Upload(name, columns, found["rows"], found["text"])


def uploads_of(contents: Iterable[tuple[str, bytes]]) -> list[Upload]:
    """The tables of one query, by their names: as `upload_of`, and bounded together, since all are held at once.

    Raises
    ------
    BadUploadError
    """
    found: list[Upload] = []
    for name, content in contents:
        found.append(upload_of(name, content))
        if sum(len(one.text) for one in found) > MOST_BYTES:
            raise BadUploadError(f"UPLOAD {name}: with the others it takes more than {MOST_BYTES} bytes as text")
    return found


def put(connection: BaseDatabaseWrapper, uploads: Sequence[Upload]) -> None:
    """Make temporary tables of uploads on a connection, with an index of the sphere on large ones with positions."""
    if not uploads:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        for one in uploads:
            table = sql.Identifier(TEMPORARY, one.name)
            cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(sql.Identifier(one.name), declared(one)))
            try:
                fill(cursor, table, one)
            except DataError as error:
                raise BadUploadError(f"UPLOAD {one.name}: {str(error).splitlines()[0]}") from error
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")


def fill(cursor, table: sql.Composable, upload: Upload) -> None:
    """Copy an upload's rows into a table, and index what is large and has positions."""
    body = io.BytesIO(upload.text)
    copy.write_lines(cursor, table.as_string(cursor.connection), body)
    if upload.position and upload.rows > FEW:
        ra, dec = map(sql.Identifier, upload.position)
        cursor.execute(sql.SQL("CREATE INDEX ON {} (q3c_ang2ipix({}, {}))").format(table, ra, dec))
    cursor.execute(sql.SQL("ANALYZE {}").format(table))


def declared(upload: Upload) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.held)) for column in upload.columns
    )


def as_adql(upload: Upload, schema: str = SCHEMA, physical: tuple[str, str] | None = None) -> adql.Table:
    """An upload as the translator knows tables."""
    return adql.Table(schema, upload.name, upload.columns, upload.rows, physical or (TEMPORARY, upload.name))


def _fetched(name: str, address: str) -> bytes:
    hosts, private = settings.TAP_UPLOAD_HOSTS, settings.TAP_UPLOAD_PRIVATE
    with connected(address, hosts, private, settings.TAP_UPLOAD_SECONDS) as (connection, path):
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise NotAllowedError(f"the host answered with status {answer.status}; redirections are not followed")
        content = answer.read(settings.TAP_UPLOAD_BYTES + 1)
    if len(content) > settings.TAP_UPLOAD_BYTES:
        raise BadUploadError(_too_large(name))
    return content


def _too_large(name: str) -> str:
    return f"UPLOAD {name}: larger than the {settings.TAP_UPLOAD_BYTES} bytes that are taken"
