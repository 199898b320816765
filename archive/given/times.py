"""Times from a text or a number: UTC as ISO 8601, Julian dates, modified Julian dates. No Django.

An offset (`+02:00`, `Z`) is honoured. What may be read in two ways is refused: days and months with slashes, years of
two digits, other time scales, numbers that are neither the one nor the other date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

import numpy as np

from archive.requests.numbers import real
from archive.survey.times import MJD_UNIX_EPOCH, MJD_ZERO, SECONDS_PER_DAY, date_of_jd

JULIAN, MODIFIED = (2_300_000.0, 2_600_000.0), (15_000.0, 110_000.0)  # days: what a number is taken for
Moment = TypeVar("Moment", float, datetime)
UNIX_SECONDS, UNIX_MILLISECONDS = (1e8, 1e10), (1e11, 1e13)
HOW = "give UTC as 2020-09-24 10:21:45, a Julian date (2459116.93) or a modified one (59116.43)"
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ]\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?"
    r"\s*(?P<zone>Z|UTC?|GMT|[+\-−][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_JD = re.compile(r"(?P<kind>JD|MJD)\s*[=:]?\s*(?P<days>[0-9]+\.?[0-9]*)", re.IGNORECASE)
_SLASHES = re.compile(r"[0-9]{1,4}[/.][0-9]{1,2}[/.][0-9]{1,4}(?!\.).*")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{1,4}.*")
_SCALES = re.compile(r"\b(TAI|TT|TDB|TCB|TCG|TDT|ET|UT1|GPS|LST|EST|EDT|CET|CEST|PST|PDT|MST)\b", re.IGNORECASE)


class BadTimeError(ValueError):
    """A time that is none or may mean several; the message names it and says what would be right."""


def moment(text: str) -> datetime:
    """The UTC date and time that a text is.

    Raises
    ------
    BadTimeError
    """
    stripped = text.strip()
    if _ISO.fullmatch(stripped):
        return calendar(text)
    number = real(stripped)
    if found := _JD.fullmatch(stripped):
        number = float(found["days"])
        low, high = JULIAN if found["kind"].upper() == "JD" else MODIFIED
        if not low <= number <= high:
            raise BadTimeError(f"{text[:60]!r}: no such {found['kind'].upper()}; {HOW}")
    if number is not None:
        return date_of_jd(julian(number, text))
    return calendar(text)


def calendar(text: str) -> datetime:
    """The UTC date and time of a text in ISO 8601.

    Raises
    ------
    BadTimeError
    """
    stripped = text.strip()
    if found := _ISO.fullmatch(stripped):
        return _of_calendar(found, text)
    if found := _SCALES.search(stripped):
        raise BadTimeError(f"{text[:60]!r}: {found[1]} is not taken, times are UTC; {HOW}")
    if _SLASHES.fullmatch(stripped):
        raise BadTimeError(f"{text[:60]!r}: which is the day and which the month? {HOW}")
    if _SHORT_YEAR.fullmatch(stripped):
        raise BadTimeError(f"{text[:60]!r}: a year has four digits and stands first; {HOW}")
    raise BadTimeError(f"{text[:60]!r} is no time; {HOW}")


def julian(number: float, said: str = "") -> float:
    """The Julian date of a number that is one or a modified one.

    Raises
    ------
    BadTimeError
    """
    if JULIAN[0] <= number <= JULIAN[1]:
        return number
    if MODIFIED[0] <= number <= MODIFIED[1]:
        return number + MJD_ZERO
    raise BadTimeError(f"{said.strip()[:60] or number!r}: {_meant(number)}; {HOW}")


def as_modified(number: float, name: str) -> float:
    """A number that must be a modified Julian date, or an open end.

    Raises
    ------
    BadTimeError
        for what is a Julian date or Unix time, with the modified one.
    """
    if not np.isfinite(number) or number <= 0 or MODIFIED[0] <= number <= MODIFIED[1]:
        return number
    right = _modified_of(number)
    told = f"; for that moment give {right:.6f}".rstrip("0").rstrip(".") if right is not None else ""
    raise BadTimeError(f"{name}={number:.15g}: {name} is a modified Julian date, this is {_kind(number)}{told}")


def as_julian(number: float, name: str) -> float:
    """A number that must be a Julian date.

    Raises
    ------
    BadTimeError
    """
    if JULIAN[0] <= number <= JULIAN[1]:
        return number
    right = _modified_of(number)
    right = number if right is None and MODIFIED[0] <= number <= MODIFIED[1] else right
    told = f" (for that moment {right + MJD_ZERO:.6f})" if right is not None else ""
    raise BadTimeError(
        f"{name}={number:.15g}: give a Julian date, for example 2458194.5{told}; this is {_kind(number)}"
    )


def in_order(since: Moment | None, until: Moment | None, names: tuple[str, str] = ("since", "until")) -> None:
    """Refuse a span without length, whose end does not lie after its beginning; both are of one kind.

    Raises
    ------
    BadTimeError
    """
    if since is None or until is None or since < until:
        return
    first, last = (_shown(one) for one in (since, until))
    if since == until:
        raise BadTimeError(
            f"{names[0]}={first}, {names[1]}={last}: nothing lies between, for {names[1]} itself is left out; "
            f"for one day give the day after it as {names[1]}"
        )
    raise BadTimeError(f"{names[0]}={first} is later than {names[1]}={last}: exchange the two")


def _shown(one: float | datetime) -> str:
    return one.strftime("%Y-%m-%d %H:%M:%S") if isinstance(one, datetime) else f"{one:.15g}"


def _of_calendar(found: re.Match, text: str) -> datetime:
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    fraction = (found["fraction"] or "").ljust(6, "0")[:6]
    zone = (found["zone"] or "").replace("−", "-").replace(":", "").upper()
    offset = timedelta()
    if zone[:1] in ("+", "-"):
        hours, minutes = int(zone[1:3]), int(zone[3:5] or 0)
        if 60 * hours + minutes > 14 * 60 or minutes > 59:
            raise BadTimeError(
                f"{text[:60]!r}: {found['zone']} is no offset from UTC, which reach from -14:00 to +14:00"
            )
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, int(fraction or 0), timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadTimeError(f"{text[:60]!r}: there is no such date or time ({error}); {HOW}") from error


def _modified_of(number: float) -> float | None:
    if JULIAN[0] <= number <= JULIAN[1]:
        return number - MJD_ZERO
    if UNIX_SECONDS[0] <= number <= UNIX_SECONDS[1]:
        return number / SECONDS_PER_DAY + MJD_UNIX_EPOCH
    if UNIX_MILLISECONDS[0] <= number <= UNIX_MILLISECONDS[1]:
        return number / (1000 * SECONDS_PER_DAY) + MJD_UNIX_EPOCH
    return None


def _kind(number: float) -> str:
    if JULIAN[0] <= number <= JULIAN[1]:
        return "a Julian date"
    if MODIFIED[0] <= number <= MODIFIED[1]:
        return "a modified Julian date"
    if UNIX_SECONDS[0] <= number <= UNIX_SECONDS[1] or UNIX_MILLISECONDS[0] <= number <= UNIX_MILLISECONDS[1]:
        return "Unix time"
    if 1000 <= number < MODIFIED[0]:
        return "neither a Julian date nor a modified one; it may be one less 2450000 or 2457000"
    if 1_800_01_01 <= number <= 2_100_12_31:
        return "a date without its hyphens"
    return "no date"


def _meant(number: float) -> str:
    return f"this is {_kind(number)}"
