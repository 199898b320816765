"""Texts that are tables: how their values are divided, and where the names of the columns stand.

Known are commas, semicolons (with decimal commas), tabs, bars and blanks; the names stand in the first line, or in the
comment (#) before it, as TOPCAT and numpy write them. Numbers that would not be kept as they stand are text: whole ones
with leading zeros, those of more digits than a floating number has, and those in digits of another script.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import numpy as np
from astropy.io import ascii as text_tables
from astropy.table import MaskedColumn, Table

from archive.sandbox.readers.uploads.values import why_changed, why_no_real, wrong

DELIMITERS = (";", "\t", ",", "|")
FIRST_ROWS = 20  # that tell what divides values
_NUMBER = re.compile(r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_QUOTED = re.compile(r'"[^"]*"')
_LEADING_ZEROS = re.compile(r"\s*[+-]?0[0-9]")
_MOST_EXACT = 2.0**53  # up to which floating numbers hold each whole one
_BRACKETS = re.compile(r"[(\[].*[)\]]")


class NoTableError(ValueError):
    """Lines that are no table; the message says why."""


def table_of_lines(lines: list[str]) -> Table:
    """The table that lines of text are; names as they stand, what is missing masked.

    Raises
    ------
    NoTableError
    """
    numbered = [line for line in lines if line.strip()]
    comments = next((n for n, line in enumerate(numbered) if not line.lstrip().startswith("#")), len(numbered))
    rows = numbered[comments:]
    if not rows and comments:  # a table without rows, its names behind #
        rows, comments = [numbered[-1].lstrip("# \t")], 0
    if not rows:
        raise NoTableError("it is empty")
    delimiter = delimiter_of(rows)
    names = divided(rows[0], delimiter)
    if any(map(_NUMBER.fullmatch, names)):
        told = divided(numbered[comments - 1].lstrip("# \t"), delimiter) if comments else []
        if len(told) != len(names) or any(map(_NUMBER.fullmatch, told)):
            raise NoTableError(f"its first line, {rows[0][:60]!r}, has no names of columns")
        names = told
    else:
        rows = rows[1:]
    return _read(names, rows, delimiter)


def delimiter_of(rows: list[str]) -> str:
    """The delimiter of lines: what divides the first ones into equally many values, two at least; or blanks.

    Raises
    ------
    NoTableError
        for lines that two delimiters divide in this way.
    """
    outside = outside_quotes(rows[0])
    known = [one for one in DELIMITERS if one in outside]
    counts = {one: {len(divided(row, one)) for row in rows[:FIRST_ROWS]} for one in known}
    fit = [one for one, found in counts.items() if len(found) == 1]
    if len(fit) > 1 and len(rows) > 1:
        either = f"{fit[0]!r} and by {fit[1]!r}"
        raise NoTableError(f"its lines are divided by {either} alike; put texts that hold them in quotes")
    return next(iter(fit or known), " ")


def outside_quotes(line: str) -> str:
    """A line without its quoted parts, in which a delimiter divides nothing."""
    return _QUOTED.sub("", line)


def _check_lengths(names: list[str], rows: list[str], delimiter: str) -> None:
    """Refuse a row that has more or fewer values than there are columns."""
    for number, row in enumerate(csv.reader(rows, delimiter=delimiter), 1):
        if len(row) != len(names) and row:
            raise NoTableError(f"its row {number} has {len(row)} values, its header {len(names)} columns")


def divided(line: str, delimiter: str) -> list[str]:
    """A line's values; with blanks between, a unit in brackets belongs to the name before."""
    if delimiter != " ":
        return [word.strip() for word in next(csv.reader([line], delimiter=delimiter))]
    words: list[str] = []
    for word in next(csv.reader([" ".join(line.split())], delimiter=" ")):
        if words and _BRACKETS.fullmatch(word):
            words[-1] += f" {word}"
        else:
            words.append(word)
    return words


