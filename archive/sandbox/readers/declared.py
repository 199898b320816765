"""A file's declarations, read before a parser believes them: sizes that it declares, places that it points to.

A file of some hundred bytes may declare a thousand million rows. Each check reads headers only, and refuses by the name
and value of what is too large, or of what would be fetched from elsewhere.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import BinaryIO
from xml.parsers import expat

import numpy as np
import pyarrow.parquet as pq

from archive.requests.numbers import whole

MIB = 1024**2
MOST_COLUMNS = 2000
LONGEST_HEAD = 1 << 20  # bytes of the line that names a CSV table's columns
LONGEST_AXIS = 10**12  # elements of one axis of an array
DEEPEST = 60  # elements of a VOTable within each other
MOST_HEADER_CARDS = 36 * 2000  # of one HDU
MOST_HDUS = 1000
LINES_OF_A_HEADER = 1000
BLOCK, CARD = 2880, 80
MOST_TABLE_ROWS = 500_000_000  # of one table in a file of the survey's
MOST_BRACKETS = 60  # of an ECSV table's header that are open at once
LONGEST_YAML = 512 * 1024  # characters of that header; its parser takes a second for some hundred thousand
SMALL_ROW = 65536  # bytes: text columns may be declared wider than the text that is in them
_VOTABLE_SIZES = {
    "boolean": 1, "bit": 1, "unsignedByte": 1, "short": 2, "int": 4, "long": 8, "char": 1, "unicodeChar": 4,
    "float": 4, "double": 8, "floatComplex": 8, "doubleComplex": 16,
}  # fmt: skip


_FITS_SIZES = {
    "L": 1, "X": 0.125, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16,
}  # fmt: skip
_QUOTED = re.compile(r"'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"")
_BRACKET = re.compile(r"[\[\]{}]")
_FORM = re.compile(r"\s*([0-9]{0,18})([LXBIJKAEDCMPQ])(.*)")
ARRAY_BYTES = 128  # of an array besides its elements
ROWS_READ = 4 * MIB  # bytes of a table's rows at once


class TooMuchError(ValueError):
    """A file that declares more than is taken, or points elsewhere; the message names what and how much."""


def check_votable(content: bytes, most_rows: int, most_bytes: int) -> None:
    """Raise TooMuchError for a VOTable that opens another file, declares its own entities, or more than may be."""
    _VOTable(len(content), most_rows, most_bytes).read(content)


def check_fits(file: BinaryIO, size: int, most_bytes: int, most_rows: int = MOST_TABLE_ROWS) -> None:
    """Raise TooMuchError for a FITS file whose headers declare more data than it has, or an image larger than may be.

    Parameters
    ----------
    file : open at its beginning
    size : bytes that it has
    most_bytes : that one HDU may take in memory, also when it is packed as a table of tiles
    most_rows : of one table, however narrow they are
    """
    offset, number = 0, 0
    while offset + BLOCK <= size:
        cards, offset = _fits_header(file, offset, size)
        if not cards:
            break  # padding after the last HDU; parsers ignore it
        if number >= MOST_HDUS:
            raise TooMuchError(f"more than {MOST_HDUS} HDUs")
        length = _fits_size(cards, number, "NAXIS")
        if length > size - offset:
            raise TooMuchError(
                f"HDU {number} declares {length} bytes of data ({_axes(cards, 'NAXIS')}); "
                f"the file has {size - offset} left"
            )
        unpacked = _fits_size(cards, number, "ZNAXIS") if "ZNAXIS" in cards else length
        if unpacked > most_bytes:
            axes = _axes(cards, "ZNAXIS" if "ZNAXIS" in cards else "NAXIS")
            raise TooMuchError(f"HDU {number} declares {unpacked} bytes ({axes}); at most {most_bytes} are taken")
        columns = _whole(cards, "TFIELDS", 0, number)
        if columns > MOST_COLUMNS:
            raise TooMuchError(f"HDU {number}: TFIELDS = {columns}; at most {MOST_COLUMNS} columns are taken")
        if cards.get("XTENSION") in ("BINTABLE", "TABLE"):
            _check_rows(cards, number, columns, most_rows)
        if cards.get("XTENSION") == "BINTABLE" and columns:
            _check_heap(file, offset, cards, number, most_bytes)
        offset += math.ceil(length / BLOCK) * BLOCK
        number += 1


def check_parquet(file: pq.ParquetFile, most_rows: int, most_bytes: int) -> None:
    """Raise TooMuchError for a Parquet file whose footer declares more than is taken."""
    footer = file.metadata
    rows, columns = footer.num_rows, footer.num_columns
    if rows > most_rows:
        raise TooMuchError(f"{rows} rows; at most {most_rows} are taken")
    if columns > MOST_COLUMNS:
        raise TooMuchError(f"{columns} columns; at most {MOST_COLUMNS} are taken")
    told = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    in_memory = max(rows * columns * 8, told)
    if in_memory > most_bytes:
        raise TooMuchError(f"{rows} rows of {columns} columns take {in_memory} bytes; at most {most_bytes} are taken")


def check_csv_head(file: BinaryIO) -> None:
    """Raise TooMuchError for a CSV table of more columns than are taken, by its first line; the file is rewound.

    Readers take minutes for the names of some hundred thousand columns.
    """
    head = file.readline(LONGEST_HEAD)
    file.seek(0)
    if len(head) == LONGEST_HEAD or head.count(b",") >= MOST_COLUMNS:
        raise TooMuchError(f"more than {MOST_COLUMNS} columns, or {LONGEST_HEAD} characters in the line of their names")


def check_lines(lines: list[str], most_rows: int, most_bytes: int) -> None:
    """Raise TooMuchError for a table of text with more rows, columns or cells than are taken."""
    if len(lines) > most_rows + LINES_OF_A_HEADER:
        raise TooMuchError(f"{len(lines)} lines; at most {most_rows} rows are taken")
    head = lines[:LINES_OF_A_HEADER]
    columns = max(max(line.count(","), line.count(";"), line.count("\t"), line.count("|") - 1) for line in head) + 1
    if columns > MOST_COLUMNS:
        raise TooMuchError(f"{columns} columns; at most {MOST_COLUMNS} are taken")
    widest = max(map(len, lines))
    if len(lines) * max(columns * 8, widest) > 4 * most_bytes:
        raise TooMuchError(
            f"{len(lines)} lines of up to {widest} characters take more memory than is given to read them"
        )


def check_ecsv_head(lines: list[str]) -> None:
    """Raise TooMuchError for an ECSV table whose header its parser (YAML) would take long for, or never get out of.

    Brackets within quotes count as none.
    """
    head = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    if len(head) > MOST_COLUMNS + LINES_OF_A_HEADER:
        raise TooMuchError(f"a header of {len(head)} lines; at most {MOST_COLUMNS + LINES_OF_A_HEADER} are taken")
    if (length := sum(map(len, head))) > LONGEST_YAML:
        raise TooMuchError(f"a header of {length} characters; at most {LONGEST_YAML} are taken")
    text = _QUOTED.sub("", "\n".join(head))
    steps = np.array([1 if found[0] in "[{" else -1 for found in _BRACKET.finditer(text)], dtype=np.int64)
    if len(steps) and np.max(np.cumsum(steps)) > MOST_BRACKETS:
        raise TooMuchError(f"its header has more than {MOST_BRACKETS} brackets within each other")
    deepest = max((len(line) - len(line[1:].lstrip(" -?")) for line in head), default=0)
    if deepest > 4 * MOST_BRACKETS:
        raise TooMuchError(f"a line of its header is indented by {deepest}; at most {4 * MOST_BRACKETS} are taken")


class _VOTable:
    """One look through the elements of a VOTable, as the parser of the same library (expat) sees them."""

    def __init__(self, size: int, most_rows: int, most_bytes: int):
        self._size, self._most_rows, self._most_bytes = size, most_rows, most_bytes
        self._depth = self._row = self._fields = self._rows = self._declared = 0

    def read(self, content: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.Parse(content, True)

    def _doctype(self, name: str, *_) -> None:
        raise TooMuchError(f"it has a DOCTYPE or entities ({name}), which are not taken; leave the line out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooMuchError(f"its elements stand more than {DEEPEST} deep within each other")
        name = name.rpartition(":")[2].upper()
        if name in ("TR", "TD"):
            if name == "TR":
                self._rows += 1
                if self._rows > self._most_rows:
                    raise TooMuchError(f"more than {self._most_rows} rows; at most so many are taken")
                if self._rows % 1000 == 1:
                    self._check_total()
            return
        given = {key.rpartition(":")[2].lower(): value for key, value in attributes.items()}
        if name in ("FITS", "PARQUET"):
            raise TooMuchError(
                f"its data are {name}; put them into TABLEDATA, BINARY or BINARY2, or send the file itself"
            )
        if name == "STREAM" and "href" in given:
            raise TooMuchError(
                f"STREAM href={given['href'][:80]!r}: data elsewhere are not fetched; put them into the table itself"
            )
        if name == "TABLE":
            self._row = self._fields = self._rows = 0
            self._table(given.get("nrows", "").strip())
        elif name == "FIELD":
            self._field(given)

    def _end(self, _: str) -> None:
        self._depth -= 1

    def _table(self, text: str) -> None:
        if text and whole(text) is None:
            raise TooMuchError(f"nrows={text[:40]}: is no number of rows")
        self._declared = int(text or 0)
        most = min(self._most_rows, self._size)
        if self._declared > most:
            raise TooMuchError(f"nrows={text}: of a VOTable of {self._size} bytes, at most {most} rows are taken")

    def _field(self, given: dict[str, str]) -> None:
        self._fields += 1
        if self._fields > MOST_COLUMNS:
            raise TooMuchError(f"more than {MOST_COLUMNS} columns")
        shape = given.get("arraysize", "").strip() or "1"
        sizes = [one.strip() for one in shape.split("x")]
        sizes = sizes[:-1] if sizes[-1].endswith("*") else sizes  # as long as each row's own value is
        if not all(whole(one, most=LONGEST_AXIS) is not None for one in sizes):
            raise TooMuchError(f"FIELD {self._named(given)}: arraysize={shape[:40]}: is no size of an array")
        self._row += math.prod(map(int, sizes)) * _VOTABLE_SIZES.get(given.get("datatype", "").strip(), 8)
        if self._row > SMALL_ROW + 8 * self._size:
            raise TooMuchError(
                f"FIELD {self._named(given)}: arraysize={shape[:40]}: a row takes {self._row} bytes in a file of "
                f"{self._size}"
            )
        self._check_total()

    def _check_total(self) -> None:
        total = self._row * max(self._declared, self._rows)
        if total > self._most_bytes:
            rows = max(self._declared, self._rows)
            raise TooMuchError(
                f"{rows} rows of {self._row} bytes (arraysize, nrows); at most {self._most_bytes} are taken"
            )

    @staticmethod
    def _named(given: dict[str, str]) -> str:
        return (given.get("name") or given.get("id", ""))[:40]


def _fits_header(file: BinaryIO, offset: int, size: int) -> tuple[dict[str, str], int]:
    """The cards with numbers of the header that begins at an offset, and where it ends."""
    cards: dict[str, str] = {}
    seen = 0
    while offset + BLOCK <= size:
        file.seek(offset)
        block = file.read(BLOCK)
        offset += BLOCK
        for start in range(0, BLOCK, CARD):
            card = block[start : start + CARD]
            name = card[:8].decode("latin-1").strip()
            if name == "END":
                return cards, offset
            if card[8:10] == b"= " and name not in cards:
                cards[name] = card[10:].decode("latin-1").split("/")[0].strip().strip("'").strip()
            seen += 1
        if not cards:
            return {}, offset
        if seen > MOST_HEADER_CARDS:
            raise TooMuchError(f"a header of more than {MOST_HEADER_CARDS} cards")
    return cards, offset


def _fits_size(cards: dict[str, str], hdu: int, axis: str) -> int:
    """Bytes of an HDU's data, by its own axes (NAXIS) or by those of the image that it packs (ZNAXIS)."""
    packed = axis == "ZNAXIS"
    count = _whole(cards, axis, 0, hdu)
    if not 0 <= count <= 999:
        raise TooMuchError(f"HDU {hdu}: {axis} = {count}: must be from 0 to 999")
    lengths = [_whole(cards, f"{axis}{number}", 0, hdu) for number in range(1, count + 1)]
    if any(length < 0 for length in lengths):
        raise TooMuchError(f"HDU {hdu}: {_axes(cards, axis)}: lengths are not negative")
    groups = cards.get("GROUPS") == "T" and lengths[:1] == [0]
    product = math.prod(lengths[1:] if groups else lengths) if lengths else 0
    item = abs(_whole(cards, "ZBITPIX" if packed else "BITPIX", 8, hdu)) // 8
    if packed:
        return item * product
    extra, times = _whole(cards, "PCOUNT", 0, hdu), _whole(cards, "GCOUNT", 1, hdu)
    if extra < 0 or times < 0:
        raise TooMuchError(f"HDU {hdu}: PCOUNT = {extra}, GCOUNT = {times}: must not be negative")
    return item * times * (extra + product) if lengths else 0


