"""Positions on the sky from a text or two numbers: every notation that is known, and no other.

A text is known as a whole: frame (`archive.given.frames`), labels, then two coordinates. Where a text could be divided
into two coordinates in more than one way it is refused. Digits are only divided where a designation does so (SDSS,
2MASS: J053500-052300).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from archive.given import frames

LONGEST = 200  # characters
MOST_TURNS = 100  # beyond, a right ascension is no angle that somebody measured
DECIMAL, HOURS, DEGREES, SEXAGESIMAL, DMS = "decimal", "hours", "degrees", "sexagesimal", "degrees, minutes, seconds"
HOW = (
    'write it like "210.80227 54.34895", "14:03:12.5 +54:20:56", "14h03m12.5s +54d20m56s", "ra=210.8 dec=54.3", '
    '"l=102.0 b=59.8" or "150.1 2.2 FK5"'
)


class BadPositionError(ValueError):
    """A position that is none or may mean several; the message names it and says what would be right."""


@dataclass(frozen=True)
class Position:
    """ICRS degrees, the right ascension within 0 and 360."""

    ra: float
    dec: float


@dataclass(frozen=True)
class Coordinate:
    """One of the two: its value, and how that is meant.

    kind : DECIMAL (nothing said), HOURS, DEGREES, or SEXAGESIMAL (hours of right ascension, degrees of declination)
    whole : whether it is without minutes and seconds
    proper : whether these are below 60
    """

    value: float
    kind: str
    whole: bool
    proper: bool = True


_MARKS = str.maketrans(
    dict.fromkeys("−‐‑‒﹣－", "-")
    | dict.fromkeys("＋", "+")
    | dict.fromkeys("′’‘ʹ´`", "'")
    | dict.fromkeys("″”“ʺ˝", '"')
    | dict.fromkeys("°º˚", "d")
    | {"ʰ": "h", "ᵐ": "m", "ˢ": "s", "ᵈ": "d", "α": "ra", "δ": "dec"}
)
_EN_DASH = re.compile(r"(?:(?<=^)|(?<=[\s,;=:(\[]))[–—](?=\s*[0-9.])")  # elsewhere it may stand between two values
_N = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_H, _D = r"(?:hours?|hrs?|h)", r"(?:degrees?|degs?|d)"
_M, _S = r"(?:arcmin|minutes?|mins?|m|')", r"(?:arcsec|seconds?|secs?|s|\"|'')"
_SIGN = r"(?P<sign>[+-]?)\s*"
_PLAIN = re.compile(rf"{_SIGN}(?P<a>{_N}(?:e[+-]?[0-9]+)?)\s*(?:(?P<h>{_H})|(?P<d>{_D}))?")
_LETTERS = re.compile(
    rf"{_SIGN}(?P<a>[0-9]+)\s*(?:(?P<h>{_H})|(?P<d>{_D}))\s*"
    rf"(?:(?P<b>{_N})\s*{_M}?|(?P<b2>[0-9]+)\s*{_M}\s*(?:(?P<c>{_N})\s*{_S}?|(?P<c2>[0-9]+){_S}(?P<f>\.[0-9]+)))"
)
_DIVIDED = re.compile(
    rf"{_SIGN}(?P<a>[0-9]+)(?:\s*:\s*(?:(?P<b>{_N})|(?P<b2>[0-9]+)\s*:\s*(?P<c>{_N}))"
    rf"|\s+(?:(?P<b3>{_N})|(?P<b4>[0-9]+)\s+(?P<c3>{_N})))"
)
_RA_LABEL = r"(?P<ra>r\.?\s?a\.?|ra[_ ]?j2000|ra[_ ]?icrs|alpha|right ascension)"
_DEC_LABEL = r"(?P<dec>de[_ ]?j2000|dec[_ ]?j2000|dec?[_ ]?icrs|declination|decl\.?|dec\.?|de|delta)"
_L_LABEL, _B_LABEL = r"(?P<l>g?lon|gal_?lon|l_?ii|l)", r"(?P<b>g?lat|gal_?lat|b_?ii|b)"
_IS, _BETWEEN = r"(?:\s*[=:]\s*|\s+|(?=[+\-.0-9]))", r"(?:\s*[,;&]\s*|\s+)"
_LABELLED = tuple(
    re.compile(pattern)
    for ra, dec in ((_RA_LABEL, _DEC_LABEL), (_L_LABEL, _B_LABEL))
    for pattern in (
        rf"{ra}{_IS}(?P<x>.+?){_BETWEEN}{dec}{_IS}(?P<y>.+)",
        rf"{dec}{_IS}(?P<y>.+?){_BETWEEN}{ra}{_IS}(?P<x>.+)",
    )
)
_SURVEYS = (
    r"SDSS|2MASS[IXs]?|(?:ALL|CAT|C)?WISE[AP]?|ZTF|ASASSN-V|CRTS|[CMS]SS|[234]?XMM|[12]?CXO|1RXS|GALEX|NVSS|FIRST|"
    "LAMOST"
)
_DESIGNATION = re.compile(
    rf"(?:(?P<survey>{_SURVEYS})[\s_]*)?J\s*(?P<ra>[0-9]{{6}}|[0-9]{{8}}|[0-9]{{6}}\.[0-9]+)\s*"
    r"(?P<sign>[+-])\s*(?P<dec>[0-9]{6}|[0-9]{7}|[0-9]{6}\.[0-9]+)",
    re.IGNORECASE,
)
_INNER_SIGN = re.compile(r"(?<![0-9.]e)(?<!^)[+-]")
_DIVISION = re.compile(r"\s+|(?<=[hds\"'])(?=[0-9.])")
_UNSIGNED = re.compile(rf"{_N}(?: {_N})*")
_NUMBERS = re.compile(
    r"[(\[]?\s*(?:[+-]\s*)?[.0-9](?:[-\s0-9:,;.+'\"()\[\]–—hdmse]|deg(?:rees?)?|mins?|secs?|hours?|arcmin|arcsec)*"
)


def at(ra: float, dec: float, said: str = "") -> Position:
    """The position of two numbers, ICRS degrees; a right ascension of any turn.

    Parameters
    ----------
    said : how it was written, as the message begins

    Raises
    ------
    BadPositionError
        for what is not finite, a declination beyond a pole, or a right ascension of more than MOST_TURNS turns.
    """
    said = said or repr(f"{ra:g} {dec:g}")
    if not (math.isfinite(ra) and math.isfinite(dec)):
        raise BadPositionError(f"{said}: right ascension and declination must be finite numbers")
    if not -90.0 <= dec <= 90.0:
        raise BadPositionError(f"{said}: declination {dec:g} must lie in -90 .. 90 degrees")
    if abs(ra) > 360.0 * MOST_TURNS:
        raise BadPositionError(
            f"{said}: right ascension {ra:g} must lie in 0 .. 360 degrees (or some turns from there)"
        )
    turned = ra % 360.0
    return Position(0.0 if turned == 360.0 else turned, dec)


def parse_position(text: str) -> Position:
    """The position that a text is.

    Raises
    ------
    BadPositionError
    """
    shown = text if len(text) <= 80 else text[:77] + "..."
    if len(text) > LONGEST:
        raise BadPositionError(f"{shown!r}: {len(text)} characters are no position: {HOW}")
    cleaned = _cleaned(text)
    if found := _DESIGNATION.fullmatch(cleaned):
        return _designated(found, shown)
    try:
        body, frame = frames.taken_from(cleaned)
        x, y, galactic = _labelled(body)
    except frames.UnknownFrameError as error:
        raise BadPositionError(f"{shown!r}: {error}") from error
    if galactic and frame not in (None, frames.GALACTIC):
        raise BadPositionError(f"{shown!r}: l and b are galactic, not {frame}")
    frame = frames.GALACTIC if galactic else frame or frames.ICRS
    first, second = _both(x, y, shown)
    if frame == frames.GALACTIC:
        place = at(_longitude(first, shown), _latitude(second, shown), repr(shown))
    else:
        place = _equatorial(first, second, shown)
    return at(*frames.to_icrs(frame, place.ra, place.dec), repr(shown))


def pair(ra: str, dec: str, unit: str = "") -> Position:
    """The position of a right ascension and a declination that stand apart, as in two columns.

    Parameters
    ----------
    unit : HOURS or DEGREES where the column says so of decimal right ascensions, SEXAGESIMAL (hours) or DMS where it
        says that they are written in this way

    Raises
    ------
    BadPositionError
    """
    said = f"{ra} {dec}"
    if len(said) > LONGEST:
        raise BadPositionError(f"{said[:77] + '...'!r}: {len(said)} characters are no position: {HOW}")
    first, second = _coordinate(_cleaned(ra)), _coordinate(_cleaned(dec))
    if first is None or second is None:
        raise BadPositionError(f"{said!r} is not a position: {HOW}")
    if not (first.proper and second.proper):
        raise BadPositionError(f"{said!r}: minutes and seconds must be below 60")
    if unit == DEGREES and first.kind in (SEXAGESIMAL, HOURS):
        raise BadPositionError(f"{said!r}: the column's right ascensions are in degrees, this one is sexagesimal")
    if unit in (SEXAGESIMAL, DMS) and first.kind == DECIMAL:
        raise BadPositionError(f"{said!r}: the column's right ascensions are sexagesimal, this is a plain number")
    if unit == DMS and first.kind == HOURS:
        raise BadPositionError(f"{said!r}: the column's right ascensions are in degrees, this one is in hours")
    if unit == DMS:
        first = Coordinate(first.value, DEGREES, first.whole)
    if unit and first.kind == DECIMAL:
        first = Coordinate(first.value, unit, first.whole)
    return _equatorial(first, second, said)


def looks_like_one(text: str) -> bool:
    """Whether a text that is no position was meant as one: it is made of numbers and their marks, or has labels."""
    cleaned = _cleaned(text[:LONGEST])
    try:
        body, frame = frames.taken_from(cleaned)
    except frames.UnknownFrameError:
        return bool(re.match(r"[(\[]?[+-]?[.0-9]", cleaned))
    labelled = any(one.fullmatch(body) for one in _LABELLED) and bool(re.search("[0-9]", body))
    return labelled or bool(_NUMBERS.fullmatch(body))


def _cleaned(text: str) -> str:
    return " ".join(_EN_DASH.sub("-", text.strip().translate(_MARKS)).lower().split())


def _labelled(body: str) -> tuple[str, str | None, bool]:
    """The two coordinates of a text and whether they are galactic; the second is None where there are no labels."""
    if body[:1] + body[-1:] in ("()", "[]"):
        body = body[1:-1].strip()
    for pattern in _LABELLED:
        if found := pattern.fullmatch(body):
            return found["x"].strip(), found["y"].strip(), "l" in pattern.groupindex
    return body, None, False


def _both(x: str, y: str | None, said: str) -> tuple[Coordinate, Coordinate]:
    """The two coordinates: labelled, or divided in the only way that makes two of the text.

    Raises
    ------
    BadPositionError
    """
    if y is None and _UNSIGNED.fullmatch(x) and (count := len(x.split())) not in (2, 6):
        raise BadPositionError(
            f"{said!r} is not a position: it has {count} number{'s' * (count > 1)}, and two (degrees) or six are "
            f"needed where neither a sign nor a comma divides them; {HOW}"
        )
    ways = {}
    for one, other in [(x, y)] if y is not None else _divisions(x):
        longitude, latitude = _coordinate(one), _coordinate(other)
        if longitude is not None and latitude is not None:
            ways[longitude, latitude] = (one, other)
    if not ways:
        raise BadPositionError(f"{said!r} is not a position: {HOW}")
    if len(ways) > 1:
        raise BadPositionError(
            f"{said!r}: may be {' or '.join(' | '.join(way) for way in list(ways.values())[:3])}; put a comma between "
            f"right ascension and declination: {HOW}"
        )
    first, second = next(iter(ways))
    if not (first.proper and second.proper):
        raise BadPositionError(f"{said!r}: minutes and seconds must be below 60")
    return first, second


def _divisions(body: str) -> Iterator[tuple[str, str]]:
    """The ways in which a text may be divided in two: by its one comma or semicolon, by a sign, or else by blanks."""
    if body.count(";") == 1:
        one, other = (half.strip() for half in body.split(";"))
        if all(half.count(",") == 1 and "." not in half for half in (one, other)):
            one, other = one.replace(",", "."), other.replace(",", ".")  # a decimal comma
        yield one, other
    elif body.count(",") == 1:
        one, other = body.split(",")
        yield one.strip(), other.strip()
    elif ";" in body or "," in body:
        return
    elif signs := [found.start() for found in _INNER_SIGN.finditer(body)]:
        if len(signs) == 1:
            yield body[: signs[0]].strip(), body[signs[0] :]
    else:
        for gap in _DIVISION.finditer(body):
            yield body[: gap.start()], body[gap.end() :]


def _coordinate(text: str) -> Coordinate | None:
    """One coordinate; None for a text that is none."""
    for pattern in (_PLAIN, _LETTERS, _DIVIDED):
        if found := pattern.fullmatch(text):
            parts = {name: value for name, value in found.groupdict().items() if value is not None}
            minutes = parts.get("b", parts.get("b2", parts.get("b3", parts.get("b4", "0"))))
            seconds = parts.get("c", parts.get("c2", "") + parts.get("f", "") or parts.get("c3", "0"))
            a, b, c = float(parts["a"]), float(minutes), float(seconds)
            value = a + b / 60 + c / 3600
            kind = HOURS if "h" in parts else DEGREES if "d" in parts else SEXAGESIMAL
            kind = DECIMAL if pattern is _PLAIN and kind == SEXAGESIMAL else kind
            signed = -value if parts["sign"] == "-" else value
            return Coordinate(signed, kind, pattern is _PLAIN, b < 60 and c < 60)
    return None


def _equatorial(first: Coordinate, second: Coordinate, said: str) -> Position:
    if second.kind == HOURS:
        raise BadPositionError(f"{said!r}: a declination has degrees, not hours")
    if first.kind == DECIMAL and not second.whole:
        raise BadPositionError(f"{said!r}: is its right ascension in hours or degrees? Write h or d behind it: {HOW}")
    if first.kind == SEXAGESIMAL and second.whole:
        raise BadPositionError(f"{said!r}: one coordinate is sexagesimal, the other decimal; write both alike: {HOW}")
    if first.kind not in (HOURS, SEXAGESIMAL):
        return at(first.value, second.value, repr(said))
    if not 0 <= first.value <= 24 or math.copysign(1, first.value) < 0:
        raise BadPositionError(
            f"{said!r}: {first.value:g} hours of right ascension; must lie in 0 .. 24 (or write d for degrees)"
        )
    return at(15.0 * first.value, second.value, repr(said))


def _longitude(one: Coordinate, said: str) -> float:
    if one.kind in (HOURS, SEXAGESIMAL):
        raise BadPositionError(f"{said!r}: galactic coordinates are degrees, for example l=157.3 b=-16.9")
    return one.value


def _latitude(one: Coordinate, said: str) -> float:
    value = _longitude(one, said)
    if not -90 <= value <= 90:
        raise BadPositionError(f"{said!r}: galactic latitude {value:g} must lie in -90 .. 90 degrees")
    return value


def _designated(found: re.Match, said: str) -> Position:
    """Hours, minutes, seconds and degrees, minutes, seconds, as a designation cuts its digits."""
    ra, dec = found["ra"], found["dec"]
    if (len(ra) == 8 and "." not in ra) != (len(dec) == 7 and "." not in dec):
        raise BadPositionError(f"{said!r}: is no designation like J053500.1-052300 or 2MASS J05352184-0546085")
    ra, dec = (text if "." in text else f"{text[:6]}.{text[6:] or 0}" for text in (ra, dec))
    parts = [(text[:2], text[2:4], text[4:]) for text in (ra, dec)]
    first, second = (_coordinate(":".join(part)) for part in parts)
    if first is None or second is None or not (first.proper and second.proper):
        raise BadPositionError(f"{said!r}: minutes and seconds must be below 60")
    signed = Coordinate(-second.value if found["sign"] == "-" else second.value, second.kind, second.whole)
    return _equatorial(first, signed, said)
