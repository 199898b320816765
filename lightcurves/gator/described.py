"""The list of catalogs, and a catalog's columns, as IPAC table, XML or page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.urls import reverse

from archive.access.address import address
from archive.tables.dictionary import Column
from archive.tables.formats.ipac import write_ipac
from archive.tables.formats.row_text import write_html
from archive.tables.responses import field_of
from archive.tables.xml import document, element, lines
from lightcurves.gator.catalogs import COLUMNS, DEFAULT, LARGEST_RADIUS, Catalog

MODES = ("html", "xml", "ascii")
CONTENT_TYPES = {"html": "text/html; charset=utf-8", "xml": "text/xml; charset=utf-8",
                 "ascii": "text/plain; charset=utf-8"}  # fmt: skip
PROJECT = "ZTF"
_LISTED = (
    ("projectshort", "char", "Project"), ("subtitle", "char", "Part of the project"),
    ("description", "char", "What the catalog holds"), ("server", "char", "Server"),
    ("catname", "char", "Name of the catalog, for nph-query"), ("cols", "int", "Columns"),
    ("nrows", "long", "Rows, where that is known"), ("coneradius", "int", "Largest radius of a cone, arcsec"),
    ("infourl", "char", "More about it"), ("ddlink", "char", "Its columns"),
)  # fmt: skip
_DESCRIBED = (
    ("cntr", "int", "Number of the column"), ("name", "char", "Name of the column"),
    ("description", "char", "What it holds"), ("units", "char", "Unit"), ("intype", "char", "Type"),
    ("format", "char", "Format, as C has it"), ("dbtype", "char", "Type in the database"),
    ("nulls", "char", "Whether values may be missing"), ("indx", "char", "Whether it is indexed"),
    ("tableflg", "int", "0: in the short list and the long one, 1: in the long one"),
    ("sel", "char", "Whether it is in an answer unless selcols names others"),
)  # fmt: skip
FORMATS = {"int": "11d", "long": "20d", "float": "15.9g", "double": "24.17g", "char": "2s"}
TYPES = {"int": "integer", "long": "bigint", "float": "real", "double": "double precision", "char": "varchar(2)"}


def listed(catalogs: Iterable[Catalog], mode: str) -> str:
    """The list of catalogs."""
    about, columns_of = f"{address()}{reverse('help')}guide/irsa.html", f"{address()}{reverse('gator-dd')}"
    rows = [
        (PROJECT, PROJECT, one.title, "ztf", one.name, len(COLUMNS), None, round(LARGEST_RADIUS * 3600), about,
         f"{columns_of}?mode=ascii&catalog={one.name}")
        for one in catalogs
    ]  # fmt: skip
    if mode == "xml":
        names = (
            "projshort",
            "subtitle",
            "desc",
            "server",
            "catname",
            "cols",
            "nrows",
            "coneradius",
            "infourl",
            "ddlink",
        )
        found = (_xml("catalog", names, row) for row in rows)
        return document(element("Holdings", "\n", lines(*found), attributes={"archive": PROJECT}))
    return _table(_LISTED, rows, mode)


def columns(catalog: Catalog, mode: str, short: bool) -> str:
    """The columns of a catalog: those of an answer without selcols (short), or all."""
    chosen = [one for one in COLUMNS.values() if not short or one.name in DEFAULT]
    rows = [
        (number, one.name, one.description, one.unit, one.datatype, FORMATS[one.datatype], TYPES[one.datatype],
         "n" if one.name in ("cntr", "oid", "ra", "dec") else "y", "y" if one.indexed else "n",
         int(one.name not in DEFAULT), "y" if one.name in DEFAULT else "n")
        for number, one in enumerate(chosen, start=1)
    ]  # fmt: skip
    if mode == "xml":
        found = (_xml("column", [name for name, _, _ in _DESCRIBED], row) for row in rows)
        head = [element("catname", catalog.name), element("desc", catalog.title)]
        return document(element("DataDictionary", "\n", lines(*head, *found)))
    return _table(_DESCRIBED, rows, mode)


def _xml(name: str, names: Sequence[str], row: Sequence) -> str:
    return element(
        name, *(element(one, "" if value is None else str(value)) for one, value in zip(names, row, strict=True))
    )


def _table(described: Sequence[tuple[str, str, str]], rows: Sequence[tuple], mode: str) -> str:
    made = [Column(name, kind, text) for name, kind, text in described]
    if mode == "html":
        return "".join(write_html(made, rows))
    widest = [max((len(str(row[n])) for row in rows), default=1) for n in range(len(made))]
    fields = [
        replace(field_of(one), arraysize=str(max(width, 1))) if one.datatype == "char" else field_of(one)
        for one, width in zip(made, widest, strict=True)
    ]
    return "".join(write_ipac(fields, rows))
