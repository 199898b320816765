"""VOTable 1.4 written as a stream: nothing but one batch of rows is in memory.

A result's state stands in INFO QUERY_STATUS: OK before the table; OVERFLOW or ERROR after it.
"""

import binascii
from collections.abc import Iterable, Iterator
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from archive.tables.arrow import batch_of, joined_rows, texts
from archive.tables.fields import Field
from archive.tables.xml import DECLARATION, element, lines

CONTENT_TYPE = "application/x-votable+xml"
_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
_NOT_XML_RE2 = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
_LINE = 57 << 10
"""Bytes per line of base64; short lines cost a third of the time."""


def _head(version):
    return (
        f'{DECLARATION}<VOTABLE version="{version}" xmlns="{_NAMESPACE}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<RESOURCE type="results">\n'
    )


_TAIL = "</RESOURCE>\n</VOTABLE>\n"


def _info(name: str, value: object, text: str = "") -> str:
    return lines(element("INFO", *([text] if text else []), attributes={"name": name, "value": value}))


def _field(field: Field) -> str:
    names = ("name", "datatype", "arraysize", "unit", "ucd", "xtype", "utype")
    attributes = {name: getattr(field, name) for name in names} | {"ID": field.id}
    description = [element("DESCRIPTION", field.description)] if field.description else []
    return lines(element("FIELD", *description, attributes=attributes))


def _as_tabledata(fields, batches):
    yield b"<DATA><TABLEDATA>\n"
    for columns in batches:
        pieces = ["<TR><TD>"]
        for field, values in zip(fields, batch_of(fields, columns).columns, strict=True):
            pieces += [_xml(values) if field.is_text else texts(field, values), "</TD><TD>"]
        yield joined_rows([*pieces[:-1], "</TD></TR>\n"])
    yield b"</TABLEDATA></DATA>\n"


def _xml(values: pa.Array) -> pa.Array:
    """Text as it stands in an element: escaped, without the characters that XML cannot hold."""
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        values = pc.replace_substring(values, plain, escaped)
    return pc.replace_substring_regex(values, _NOT_XML_RE2, "\ufffd")


def _as_binary2(fields, batches):
    from archive.tables.formats.binary2 import encode_rows  # compiled, and pages write none of it

    yield b'<DATA><BINARY2><STREAM encoding="base64">\n'
    rest = b""
    for columns in batches:
        data = rest + encode_rows(fields, columns)
        whole = len(data) - len(data) % _LINE
        yield from _lines(data[:whole])
        rest = data[whole:]
    yield from _lines(rest)
    yield b"</STREAM></BINARY2></DATA>\n"


def _lines(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LINE):
        yield binascii.b2a_base64(data[start : start + _LINE])


_SERIALIZATIONS = {"BINARY2": _as_binary2, "TABLEDATA": _as_tabledata}


class Counted:
    """Passes batches on until maxrec rows; remembers whether there were more."""

    def __init__(self, batches: Iterable, maxrec: int | None):
        self.batches, self.maxrec = batches, maxrec
        self.overflow = False

    def __iter__(self) -> Iterator:
        rows = 0
        for columns in self.batches:
            n = len(columns[0]) if len(columns) else 0
            if self.maxrec is not None and rows + n > self.maxrec:
                self.overflow = True
                keep = self.maxrec - rows
                if keep > 0:
                    yield [column[:keep] for column in columns]
                return
            rows += n
            if n:
                yield columns


def write_votable(
    fields: Iterable[Field],
    batches: Iterable,
    serialization: str = "BINARY2",
    maxrec: int | None = None,
    infos: dict | None = None,
    description: str | None = None,
    version: str = "1.4",
) -> Iterator[bytes]:
    """A VOTable, piece by piece.

    Parameters
    ----------
    fields : Field per column
    batches : iterable of Arrow batches, or of lists of columns (of equal length; None or masked is null)
    serialization : "BINARY2" or "TABLEDATA"
    maxrec : rows to write at most; if the batches hold more, the table is marked OVERFLOW
    infos : further INFO elements, name -> value
    description : of the table
    version : "1.4" or "1.5"

    Yields
    ------
    bytes, UTF-8

    Raises
    ------
    ValueError
        for another serialisation.

    An exception of `batches` while rows flow is written as QUERY_STATUS ERROR and raised again, so that
    neither the reader nor the server takes half a table for a whole one.
    """
    if serialization not in _SERIALIZATIONS:
        raise ValueError(f"serialization={serialization!r}: must be BINARY2 or TABLEDATA")
    return _write(list(fields), batches, serialization, maxrec, infos or {}, description, version)


def _write(fields, batches, serialization, maxrec, infos, description, version):
    # the first batch is asked for before anything is written: a query that fails at once gives a clean error
    batches = iter(batches)
    first = next(batches, None)
    batches = chain([first], batches) if first is not None else iter(())
    head = [_head(version), _info("QUERY_STATUS", "OK")]
    head += [_info(name, value) for name, value in infos.items()]
    head.append("<TABLE>\n")
    if description:
        head.append(lines(element("DESCRIPTION", description)))
    head += [_field(field) for field in fields]
    yield "".join(head).encode()
    counted = Counted(batches, maxrec)
    closing = "</STREAM></BINARY2></DATA>\n" if serialization == "BINARY2" else "</TABLEDATA></DATA>\n"
    try:
        yield from _SERIALIZATIONS[serialization](fields, counted)
    except Exception as error:
        message = _info("QUERY_STATUS", "ERROR", f"{type(error).__name__}: the table is incomplete")
        yield (closing + "</TABLE>\n" + message + _TAIL).encode()
        raise
    yield b"</TABLE>\n"
    if counted.overflow:
        yield _info("QUERY_STATUS", "OVERFLOW", f"more than {maxrec} rows").encode()
    yield _TAIL.encode()


def field_elements(fields: Iterable[Field]) -> str:
    """A VOTable without rows that describes columns."""
    return f"{_head('1.4')}<TABLE>\n{''.join(map(_field, fields))}</TABLE>\n{_TAIL}"


def write_tables(tables: Iterable[tuple[str, list[Field], list]], infos: dict | None = None) -> Iterator[bytes]:
    """Several small tables in one resource, piece by piece (TABLEDATA).

    Parameters
    ----------
    tables : (description, fields, columns) each; columns are lists or arrays of one length
    infos : as write_votable
    """
    head = [_head("1.4"), _info("QUERY_STATUS", "OK")]
    yield "".join(head + [_info(name, value) for name, value in (infos or {}).items()]).encode()
    for description, fields, columns in tables:
        opening = ["<TABLE>\n", lines(element("DESCRIPTION", description)), *map(_field, fields)]
        yield "".join(opening).encode()
        yield from _as_tabledata(fields, [columns])
        yield b"</TABLE>\n"
    yield _TAIL.encode()


def error_votable(message, version="1.4"):
    """A VOTable that says only what went wrong (DALI 1.1, section 4.2), bytes."""
    return (_head(version) + _info("QUERY_STATUS", "ERROR", message) + _TAIL).encode()
