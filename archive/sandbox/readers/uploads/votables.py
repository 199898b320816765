"""A VOTable's values and rows, looked at before its parser takes them: VOTable 1.4, sections 2.1, 5.1 and 6.

The parser (astropy) cuts what is too long, puts what is too large at the limit of its type, makes nothing of what is no
number, and ends without a word where a stream is cut. Here each is refused by column, row and value.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass
from xml.parsers import expat

from archive.sandbox.readers.uploads.values import RANGES, WrongValueError, shown, why_no_real, why_no_whole, wrong

_BYTES = {
    "boolean": 1, "bit": 1, "unsignedByte": 1, "short": 2, "int": 4, "long": 8, "char": 1, "unicodeChar": 2,
    "float": 4, "double": 8, "floatComplex": 8, "doubleComplex": 16,
}  # fmt: skip
_REALS = {"float": 4, "double": 8, "floatComplex": 4, "doubleComplex": 8}  # bytes of one number
_TEXTS = ("char", "unicodeChar")
_BOOLEAN = re.compile(r"t|true|1|f|false|0|\?", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*,\s*|\s+")
_COUNT = 4  # bytes of the number of elements before what has any number of them


def check_votable_values(content: bytes) -> None:
    """Raise WrongValueError for a VOTable of two tables, or one with a value or row that would be changed or lost."""
    _Values().read(content)


@dataclass
class _Column:
    """A FIELD: how many elements a value has; `most` in a value whose number of elements varies, None for any."""

    name: str
    datatype: str
    arraysize: str
    elements: int
    varies: bool
    most: int | None
    null: str | None = None

    @property
    def width(self) -> int:
        """Bytes of a value, or of one of those whose number stands before them."""
        if self.datatype == "bit" and self.elements > 1:
            return math.ceil(self.elements / 8)
        return _BYTES.get(self.datatype, 0) * self.elements


def _column_of(given: dict[str, str], number: int) -> _Column:
    name = given.get("name") or given.get("id", "")
    if not name.strip():
        raise WrongValueError(f"FIELD {number}: name={given.get('name', '')!r}: a column has a name")
    datatype, shape = given.get("datatype", "").strip(), given.get("arraysize", "").strip()
    if datatype not in _BYTES:
        raise WrongValueError(f"FIELD {name}: datatype={shown(datatype)}: must be one of {', '.join(_BYTES)}")
    sizes = [one.strip() for one in (shape or "1").split("x")]
    varies = sizes[-1].endswith("*")
    last = sizes.pop()[:-1] if varies else None
    try:
        return _Column(name, datatype, shape, math.prod(map(int, sizes)), varies, int(last) if last else None)
    except ValueError as error:
        raise WrongValueError(f"FIELD {name}: arraysize={shown(shape)}: is no size of an array") from error


class _Values:
    """One look through a VOTable's cells or stream."""

    def __init__(self) -> None:
        self._tables: list[str] = []
        self._columns: list[_Column] = []
        self._row = self._cell = 0
        self._nrows: str = ""
        self._stream = ""
        self._text: list[str] | None = None
        self._in_field = False

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(content, True)

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2].upper()
        if name == "TD":
            self._begin_cell(attributes)
        elif name == "TR":
            self._row, self._cell = self._row + 1, 0
        elif name in ("TABLE", "FIELD", "VALUES", "STREAM", "BINARY", "BINARY2"):
            self._declared(name, {key.rpartition(":")[2].lower(): value for key, value in attributes.items()})

    def _declared(self, name: str, given: dict[str, str]) -> None:
        if name == "TABLE":
            self._tables.append(shown(given.get("name") or given.get("id") or f"table {len(self._tables) + 1}"))
            if len(self._tables) > 1:
                raise WrongValueError(f"it holds two tables or more, {' and '.join(self._tables)}: send one by itself")
            self._nrows = given.get("nrows", "").strip()
        elif name == "FIELD":
            self._columns.append(_column_of(given, len(self._columns) + 1))
            self._in_field = True
        elif name == "VALUES" and self._in_field and "null" in given:
            self._columns[-1].null = given["null"].strip()
        elif name == "STREAM":
            if given.get("encoding", "base64") != "base64":
                raise WrongValueError(f"STREAM encoding={shown(given['encoding'])}: must be base64")
            self._text = []
        elif name in ("BINARY", "BINARY2"):
            self._stream = name

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._cell += 1
        if self._cell > len(self._columns):
            raise WrongValueError(f"row {self._row} has more values than the {len(self._columns)} columns (FIELD)")
        if "encoding" in attributes:
            raise WrongValueError(f"row {self._row}: TD encoding={shown(attributes['encoding'])}: must be plain text")
        self._text = []

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2].upper()
        if name == "TD":
            text, self._text = "".join(self._text or ()).strip(), None
            _check_cell(self._columns[self._cell - 1], self._row, text)
        elif name == "TR" and self._cell < len(self._columns):
            raise WrongValueError(f"row {self._row} has {self._cell} values, and {len(self._columns)} columns (FIELD)")
        elif name == "FIELD":
            self._in_field = False
        elif name == "STREAM":
            text, self._text = "".join(self._text or ()), None
            self._row = _rows_of(_decoded(text), self._columns, flags=self._stream == "BINARY2")
        elif name == "TABLE" and self._nrows and int(self._nrows) != self._row:
            raise WrongValueError(f"nrows={self._nrows[:20]}: its data are {self._row} rows")


