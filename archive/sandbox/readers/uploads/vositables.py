"""A table's definition as VOSI 1.1 writes one (`vosi:table`, VODataService's columns): columns, and no row.

Read by expat, which opens nothing; a document type, which could declare entities, is refused.
"""

from __future__ import annotations

from xml.parsers import expat

import numpy as np
from astropy.table import MaskedColumn, Table

from archive.sandbox.readers.uploads.values import WrongValueError

NAMESPACE = b"http://www.ivoa.net/xml/VOSITables"
MOST_COLUMNS = 10_000
TYPES = {
    "boolean": "?", "unsignedbyte": "u1", "short": "i2", "int": "i4", "long": "i8", "float": "f4", "double": "f8",
    "char": "U1", "unicodechar": "U1",
    # TAP 1.0's names of types
    "smallint": "i2", "integer": "i4", "bigint": "i8", "real": "f4", "varchar": "U1", "timestamp": "U1",
}  # fmt: skip
"""VOTable's and TAP's names of types, in lower case, as NumPy has them."""
_TEXTS = ("name", "description", "unit", "ucd", "utype", "dataType")


def is_definition(content: bytes) -> bool:
    """Whether a document is one of VOSI's tables, by how it begins."""
    return NAMESPACE in content[:2000]


def empty_table(content: bytes) -> Table:
    """The table that a definition describes, without rows.

    Raises
    ------
    WrongValueError
        naming the column, its type and those that are taken.
    xml.parsers.expat.ExpatError
    """
    table = Table(masked=True)
    for column in _Columns().read(content):
        name = column.get("name", "")
        if name in table.colnames:
            raise WrongValueError(f"its columns {name!r} and {name!r} have one name")
        table[name] = MaskedColumn([], name=name, dtype=_dtype(column), unit=column.get("unit") or None)
        table[name].description = column.get("description")
        table[name].meta.update({key: column[key] for key in ("ucd", "utype") if column.get(key)})
        if column.get("extendedType") or column.get("dataType", "").lower() == "timestamp":
            table[name].meta["xtype"] = (column.get("extendedType") or "timestamp").removeprefix("adql:").lower()
    return table


def _dtype(column: dict[str, str]) -> np.dtype:
    declared, size = column.get("dataType", "").strip(), column.get("arraysize", "")
    found = TYPES.get(declared.lower().partition(":")[2] or declared.lower())
    if found is None:
        known = ", ".join(TYPES)
        raise WrongValueError(f"column {column.get('name', '')!r}: dataType {declared!r} is not taken; use {known}")
    if size not in ("", "1") and not found.startswith("U"):
        raise WrongValueError(f"column {column.get('name', '')!r}: arraysize={size!r}: kept tables hold no arrays")
    return np.dtype(found)


class _Columns:
    """The columns of the first table of a document, each as its texts and attributes by name."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text = ""

    def read(self, content: bytes) -> list[dict[str, str]]:
        """The columns in order."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._add
        parser.Parse(content, True)
        return self.found

    def _refuse(self, *_) -> None:
        raise WrongValueError("a definition of a table has no document type")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(":")[2])
        self._text = ""
        if self._path[-1] == "column":
            if len(self.found) >= MOST_COLUMNS:
                raise WrongValueError(f"more than {MOST_COLUMNS} columns")
            self.found.append({})
        elif self._path[-1] == "dataType" and self.found:
            self.found[-1].update({key: attributes[key] for key in ("arraysize", "extendedType") if key in attributes})

    def _end(self, name: str) -> None:
        ended = self._path.pop()
        if ended in _TEXTS and self._path and self._path[-1] == "column":
            self.found[-1][ended] = self._text.strip()

    def _add(self, text: str) -> None:
        self._text += text
