"""Lists of targets as lines of text: with a header (also behind #), or without one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from archive.given.columns import DEC, RA, B, BadColumnsError, Chosen, Given, L, chosen, meaning
from archive.given.positions import BadPositionError, looks_like_one, pair, parse_position
from archive.sandbox.readers.uploads.dialects import outside_quotes

PLAIN = Chosen(0, 1, 2)
MOST_WORDS = 13  # of a position: 12 h 34 m 56 s -01 d 02 m 03 s, and a frame
_NUMBER = re.compile(r"[+\-−]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+\-−]?[0-9]+,[0-9]+")
_WHOLE = re.compile(r"[0-9]+")
_DESIGNATION = re.compile(r"[Jj]\s*[0-9]{6}")
_NO_NUMBER = re.compile(r"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)


class BadLineError(ValueError):
    """A line that cannot be read; the message names it and says what would be right."""


@dataclass(frozen=True)
class Row:
    """A line's name and the two values of its position, as `columns` reads them; None: the name is looked up."""

    number: int
    name: str
    columns: Chosen | None
    first: object
    second: object


def read(text: str, how: str) -> Iterator[Row]:
    """The rows of a list.

    Parameters
    ----------
    how : what would be right, for the message

    Raises
    ------
    BadLineError, archive.given.columns.BadColumnsError
    """
    every = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    every = [(number, line) for number, line in every if line]
    data = [(number, line) for number, line in every if not line.startswith("#")]
    if not data:
        return
    first, like = data[0]
    before = [line for number, line in every if number < first]
    delimiter = _delimiter(like)
    if before and (names := _header(before[-1].lstrip("# \t"), like)):
        yield from _by_columns(names, data, delimiter, how)
    elif names := _header(like, like):
        yield from _by_columns(names, data[1:], delimiter, how)
    else:
        words = _words(like, delimiter)
        if RA in {meaning(word)[0] for word in words}:
            chosen([Given(word) for word in words], how)  # a header that is not whole: it says what is missing
        for number, line in data:
            yield _positional(number, line)


def _header(line: str, like: str) -> list[str]:
    """The names of columns, where a line is a header; `like` is a line of data, or the same line."""
    words = _joined(_words(line, _delimiter(like) or _delimiter(line)))
    roles = {meaning(word)[0] for word in words}
    alone = len(words) == 1 and _is_name(words[0]) and line == like
    both = {RA, DEC} <= roles or {L, B} <= roles
    return words if alone or (both and not any(map(_NUMBER.fullmatch, words))) else []


def _is_name(word: str) -> bool:
    try:
        return chosen([Given(word)], "").name == 0
    except BadColumnsError:
        return False


def _joined(words: list[str]) -> list[str]:
    """Units in brackets belong to the word before: `ra (deg)`."""
    found: list[str] = []
    for word in words:
        if found and re.fullmatch(r"[(\[].*[)\]]", word):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _by_columns(names: list[str], data: list[tuple[int, str]], delimiter: str | None, how: str) -> Iterator[Row]:
    columns = chosen([Given(name) for name in names], how)

    for number, line in data:
        words = [line] if len(names) == 1 else _words(line, delimiter)
        if len(words) != len(names):
            raise BadLineError(
                f"line {number}: {line[:80]!r} has {len(words)} values, the header {len(names)} columns "
                f"({', '.join(names)[:200]})"
            )
        if delimiter == ";":
            words = [word.replace(",", ".") if _DECIMAL_COMMA.fullmatch(word) else word for word in words]
        name, first, second = (
            "" if place is None else words[place] for place in (columns.name, columns.first, columns.second)
        )
        yield Row(number, name, None if columns.first is None else columns, first, second)


def _delimiter(line: str) -> str | None:
    outside = outside_quotes(line)
    return next((one for one in (";", "\t", ",") if one in outside), None)


