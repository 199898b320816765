"""Tables that come with a query (TAP_UPLOAD): read, and put into PostgreSQL as temporary tables of its connection.

No word of the asker reaches the database here: names are quoted, values are COPY's data. The temporary tables are made
in a transaction of their own, before the read-only one in which the query runs; they go with the connection.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import Column, Table
from django.conf import settings
from django.db import DataError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg2 import sql

from archive.outbound import NotAllowed, connected
from archive.uploads import UnreadableTable, read_table
from archive.vo import adql

SCHEMA = "tap_upload"
TEMPORARY = "pg_temp"
FEW = 1000  # rows: smaller tables need no index
BLOCK = 1 << 16
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SIZED = {
    "b1": "boolean", "u1": "smallint", "i1": "smallint", "i2": "smallint", "u2": "integer", "i4": "integer",
    "u4": "bigint", "i8": "bigint", "u8": "numeric", "f2": "real", "f4": "real", "f8": "double precision",
}  # fmt: skip
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


class BadUpload(ValueError):
    """An upload that is not taken; the message names it and says why."""


class UploadColumn(adql.Column):
    """A column of an upload; `type` is PostgreSQL's, or char for text of plain characters."""

    @property
    def held(self) -> str:
        """What PostgreSQL's column is."""
        return "text" if self.type == "char" else self.type


@dataclass(frozen=True)
class Upload:
    """A table that came with a query, its rows as COPY reads them."""

    name: str
    columns: tuple[UploadColumn, ...]
    rows: int
    text: str

    @property
    def position(self) -> tuple[str, str] | None:
        """The columns of right ascension and declination, by UCD or else by name."""
        found = [_named_as(self.columns, *one) for one in (("pos.eq.ra", "ra"), ("pos.eq.dec", "dec"))]
        return (found[0], found[1]) if all(found) else None


def sources(text: str) -> dict[str, str]:
    """UPLOAD's table names (lower case) and where each comes from.

    Raises
    ------
    BadUpload
    """
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(";"))):
        name, comma, place = one.partition(",")
        name = name.strip().lower()
        if not comma or not place.strip():
            raise BadUpload(f"UPLOAD={one}: give name,uri, for example UPLOAD=mine,param:table1")
        if not _NAME.fullmatch(name):
            raise BadUpload(f"UPLOAD={one}: {name!r} is no table name; use letters, digits and _, a letter first")
        if name in found:
            raise BadUpload(f"UPLOAD={text}: {name} is there twice")
        found[name] = place.strip()
    return found


def content_of(name: str, place: str, parts: Mapping) -> bytes:
    """The bytes of an upload: a part of the request (`param:part`), or what an allowed host answers.

    Raises
    ------
    BadUpload
    """
    if place.startswith("param:"):
        part = parts.get(place.removeprefix("param:"))
        if part is None:
            known = ", ".join(parts) or "none"
            raise BadUpload(f"UPLOAD={name},{place}: the request has no such part; it has {known}")
        if part.size > settings.TAP_UPLOAD_BYTES:
            raise BadUpload(_too_large(name))
        return part.read()
    try:
        return _fetched(name, place)
    except (NotAllowed, OSError) as reason:
        raise BadUpload(f"UPLOAD={name},{place}: {reason}") from reason


def upload_of(name: str, content: bytes) -> Upload:
    """A table as it goes into the database.

    Raises
    ------
    BadUpload
    """
    try:
        table = read_table(content)
    except UnreadableTable as reason:
        raise BadUpload(f"UPLOAD {name}: {reason}") from reason
    if len(table) > settings.TAP_UPLOAD_ROWS:
        raise BadUpload(f"UPLOAD {name}: {len(table)} rows; at most {settings.TAP_UPLOAD_ROWS} are taken")
    return upload_of_table(name, table)


