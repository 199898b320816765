"""The columns of a table that are names and positions, by UCD, by name and by unit; and the positions of its rows.

A column is known by its meaning, whatever its spelling: RAJ2000, ra_j2000, TARGET_RA, raDeg, `ra (deg)`, `ra [hours]`.
Where two columns may be meant, the table is refused with their names. No Django.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from astropy import units

from archive.given import frames, positions
from archive.given.positions import DEGREES, DMS, HOURS, SEXAGESIMAL, BadPositionError, Position
from archive.requests.numbers import real

RA, DEC, L, B, NAME = "ra", "dec", "l", "b", "name"
NAMES = (
    "name", "target", "id", "objectid", "object", "sourceid", "oid", "mainid", "targetname", "objectname",
    "designation",
)  # fmt: skip
"""Of columns with names, the first that is there is taken."""
_OF = r"(?:target|obj|object|source|src|s|mean|cat|input|in)?"
_EPOCH = r"(?:j?2000|icrs|fk5|fk4|b?1950)?"
_MEANINGS = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (RA, rf"{_OF}(?:ra|raj|rightasc(?:ension)?|alpha|alphasky){_EPOCH}"),
        (DEC, rf"{_OF}(?:dec|decl|de|dej|decj|declination|delta|deltasky){_EPOCH}"),
        (L, r"l|glon|gall?|lii|gallon|gallongitude|galacticl|galacticlon(?:gitude)?"),
        (B, r"b|glat|galb|bii|gallat|gallatitude|galacticb|galacticlat(?:itude)?"),
    )
)
_UCDS = {
    RA: ("pos.eq.ra", "pos_eq_ra"), DEC: ("pos.eq.dec", "pos_eq_dec"), NAME: ("meta.id", "id"),
    L: ("pos.galactic.lon", "pos_gal_lon"), B: ("pos.galactic.lat", "pos_gal_lat"),
}  # fmt: skip
_SUFFIX = re.compile(r"(?<=[a-z0-9])_?(deg|degrees?|rad|radians?|hours?|hms|dms|arcsec|arcmin|mas)$")
_BRACKET = re.compile(r"^(.*?)\s*[(\[]\s*(.*?)\s*[)\]]$")
_UNITS: dict[str, float | str] = {
    **dict.fromkeys(("deg", "degree", "degrees", "°", "decimal degrees", "degr"), 1.0),
    **dict.fromkeys(("rad", "radian", "radians"), math.degrees(1)),
    **dict.fromkeys(("h", "hr", "hour", "hours", "hourangle", "decimal hours"), HOURS),
    "sexagesimal": SEXAGESIMAL,
    **dict.fromkeys(("h:m:s", "hms", "hh:mm:ss", "h m s", "hh mm ss", "sexagesimal hours"), SEXAGESIMAL),
    **dict.fromkeys(("d:m:s", "dms", "dd:mm:ss", "d m s", "dd mm ss", "sexagesimal degrees"), DMS),
}


class BadColumnsError(ValueError):
    """Columns that are not those of a list of positions; the message names them and says what would be right."""


@dataclass(frozen=True)
class Given:
    """A column as a table has it."""

    name: str
    unit: str = ""
    ucd: str = ""


@dataclass(frozen=True)
class Chosen:
    """The columns of names and positions (their numbers), the frame, and the units of both coordinates.

    Without a position the name is to be looked up. A unit is a factor to degrees, HOURS, SEXAGESIMAL, DMS, or None.
    """

    name: int | None
    first: int | None = None
    second: int | None = None
    frame: str = frames.ICRS
    units: tuple[float | str | None, float | str | None] = (None, None)

    @property
    def needed(self) -> int:
        """Columns that a row has at least."""
        return 1 + max(place for place in (self.name, self.first, self.second) if place is not None)

    def position(self, first: object, second: object) -> Position:
        """The position of one row's two values: numbers, or text.

        Raises
        ------
        BadPositionError
        """
        said = f"{first} {second}"[:80]
        axes = ("l", "b") if self.frame == frames.GALACTIC else ("ra", "dec")
        empty = [axis for axis, one in zip(axes, (first, second), strict=True) if one is None or not str(one).strip()]
        if empty:
            raise BadPositionError(
                f"{' and '.join(empty)} {'are' if empty[1:] else 'is'} empty: give both, or a list of names alone"
            )
        if isinstance(first, bool) or isinstance(second, bool):
            raise BadPositionError(f"{said!r}: a position has two values")
        if isinstance(first, str) or isinstance(second, str):
            place = self._of_texts(_text(first), _text(second), said)
        else:
            values = (_number(value, said) for value in (first, second))
            ra, dec = (_degrees(value, unit) for value, unit in zip(values, self.units, strict=True))
            place = positions.at(ra, dec, repr(said))
        return place if self.frame == frames.ICRS else positions.at(*frames.to_icrs(self.frame, place.ra, place.dec))

    def _of_texts(self, first: str, second: str, said: str) -> Position:
        scaled = [isinstance(unit, float) and unit != 1.0 for unit in self.units]
        if any(scaled):
            first_unit, second_unit = self.units
            return positions.at(_scaled(first, first_unit, said), _scaled(second, second_unit, said), repr(said))
        if self.frame == frames.GALACTIC:
            return positions.at(_scaled(first, 1.0, said), _scaled(second, 1.0, said), repr(said))
        unit = {1.0: DEGREES, HOURS: HOURS, SEXAGESIMAL: SEXAGESIMAL, DMS: DMS}.get(self.units[0], "")
        return positions.pair(first, second, unit)


def meaning(name: str) -> tuple[str | None, str]:
    """The meaning of a column by its name (RA, DEC, L, B, NAME or None), and the unit in the name."""
    plain, unit = name.strip().lower(), ""
    if found := _BRACKET.match(plain):
        plain, unit = found[1], "" if found[2] in ("icrs", "j2000") else found[2]
    known = _role(plain)
    if known is None and (found := _SUFFIX.search(plain)):
        plain, unit = plain[: found.start()], unit or found[1]
        known = _role(plain)
    if known is None and not unit and name[:-3].lower() in (RA, DEC) and name.lower().endswith("deg"):
        known, unit = name[:-3].lower(), "deg"
    return known, unit


def chosen(columns: Sequence[Given], how: str) -> Chosen:
    """The columns of a list of positions.

    Parameters
    ----------
    how : what would be right, for the message

    Raises
    ------
    BadColumnsError
    """
    listed = ", ".join(one.name for one in columns)
    meanings = [meaning(one.name) for one in columns]
    name = _by_ucd(columns, NAME)
    if name is None:
        plain = [re.sub(r"[^a-z0-9]", "", one.name.lower()) for one in columns]
        name = next((plain.index(one) for one in NAMES if one in plain), None)
    for axes, frame in (((RA, DEC), frames.ICRS), ((L, B), frames.GALACTIC)):
        first, second = (_by_ucd(columns, axis) for axis in axes)
        if first is None or second is None:
            first, second = (_by_name(columns, meanings, axis) for axis in axes)
        if first is not None and second is not None:
            frame = frames.FK4 if "1950" in columns[first].name + columns[second].name else frame
            named = [columns[place].name for place in (first, second)]
            east, north = (
                unit_of(columns[place].unit or meanings[place][1], columns[place].name) for place in (first, second)
            )
            if north == HOURS or (frame == frames.GALACTIC and east == HOURS):
                raise BadColumnsError(f"columns {' and '.join(named)}: only right ascensions are in hours")
            return Chosen(name, first, second, frame, (east, north))
        if (first is not None or second is not None) and axes == (RA, DEC):
            break
    else:
        if name is not None:
            return Chosen(name)
    raise BadColumnsError(f"columns {listed}: none is called ra and dec; {how}")


def unit_of(text: str, name: str = "") -> float | str | None:
    """A unit's relation to degrees: a factor, HOURS, SEXAGESIMAL, DMS; None where there is none.

    Raises
    ------
    BadColumnsError
        for a unit that is no angle's.
    """
    plain = text.strip().strip("\"'").strip().lower()
    if not plain:
        return None
    if plain in _UNITS:
        return _UNITS[plain]
    try:
        return float(units.Unit(text.strip()).to(units.deg))
    except (ValueError, TypeError, ArithmeticError, units.UnitConversionError) as error:
        raise BadColumnsError(
            f"column {name}: its unit {text!r} is none of an angle; known are deg, rad, hourangle, arcmin, arcsec, mas"
        ) from error


def _role(plain: str) -> str | None:
    bare = re.sub(r"[^a-z0-9]", "", plain)
    return next((role for role, pattern in _MEANINGS if pattern.fullmatch(bare)), None)


def _by_name(columns: Sequence[Given], meanings: Sequence[tuple], axis: str) -> int | None:
    return _only(columns, [place for place, (role, _) in enumerate(meanings) if role == axis], axis)


def _by_ucd(columns: Sequence[Given], axis: str) -> int | None:
    """The column of a UCD: the main one where there are several."""
    told = [one.ucd.lower() for one in columns]
    fitting = [n for n, ucd in enumerate(told) if ucd.replace("_main", "").split(";")[0].strip() in _UCDS[axis]]
    fitting = [n for n in fitting if "stat." not in told[n]]
    main = [n for n in fitting if "main" in told[n]]
    if axis == NAME:
        return next(iter(main or fitting), None)
    return _only(columns, main or fitting, axis)


def _only(columns: Sequence[Given], places: list[int], axis: str) -> int | None:
    if len(places) > 1:
        named = " and ".join(columns[place].name for place in places)
        raise BadColumnsError(
            f"columns {named}: each may be the {axis}; leave one of them, or mark it as main by its UCD"
        )
    return next(iter(places), None)


def _degrees(value: float, unit: float | str | None) -> float:
    if unit in (SEXAGESIMAL, DMS):
        raise BadPositionError(f"{value!r}: the column's unit is sexagesimal, this is a number")
    if unit == HOURS and not 0 <= value <= 24:
        raise BadPositionError(f"{value!r}: hours of right ascension lie in 0 .. 24")
    return value * (15.0 if unit == HOURS else float(unit or 1.0))


def _scaled(text: str, unit: float | str | None, said: str) -> float:
    number = real(text)
    if number is None:
        raise BadPositionError(f"{said!r}: {text!r} is no number, as the column's unit wants it")
    return _degrees(number, unit)


def _number(value: object, said: str) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (OverflowError, TypeError, ValueError) as error:
        raise BadPositionError(f"{said[:80]!r}: right ascension and declination must be finite numbers") from error


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(_number(value, str(value)))