def _words(line: str, delimiter: str | None) -> list[str]:
    """A line's values; without a delimiter they are divided by blanks, quoted ones excepted."""
    if delimiter is None and '"' not in line:
        return line.split()
    given = " ".join(line.split()) if delimiter is None else line
    try:
        words = next(csv.reader([given], delimiter=delimiter or " ", skipinitialspace=True), [])
    except csv.Error as error:
        raise BadLineError(f"{line[:60]!r}...: cannot be divided into values ({error})") from error
    return [word.strip() for word in words]


def _positional(number: int, line: str) -> Row:
    """A line without a header: a position, a name and a position, or a name."""
    try:
        place = parse_position(line)
    except BadPositionError as whole:
        delimiter = _delimiter(line)
        found = (_divided(number, line, delimiter) if delimiter else None) or _named(number, line)
        if found is not None:
            return found
        if looks_like_one(line) or any(map(_NO_NUMBER.fullmatch, line.split())):
            raise BadLineError(f"line {number}: {whole}") from whole
        return Row(number, line, None, "", "")
    return Row(number, line if _DESIGNATION.search(line) else "", PLAIN, place.ra, place.dec)


def _divided(number: int, line: str, delimiter: str) -> Row | None:
    """Values with a delimiter between: ra, dec; or name, ra, dec; sexagesimal ones may be divided as well."""
    words = _words(line, delimiter)
    if delimiter == ";":
        words = [word.replace(",", ".") if _DECIMAL_COMMA.fullmatch(word) else word for word in words]
    if len(words) in (6, 7) and all(map(_NUMBER.fullmatch, words[-6:])):
        words = [*words[:-6], " ".join(words[-6:-3]), " ".join(words[-3:])]
    if len(words) == 2 and not _NUMBER.fullmatch(words[0]):
        try:
            place = parse_position(words[1])  # name, "ra dec"
        except BadPositionError:
            return None if _is_no_coordinate(words[0]) else Row(number, "", PLAIN, *words)
        return Row(number, words[0], PLAIN, place.ra, place.dec)
    if len(words) not in (2, 3):
        raise BadLineError(
            f"line {number}: {line[:80]!r}: has {len(words)} values; give name, ra, dec, or a header line"
        )
    name, first, second = ["", *words][-3:]
    _check_name(number, line, name, first, second)
    return Row(number, name, PLAIN, first, second)


def _named(number: int, line: str) -> Row | None:
    """A name and a position behind it: the longest end of the line that is a position."""
    words = line.split()
    for start in range(max(1, len(words) - MOST_WORDS), len(words)):
        end = " ".join(words[start:])
        try:
            place = parse_position(end)
        except BadPositionError as error:
            if looks_like_one(end) and not _NUMBER.fullmatch(words[start - 1]) and len(words) - start in (2, 6):
                raise BadLineError(f"line {number}: {error}") from error
            continue
        plain = words[start:] if all(map(_NUMBER.fullmatch, words[start:])) else []
        signed = len(plain) == 6 and plain[3][0] in "+-−"
        if plain and not signed:
            _check_name(number, line, words[start - 1], *plain[:2])
        name = line if _DESIGNATION.search(end) else " ".join(words[:start])
        return Row(number, name, PLAIN, place.ra, place.dec)
    return None


def _is_no_coordinate(word: str) -> bool:
    try:
        pair(word, "0d0m")
    except BadPositionError:
        return True
    return False


def _check_name(number: int, line: str, before: str, first: str, second: str) -> None:
    """Three numbers in a row are a numbered target only where the first is whole and the others have fractions."""
    if not _NUMBER.fullmatch(before) or not _NUMBER.fullmatch(first):
        return
    if not (_WHOLE.fullmatch(before) and "." in first and "." in second):
        raise BadLineError(
            f"line {number}: {line[:80]!r}: which of its numbers are right ascension and declination? Give a header "
            "line such as name,ra,dec"
        )
