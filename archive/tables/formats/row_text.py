"""Rows of Python values as separated text or as a bare HTML table, piece by piece."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from archive.tables.dictionary import Column

PIECE = 1 << 16  # characters sent at once


def write_separated(names: Sequence[str], batches: Iterable[Iterable[Sequence]], delimiter: str = ",") -> Iterator[str]:
    """CSV or TSV with a line of names, a piece for each batch; a null is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    for batch in batches:
        writer.writerows(batch)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def write_html(columns: Sequence[Column], rows: Iterable[Sequence]) -> Iterator[str]:
    """A page with nothing but a table."""
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        "<title>Search result</title></head>\n<body><table>\n<thead><tr>"
    )
    yield "".join(f'<th scope="col" title="{escape(one.description)}">{escape(one.name)}</th>' for one in columns)
    yield "</tr></thead>\n<tbody>\n"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{'' if v is None else escape(str(v))}</td>" for v in row) + "</tr>\n"
    yield "</tbody></table></body></html>\n"


def gathered(pieces: Iterable[str], size: int = PIECE) -> Iterator[str]:
    """The same text in fewer pieces, of at least `size` characters but the last."""
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length > size:
            yield "".join(waiting)
            waiting, length = [], 0
    yield "".join(waiting)
