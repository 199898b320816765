"""The scale of a column of times, by its name, its unit and its values; modified Julian dates come of it. No Django."""

from __future__ import annotations

import re

import numpy as np

from archive.given.times import JULIAN, MODIFIED, UNIX_MILLISECONDS, UNIX_SECONDS, BadTimeError, moment
from archive.survey.times import MJD_UNIX_EPOCH, MJD_ZERO, SECONDS_PER_DAY, julian_date

OFFSETS = {"btjd": 2457000.0, "tjd": 2457000.0, "bkjd": 2454833.0, "kjd": 2454833.0, "rjd": 2400000.0}
"""What is to be added to names' days for Julian dates: of TESS, Kepler, and reduced ones."""
UNIX = "unix"
_LESS = re.compile(r"\b[hb]?jd[a-z_]*\s*[-−–]\s*(?P<zero>24[0-9]{5}(?:\.[0-9]+)?)")
_JD, _MJD = (
    re.compile(r"(?:[hb]|obs)?jd(?:_?(?:utc|tdb|mid|start))?"),
    re.compile(r"h?m[hb]?jd|obsmjd|mjd_?[a-z]*|bmjd"),
)
_UNIX = re.compile(r"unix.*|.*unix_?time|epoch_?s(?:econds)?|posix.*")
_RIGHT = "name its column jd, mjd, btjd, unix or, for example, HJD-2450000"


def modified(values: np.ndarray, name: str, unit: str = "") -> np.ndarray:
    """The times of a column as modified Julian dates; what is missing is NaN.

    Parameters
    ----------
    values : (n,), numbers or texts (ISO 8601, UTC)
    name, unit : as the table has them

    Raises
    ------
    BadTimeError
        where name, unit and values do not fit, or leave the scale open.
    """
    if values.dtype.kind in "US":
        return _of_texts(values, name)
    days = np.asarray(values, np.float64)
    zero = _zero(name, unit)
    if zero == UNIX:
        seconds = days / 1000 if unit.strip().lower() in ("ms", "millisecond") else days
        known = seconds[np.isfinite(seconds)]
        if not _within(known, UNIX_SECONDS):
            raise BadTimeError(
                f"{name}: {_what(known)}: these are no seconds since 1970, as {unit or 'its name'} says; {_RIGHT}"
            )
        return _checked(seconds / SECONDS_PER_DAY + MJD_UNIX_EPOCH, days, name)
    if isinstance(zero, float):
        return _checked(days + zero - MJD_ZERO, days, name)
    plain = re.sub(r"[^a-z0-9_]", "", name.lower())
    known = days[np.isfinite(days)]
    if not known.size:
        return days
    julian, modified_ones = _within(known, JULIAN), _within(known, MODIFIED)
    if _MJD.fullmatch(plain) or not _JD.fullmatch(plain):
        if modified_ones:
            return days
        if julian and not _MJD.fullmatch(plain):
            return days - MJD_ZERO
    elif julian:
        return days - MJD_ZERO
    raise BadTimeError(f"{name}: {_what(known)}: the scale of these times is not known; {_RIGHT}")


def says_its_zero(name: str) -> bool:
    """Whether a name is that of days since another zero, as HJD-2450000."""
    return bool(_LESS.search(name.strip().lower()))


def _zero(name: str, unit: str) -> float | str | None:
    """Days to add for Julian dates, by a name or unit; UNIX for seconds since 1970."""
    for text in (unit.strip().lower(), name.strip().lower()):
        if found := _LESS.search(text):
            return float(found["zero"])
    plain = re.sub(r"[^a-z0-9_]", "", name.lower())
    first = re.split(r"_", plain)[0]
    if first in OFFSETS:
        return OFFSETS[first]
    if _UNIX.fullmatch(plain) or unit.strip().lower() in ("s", "sec", "second", "seconds", "ms", "millisecond"):
        return UNIX
    return None


def _checked(mjd: np.ndarray, given: np.ndarray, name: str) -> np.ndarray:
    known = mjd[np.isfinite(mjd)]
    if known.size and not _within(known, MODIFIED):
        raise BadTimeError(
            f"{name}: {_what(given[np.isfinite(given)])}: these are not the times that the name says; {_RIGHT}"
        )
    return mjd


def _within(known: np.ndarray, span: tuple[float, float]) -> bool:
    return bool(known.min() >= span[0] and known.max() <= span[1])


def _what(known: np.ndarray) -> str:
    low, high = float(known.min()), float(known.max())
    said = f"values from {low:.10g} to {high:.10g}"
    for span, meaning in (
        (UNIX_SECONDS, "seconds since 1970 (column unix)"), (UNIX_MILLISECONDS, "milliseconds since 1970"),
        ((5000.0, 14_999.0), "HJD-2450000 (name the column so)"), ((500.0, 5000.0), "BTJD (BJD-2457000) or BKJD"),
        (JULIAN, "Julian dates"), (MODIFIED, "modified Julian dates"),
    ):  # fmt: skip
        if _within(known, span):
            return f"{said}, which look like {meaning}"
    return said


def _of_texts(values: np.ndarray, name: str) -> np.ndarray:
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values.tolist()):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if text.strip():
            try:
                found[row] = julian_date(moment(text)) - MJD_ZERO
            except BadTimeError as error:
                raise BadTimeError(f"{name}, row {row + 1}: {error}") from error
    return found