def _check_rows(cards: dict[str, str], hdu: int, columns: int, most_rows: int) -> None:
    """Rows are counted by themselves: those without a width take no bytes in a file, and memory all the same."""
    width, rows = _whole(cards, "NAXIS1", 0, hdu), _whole(cards, "NAXIS2", 0, hdu)
    if rows > most_rows:
        raise TooMuchError(f"HDU {hdu}: NAXIS2 = {rows} rows; at most {most_rows} are taken")
    if rows and columns and not width:
        raise TooMuchError(f"HDU {hdu}: NAXIS1 = 0: {rows} rows of {columns} columns have no bytes")


def _check_heap(file: BinaryIO, place: int, cards: dict[str, str], hdu: int, most_bytes: int) -> None:
    """Arrays of variable length lie within the heap, and take no more than may be: many rows may point to one place.

    place : where the table's rows begin
    """
    width, rows = _whole(cards, "NAXIS1", 0, hdu), _whole(cards, "NAXIS2", 0, hdu)
    pointers = _pointers(cards, hdu, width)
    if not pointers or not rows:
        return
    start = _whole(cards, "THEAP", width * rows, hdu)
    heap = width * rows + _whole(cards, "PCOUNT", 0, hdu) - start
    if start < width * rows or heap < 0:
        raise TooMuchError(f"HDU {hdu}: THEAP = {start}: does not lie between its rows and the end of its data")
    total = float(rows * len(pointers) * ARRAY_BYTES)
    file.seek(place)
    for first in range(0, rows, step := max(1, ROWS_READ // width)):
        block = np.frombuffer(file.read(width * min(step, rows - first)), np.uint8).reshape(-1, width)
        for name, offset, kind, size in pointers:
            told = block[:, offset : offset + 2 * kind.itemsize].copy().view(kind)
            count, where = told[:, 0].astype(np.float64), told[:, 1].astype(np.float64)  # which cannot overflow
            if np.any((count < 0) | (where < 0) | (np.where(count > 0, where, 0) + np.ceil(count * size) > heap)):
                raise TooMuchError(f"HDU {hdu}: {name} points to more than the {heap} bytes that its heap has")
            total += float(np.sum(count) * max(size, 1))
    if total > most_bytes:
        raise TooMuchError(f"HDU {hdu} declares arrays that take {total:.0f} bytes; at most {most_bytes} are taken")


def _pointers(cards: dict[str, str], hdu: int, width: int) -> list[tuple[str, int, np.dtype, float]]:
    """Columns of arrays of variable length: name of the card, place in a row, kind of number, bytes of an element."""
    found, offset = [], 0
    for number in range(1, _whole(cards, "TFIELDS", 0, hdu) + 1):
        name = f"TFORM{number}"
        form = _FORM.match(cards.get(name, ""))
        if form is None:
            raise TooMuchError(f"HDU {hdu}: {name} = {cards.get(name, '')[:30]!r}: is no form of a column")
        repeat, letter = int(form[1] or 1), form[2]
        if letter in "PQ" and repeat:
            size = _FITS_SIZES.get(form[3][:1], 1)
            found.append((name, offset, np.dtype(">i8" if letter == "Q" else ">i4"), size))
        offset += math.ceil(repeat * _FITS_SIZES[letter])
    if offset > width:
        raise TooMuchError(f"HDU {hdu}: its columns take {offset} bytes, a row has {width}")
    return found


def _axes(cards: dict[str, str], axis: str) -> str:
    return ", ".join(f"{name} = {cards[name][:20]}" for name in cards if name.startswith(axis) and name != axis)


def _whole(cards: dict[str, str], name: str, default: int, hdu: int) -> int:
    text = cards.get(name)
    if text is None:
        return default
    plain = text.lstrip("+-")
    if whole(plain) is None:
        raise TooMuchError(f"HDU {hdu}: {name} = {text[:30]}: must be a whole number")
    return int(text)