def _check_cell(column: _Column, row: int, text: str) -> None:
    """Refuse what a cell of TABLEDATA holds where its FIELD says something else; an empty one is null."""
    if not text or text == column.null:
        return
    if column.datatype in _TEXTS:
        most = column.most if column.varies else column.elements
        if "x" not in column.arraysize and most is not None and len(text) > most:
            raise wrong(column.name, row, text, f"has {len(text)} characters; arraysize={most} holds {most}")
        return
    single = column.elements == 1 and not column.varies and "Complex" not in column.datatype
    parts = [text] if single else _BETWEEN.split(text)
    if column.datatype == "bit":
        parts = list("".join(parts))
    for part in parts:
        if why := _why_wrong(part, column.datatype):
            raise wrong(column.name, row, part if len(parts) == 1 else f"{part} in {text}", why)
    count = len(parts) / (2 if "Complex" in column.datatype else 1)
    limit = math.inf if column.most is None else column.most * column.elements
    if count != column.elements if not column.varies else (count % column.elements or count > limit):
        raise wrong(column.name, row, text, f"has {count:g} elements; arraysize={column.arraysize or 1}")


def _why_wrong(part: str, datatype: str) -> str | None:
    if datatype in _REALS:
        return why_no_real(part, _REALS[datatype])
    if datatype in RANGES:
        return why_no_whole(part, datatype)
    if datatype == "bit":
        return None if part in ("0", "1") else "is no bit, which is 0 or 1"
    return None if _BOOLEAN.fullmatch(part) else "is no boolean, as T, F or ?"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise WrongValueError(f"its STREAM is cut or damaged: it is no base64 ({error})") from error


def _rows_of(stream: bytes, columns: list[_Column], flags: bool) -> int:
    """The number of rows that a stream is; refused where the last one is cut, or a text has something behind NUL."""
    head = math.ceil(len(columns) / 8) if flags else 0
    if not any(one.varies or one.datatype in _TEXTS for one in columns):
        width = head + sum(one.width for one in columns)
        rows, rest = divmod(len(stream), width) if width else (0, 0)
        if rest:
            raise WrongValueError(f"row {rows + 1} is cut: a row takes {width} bytes, its STREAM has {rest} left")
        return rows
    place = rows = 0
    while place < len(stream):
        rows += 1
        place += head
        for column in columns:
            place = _after(stream, place, column, rows)
    return rows


def _after(stream: bytes, place: int, column: _Column, row: int) -> int:
    """The offset at which a value of a stream ends."""
    left, count = len(stream) - place, 1
    if column.varies:
        if left < _COUNT:
            raise WrongValueError(f"column {column.name}, row {row}: is cut: its STREAM ends before it")
        count = int.from_bytes(stream[place : place + _COUNT], "big")
        place, left = place + _COUNT, left - _COUNT
        if column.most is not None and count > column.most:
            raise wrong(column.name, row, count, f"elements; arraysize={column.arraysize}")
    size = count * column.width
    if size > left:
        raise WrongValueError(
            f"column {column.name}, row {row}: is cut: it declares {size} bytes, its STREAM has {max(left, 0)} left"
        )
    if column.datatype in _TEXTS:
        _check_text(stream[place : place + size], column, row)
    return place + size


def _check_text(value: bytes, column: _Column, row: int) -> None:
    try:
        text = value.decode("ascii" if column.datatype == "char" else "utf-16-be")
    except UnicodeError as error:
        what = "ASCII" if column.datatype == "char" else "UTF-16"
        raise wrong(column.name, row, value, f"is no {what} text ({column.datatype})") from error
    if "\0" in text.rstrip("\0"):
        raise wrong(column.name, row, text, "has text behind a NUL character")
