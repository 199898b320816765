"""VOTable 1.4 written as a stream: nothing but one batch of rows is in memory.

A result's state stands in INFO QUERY_STATUS: OK before the table; OVERFLOW or ERROR after it.
"""

import base64
import math
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from archive.vo.binary2 import encode_rows
from archive.vo.fields import Field

CONTENT_TYPE = "application/x-votable+xml"
_NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LINE = 57
"""Bytes per line of base64 (76 characters)."""


def xml_text(value):
    """Text for an element: escaped, without the characters that XML cannot hold."""
    return escape(_NOT_XML.sub("\ufffd", str(value)))


def _attributes(**attributes):
    return "".join(
        f" {name}={quoteattr(_NOT_XML.sub(chr(0xFFFD), str(value)))}"
        for name, value in attributes.items()
        if value is not None
    )


def _head(version):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<VOTABLE version="{version}" xmlns="{_NAMESPACE}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<RESOURCE type="results">\n'
    )


_TAIL = "</RESOURCE>\n</VOTABLE>\n"


def _info(name, value, text=None):
    attributes = _attributes(name=name, value=value)
    return f"<INFO{attributes}>{xml_text(text)}</INFO>\n" if text else f"<INFO{attributes}/>\n"


def _field(field):
    attributes = _attributes(
        name=field.name,
        datatype=field.datatype,
        arraysize=field.arraysize,
        unit=field.unit,
        ucd=field.ucd,
        xtype=field.xtype,
        utype=field.utype,
        ID=field.id,
    )
    if not field.description:
        return f"<FIELD{attributes}/>\n"
    return f"<FIELD{attributes}><DESCRIPTION>{xml_text(field.description)}</DESCRIPTION></FIELD>\n"


def _cell(field, value):
    if value is None or value is np.ma.masked:
        return "<TD/>"
    if field.is_text:
        return f"<TD>{xml_text(value)}</TD>"
    if field.datatype == "boolean":
        return f"<TD>{'true' if value else 'false'}</TD>"
    if field.arraysize is not None:
        return f"<TD>{' '.join(_number(field, one) for one in value)}</TD>"
    return f"<TD>{_number(field, value)}</TD>"


def _number(field, value):
    if field.datatype not in ("float", "double"):
        return str(int(value))
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(np.float32(value)) if field.datatype == "float" else repr(value)


def _as_tabledata(fields, batches):
    yield "<DATA><TABLEDATA>\n"
    for columns in batches:
        rows = zip(*columns, strict=True)
        yield "".join(
            "<TR>" + "".join(_cell(f, v) for f, v in zip(fields, row, strict=True)) + "</TR>\n" for row in rows
        )
    yield "</TABLEDATA></DATA>\n"


def _as_binary2(fields, batches):
    yield '<DATA><BINARY2><STREAM encoding="base64">\n'
    rest = b""
    for columns in batches:
        data = rest + encode_rows(fields, columns)
        whole = len(data) - len(data) % _LINE
        yield base64.encodebytes(data[:whole]).decode("ascii")
        rest = data[whole:]
    yield base64.encodebytes(rest).decode("ascii")
    yield "</STREAM></BINARY2></DATA>\n"


_SERIALIZATIONS = {"BINARY2": _as_binary2, "TABLEDATA": _as_tabledata}


class _Counted:
    """Passes batches on until maxrec rows; remembers whether there were more."""

    def __init__(self, batches, maxrec):
        self.batches, self.maxrec = batches, maxrec
        self.overflow = False

    def __iter__(self):
        rows = 0
        for columns in self.batches:
            n = len(columns[0]) if columns else 0
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
    batches : iterable of lists of columns (lists or arrays of equal length); None or masked is null
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
        head.append(f"<DESCRIPTION>{xml_text(description)}</DESCRIPTION>\n")
    head += [_field(field) for field in fields]
    yield "".join(head).encode()
    counted = _Counted(batches, maxrec)
    closing = "</STREAM></BINARY2></DATA>\n" if serialization == "BINARY2" else "</TABLEDATA></DATA>\n"
    try:
        for piece in _SERIALIZATIONS[serialization](fields, counted):
            yield piece.encode()
    except Exception as error:
        message = _info("QUERY_STATUS", "ERROR", f"{type(error).__name__}: the table is incomplete")
        yield (closing + "</TABLE>\n" + message + _TAIL).encode()
        raise
    yield b"</TABLE>\n"
    if counted.overflow:
        yield _info("QUERY_STATUS", "OVERFLOW", f"more than {maxrec} rows").encode()
    yield _TAIL.encode()


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
        opening = [f"<TABLE>\n<DESCRIPTION>{xml_text(description)}</DESCRIPTION>\n", *map(_field, fields)]
        yield "".join(opening).encode()
        for piece in _as_tabledata(fields, [columns]):
            yield piece.encode()
        yield b"</TABLE>\n"
    yield _TAIL.encode()


def error_votable(message, version="1.4"):
    """A VOTable that says only what went wrong (DALI 1.1, section 4.2), bytes."""
    return (_head(version) + _info("QUERY_STATUS", "ERROR", message) + _TAIL).encode()