def _read(names: list[str], rows: list[str], delimiter: str) -> Table:
    if unnamed := [n for n, name in enumerate(names, 1) if not name]:
        raise NoTableError(f"its column {unnamed[0]} has no name")
    if twice := [name for name in names if names.count(name) > 1]:
        raise NoTableError(f"its columns {twice[0]!r} and {twice[0]!r} have one name")
    plain = [f"c{n}" for n in range(len(names))]  # the reader would change some names
    header = delimiter.join(plain)
    if not rows:
        return Table({name: np.empty(0, float) for name in names})
    if delimiter != " ":
        _check_lengths(names, rows, delimiter)
    form = "csv" if delimiter != " " else "basic"
    table = text_tables.read([header, *rows], format=form, delimiter=delimiter, guess=False)
    for number in _kept_as_text(table, names, rows, delimiter):
        texts = [row[number].strip() for row in _divided_rows(rows, delimiter)]
        table[plain[number]] = MaskedColumn(texts, mask=[not text for text in texts])
    if delimiter == ";":
        for name, told in zip(table.colnames, names, strict=True):
            table[name] = _with_points(table[name], told)
    table.rename_columns(table.colnames, names)
    return table


def _divided_rows(rows: list[str], delimiter: str) -> Iterator[list[str]]:
    """The texts of each row that the reader of tables sees."""
    if delimiter != " ":
        return (row for row in csv.reader(rows, delimiter=delimiter) if row)
    lines = (" ".join(row.split()) for row in rows if not row.lstrip().startswith("#"))
    return (row for row in csv.reader(lines, delimiter=" ") if row)


def _kept_as_text(table: Table, names: list[str], rows: list[str], delimiter: str) -> list[int]:
    """Columns of numbers, by number from 0, whose values would change.

    Raises
    ------
    WrongValueError
        for a number that would be infinite, or zero.
    """
    whole = [n for n, name in enumerate(table.colnames) if table[name].dtype.kind in "iu"]
    odd = {n: _odd(table[name]) for n, name in enumerate(table.colnames) if table[name].dtype.kind == "f"}
    numbers = [] if all(map(str.isascii, rows)) else [*whole, *odd]  # the reader takes digits of every script
    found: set[int] = set()
    count = 0
    for count, row in enumerate(_divided_rows(rows, delimiter), 1):
        if count > len(table):
            break
        found.update(n for n in whole if _LEADING_ZEROS.match(row[n]))
        found.update(n for n in numbers if not row[n].isascii())
        for n, flags in odd.items():
            if flags[count - 1] and row[n].strip() and _loses_digits(row[n], names[n], count):
                found.add(n)
    if count != len(table):
        raise NoTableError(
            f"its lines are {len(table)} rows or {count}; put texts that hold quotes or breaks in quotes"
        )
    return sorted(found)


def _odd(column: MaskedColumn) -> bytes:
    """A flag for each number whose text may say another one."""
    size = np.abs(np.ma.filled(np.ma.asarray(column, dtype=np.float64), 1.0))
    return ((size >= _MOST_EXACT) | (size == 0)).tobytes()


def _loses_digits(text: str, name: str, row: int) -> bool:
    """Whether a number's text has more digits than a floating number; refused where not even its size is kept."""
    if why := why_no_real(text.strip()):
        raise wrong(name, row, text, why)
    return why_changed(text) is not None


def _with_points(column: MaskedColumn, name: str) -> MaskedColumn:
    """A column of numbers with decimal commas as numbers; any other as it is."""
    if column.dtype.kind != "U":
        return column
    mask = np.ma.getmaskarray(np.ma.asarray(column))
    texts = np.asarray(column).tolist()
    if not all(null or _DECIMAL_COMMA.fullmatch(text) for text, null in zip(texts, mask, strict=True)):
        return column
    told = [
        (n, "" if null else text.replace(",", ".")) for n, (text, null) in enumerate(zip(texts, mask, strict=True), 1)
    ]
    if any(_LEADING_ZEROS.match(text) for _, text in told) and not any("." in text for _, text in told):
        return column
    if any(text and _loses_digits(text, name, n) for n, text in told):
        return column
    values = [float(text) if text else np.nan for _, text in told]
    return MaskedColumn(values, name=column.name, mask=mask)