def upload_of_table(name: str, table: Table) -> Upload:
    """A table in memory as it goes into the database.

    Raises
    ------
    BadUpload
    """
    names = [column.lower() for column in table.colnames]
    twice = {one for one in names if names.count(one) > 1}
    if twice:
        raise BadUpload(f"UPLOAD {name}: columns {sorted(twice)} are there twice (names are not told apart by case)")
    columns = tuple(_column(table[old], new) for old, new in zip(table.colnames, names, strict=True))
    made = Upload(name, columns, len(table), "")
    written = [
        _written(table[old], one.type, made.position is not None and one.name in made.position)
        for old, one in zip(table.colnames, columns, strict=True)
    ]
    text = "".join(map("{}\n".format, map("\t".join, zip(*written, strict=True))))
    return Upload(name, columns, len(table), text)


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
                raise BadUpload(f"UPLOAD {one.name}: {str(error).splitlines()[0]}") from error
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")


def fill(cursor, table: sql.Composable, upload: Upload) -> None:
    """Copy an upload's rows into a table, and index what is large and has positions."""
    body = io.StringIO(upload.text)
    cursor.copy_expert(sql.SQL("COPY {} FROM STDIN").format(table).as_string(cursor.connection), body)
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
            raise NotAllowed(f"the host answered with status {answer.status}; redirections are not followed")
        content = answer.read(settings.TAP_UPLOAD_BYTES + 1)
    if len(content) > settings.TAP_UPLOAD_BYTES:
        raise BadUpload(_too_large(name))
    return content


def _too_large(name: str) -> str:
    return f"UPLOAD {name}: larger than the {settings.TAP_UPLOAD_BYTES} bytes that are taken"


def _named_as(columns: Sequence[UploadColumn], ucd: str, name: str) -> str | None:
    numbers = [one for one in columns if one.type in ("real", "double precision")]
    main = [one.name for one in numbers if (one.ucd or "").lower() == f"{ucd};meta.main"]
    some = [one.name for one in numbers if (one.ucd or "").lower().startswith(ucd)]
    return next(iter([*main, *some, *(one.name for one in numbers if one.name == name)]), None)


def _column(column: Column, name: str) -> UploadColumn:
    meta = column.meta or {}
    unit = str(column.unit) if column.unit is not None else None
    more = (meta.get("ucd"), column.description or None, meta.get("utype"), meta.get("xtype"))
    return UploadColumn(name, _type(column), unit or None, *more)


def _type(column: Column) -> str:
    kind = _SIZED.get(f"{column.dtype.kind}{column.dtype.itemsize}", "text")
    if column.dtype.kind == "O" and any(isinstance(one, np.ndarray) and one.dtype.kind in "biuf" for one in column):
        return "double precision[]"
    if column.ndim > 1:
        return "double precision[]" if column.dtype.kind in "biuf" else "text"
    if kind == "text" and (column.meta or {}).get("xtype") == "timestamp":
        return "timestamp"
    return "char" if kind == "text" and all(_text(one).isascii() for one in column) else kind


def _written(column: Column, kind: str, position: bool) -> Iterator[str]:
    """Values as COPY's text; a position that is not finite is null, as an index of the sphere wants it."""
    mask = np.ma.getmaskarray(np.ma.asarray(column))
    mask = mask.reshape(len(column), -1).all(axis=1) if mask.ndim > 1 else mask
    if kind.endswith("[]"):
        return (_array(None if null else value) for value, null in zip(column, mask, strict=True))
    if kind in ("text", "char", "timestamp"):
        return ("\\N" if null else _text(value) for value, null in zip(column, mask, strict=True))
    values = np.asarray(column)
    if position:
        mask = mask | ~np.isfinite(values)
    return ("\\N" if null else str(value) for value, null in zip(values.tolist(), mask.tolist(), strict=True))


def _text(value) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).translate(_ESCAPES)


def _array(values) -> str:
    if values is None:
        return "\\N"
    flat = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan).ravel()
    return "{" + ",".join(map(str, flat.tolist())) + "}"
