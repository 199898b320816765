"""The forms in which TAP writes a result, each as a stream of bytes."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from archive.vo.fields import Field
from archive.vo.votable import CONTENT_TYPE, write_votable

Batches = Iterable[list[list]]


@dataclass(frozen=True)
class Format:
    """`names` are what RESPONSEFORMAT may say, the first of them is what capabilities give."""

    names: tuple[str, ...]
    content_type: str
    suffix: str
    write: Callable[[tuple[Field, ...], Batches, int], Iterator[bytes]]


def _votable(serialization: str) -> Callable[[tuple[Field, ...], Batches, int], Iterator[bytes]]:
    def write(fields, batches, maxrec):
        return write_votable(fields, batches, serialization, maxrec)

    return write


def _separated(delimiter: str) -> Callable[[tuple[Field, ...], Batches, int], Iterator[bytes]]:
    """Text has no place for a state; a last line that starts with # says when rows are missing."""

    def write(fields, batches, maxrec):
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
        writer.writerow([field.name for field in fields])
        left = maxrec
        for columns in batches:
            rows = list(zip(*columns, strict=True))
            writer.writerows(rows[:left])
            if len(rows) > left:
                buffer.write(f"# OVERFLOW: there are more than {maxrec} rows\n")
                break
            left -= len(rows)
            yield _taken(buffer)
        yield _taken(buffer)

    return write


def _json(fields: tuple[Field, ...], batches: Batches, maxrec: int) -> Iterator[bytes]:
    columns = [
        {"name": f.name, "datatype": f.datatype, "unit": f.unit, "ucd": f.ucd, "description": f.description}
        for f in fields
    ]
    yield f'{{"columns": {json.dumps(columns)},\n"data": ['.encode()
    left, separator, overflow = maxrec, "\n", False
    for batch in batches:
        rows = list(zip(*batch, strict=True))
        overflow = len(rows) > left
        kept = rows[:left]
        if kept:
            text = ",\n".join(json.dumps([_number(value) for value in row]) for row in kept)
            yield f"{separator}{text}".encode()
            separator = ",\n"
        if overflow:
            break
        left -= len(rows)
    yield f'\n],\n"overflow": {json.dumps(overflow)}}}\n'.encode()


FORMATS = (
    Format(
        (
            CONTENT_TYPE,
            "votable",
            "votable/b2",
            "text/xml",
            f"{CONTENT_TYPE};serialization=binary2",
            "votable_plain",
        ),
        f"{CONTENT_TYPE};serialization=BINARY2",
        "vot",
        _votable("BINARY2"),
    ),
    Format(
        (f"{CONTENT_TYPE};serialization=tabledata", "votable/td"),
        f"{CONTENT_TYPE};serialization=TABLEDATA",
        "vot",
        _votable("TABLEDATA"),
    ),
    Format(("text/csv", "csv", "text/csv;header=present"), "text/csv;header=present", "csv", _separated(",")),
    Format(("text/tab-separated-values", "tsv"), "text/tab-separated-values", "tsv", _separated("\t")),
    Format(("application/json", "json"), "application/json", "json", _json),
)


def format_named(name: str) -> Format | None:
    """The format that RESPONSEFORMAT names, without regard to case and blanks; VOTable where it is empty."""
    wanted = "".join(name.lower().split()) or "votable"
    return next((one for one in FORMATS if wanted in one.names), None)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _number(value):
    """JSON has neither NaN nor decimals of its own."""
    if isinstance(value, Decimal):
        value = float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
