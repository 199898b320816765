"""The answer to a search in each outfmt: a page, an IPAC table, a status, a VOTable, the search as XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain

import numpy as np
from django.conf import settings

from archive.access.reading import Reader
from archive.tables.dictionary import Column
from archive.tables.fields import Field
from archive.tables.formats.ipac import write_ipac
from archive.tables.formats.row_text import gathered, write_html
from archive.tables.formats.votable import write_votable
from archive.tables.responses import VOTABLE_TYPE, field_of
from archive.tables.xml import document, element, lines
from lightcurves.gator.asked import INTERFACE, PAGE, STATUS, TEXT, VOTABLE, Asked
from lightcurves.gator.found import Found, columns_of, count_of, find
from lightcurves.gator.regions import Uploaded

PLAIN = "text/plain; charset=utf-8"
FILTER_WIDTH = "2"
WHOLE_SKY = "all sky"


@dataclass(frozen=True)
class Answer:
    """Text that is written while its rows arrive; `close` when nobody reads it any more."""

    content_type: str
    pieces: Iterator[bytes | str]
    close: Callable[[], None]


def answer(asked: Asked, reader: Reader, address: str) -> Answer:
    """The answer to a search.

    Parameters
    ----------
    address : of the search, with an empty value of outfmt at its end

    Raises
    ------
    BadRequestError
    """
    if asked.outfmt in (STATUS, INTERFACE):
        write = _status if asked.outfmt == STATUS else _interface
        content_type = PLAIN if asked.outfmt == STATUS else "text/xml; charset=utf-8"
        return Answer(content_type, iter([write(asked, count_of(asked), address)]), lambda: None)
    found = find(asked, reader)
    content_type, write_rows = _WRITERS[asked.outfmt]
    return Answer(content_type, write_rows(asked, found), found.rows.close)


def _ipac(asked: Asked, found: Found) -> Iterator[str]:
    """Column by column what it is stands in the header, as in IRSA's tables."""
    comments = [f"{name} is not used by this kind of search" for name in asked.unused]
    for column in found.columns:
        comments += [f"{column.name} ({column.unit})" if column.unit else column.name, f"___ {column.description}"]
    keywords = {
        "RowsRetrieved": found.count,
        "ORIGIN": settings.VO_PUBLISHER,
        "DATETIME": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "DATABASE": f"{asked.catalog.title} ({asked.catalog.name})",
        "EQUINOX": "J2000",
        "SKYAREA": WHOLE_SKY if asked.where is None else asked.where.words,
        "SQL": f"WHERE {asked.constraints or '(no constraints)'}",
    }
    return gathered(write_ipac(_fields(asked, found), chain.from_iterable(found.batches), keywords, comments))


def _votable(asked: Asked, found: Found) -> Iterator[bytes]:
    batches = ([list(column) for column in zip(*batch, strict=True)] for batch in found.batches)
    infos = {f"unused_{name}": "is not used by this kind of search" for name in asked.unused}
    return write_votable(_fields(asked, found), batches, "TABLEDATA", None, infos, asked.catalog.title)


def _html(asked: Asked, found: Found) -> Iterator[str]:
    return gathered(write_html(found.columns, chain.from_iterable(found.batches)))


def _fields(asked: Asked, found: Found) -> list[Field]:
    """Each column with a width, which an IPAC table needs before its first row."""
    widths = {"filtercode": FILTER_WIDTH}
    if isinstance(asked.where, Uploaded):
        own = [one for one in columns_of(asked) if one.description.endswith("of the uploaded table")]
        widths |= {one.name: _width(asked.where, one) for one in own if one.datatype == "char"}
    fields = ((column.name, field_of(column)) for column in found.columns)
    return [replace(field, arraysize=widths[name]) if name in widths else field for name, field in fields]


def _width(where: Uploaded, column: Column) -> str:
    name = column.description.removeprefix("Column ").removesuffix(" of the uploaded table")
    return str(max(1, *(len(str(value).strip()) for value in np.asarray(where.table[name]).tolist()), 1))


def _status(asked: Asked, count: int, address: str) -> str:
    return f'[struct stat="OK", count="{count}", catalog="{asked.catalog.name}", table="{address}{TEXT}"]\n'


def _interface(asked: Asked, count: int, address: str) -> str:
    columns = [
        element("column", element("name", one.name), element("units", one.unit), element("desc", one.description))
        for one in columns_of(asked)
    ]
    parts = [
        element("catname", asked.catalog.name),
        element("skyarea", WHOLE_SKY if asked.where is None else asked.where.words),
        element("constraints", asked.constraints),
        element("rows", str(count)),
        element("table", f"{address}{TEXT}"),
        element("votable", f"{address}{VOTABLE}"),
        element("columns", "\n", lines(*columns)),
    ]
    return document(element("gator", "\n", lines(*parts)))


_WRITERS: dict[str, tuple[str, Callable[[Asked, Found], Iterator]]] = {
    PAGE: ("text/html; charset=utf-8", _html),
    TEXT: (PLAIN, _ipac),
    VOTABLE: (VOTABLE_TYPE, _votable),
}
