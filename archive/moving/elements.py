"""Orbits as people have them: a name, a line of JPL's or the Minor Planet Center's files, or single elements. Pure.

Formats: MPC "Export format for minor-planet orbits" (MPCORB) and "Export format for comet orbits" (CometEls.txt);
JPL "ELEMENTS.NUMBR", "ELEMENTS.UNNUM" and "ELEMENTS.COMET".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date

from archive.moving.dynamics.errors import BadOrbitError
from archive.moving.dynamics.orbit import AsteroidElements, CometElements, Orbit
from archive.moving.numbered import NUMBERED, by_designation
from archive.survey.times import MJD_ZERO

ELEMENTS = ("epoch", "a", "q", "e", "i", "node", "peri", "M", "Tp", "H", "G", "M1", "K1")
NEEDED = ("e", "i", "node", "peri")
_HOW = "give epoch, e, i, node, peri, then a or q, and M or Tp"
_PACKED_DIGITS = {character: number for number, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUV")}
_PACKED_EPOCH = re.compile(r"[IJK][0-9][0-9][1-9A-C][1-9A-V]")
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_JPL_BODY = re.compile(
    rf"(?P<name>.+?)\s+(?P<epoch>[0-9]{{5}})\s+(?P<size>{_NUMBER})\s+(?P<e>{_NUMBER})\s+(?P<i>{_NUMBER})\s+"
    rf"(?P<peri>{_NUMBER})\s+(?P<node>{_NUMBER})\s+(?P<rest>.*)"
)


def resolve_orbit(text: str) -> Orbit:
    """The orbit of a numbered asteroid by number or name, or of a line of elements.

    Raises
    ------
    BadOrbitError
        saying what is understood.
    """
    text = text.strip("\r\n")
    found = by_designation(text)
    if found is not None:
        return found
    for reader in (_mpc_asteroid, _mpc_comet, _jpl):
        orbit = reader(text)
        if orbit is not None:
            return orbit
    raise BadOrbitError(
        f"name={text.strip()!r}: neither one of the {len(NUMBERED)} asteroids known here by number or name "
        "(for example 16 Psyche) nor a line of JPL's or the MPC's element files; for another body give its elements"
    )


def orbit_from_elements(values: Mapping[str, str], name: str = "your orbit") -> Orbit:
    """An orbit from single elements (the names of ELEMENTS), as text.

    The epoch and Tp are Julian dates or modified Julian dates (TDB), or dates YYYYMMDD.ddd; angles are degrees
    (ecliptic, J2000), distances au. H, G are an asteroid's magnitudes; M1, K1 a comet's.

    Raises
    ------
    BadOrbitError
        naming the element, its value and what would be right.
    """
    numbers = {key: _number(key, values[key]) for key in ELEMENTS if str(values.get(key) or "").strip()}
    missing = [key for key in NEEDED if key not in numbers]
    missing += [] if {"a", "q"} & numbers.keys() else ["a or q"]
    missing += [] if {"M", "Tp"} & numbers.keys() else ["M or Tp"]
    missing += [] if {"epoch", "Tp"} & numbers.keys() else ["epoch"]
    if missing:
        raise BadOrbitError(f"elements: {', '.join(missing)} missing; {_HOW}")
    for one, other in (("a", "q"), ("M", "Tp")):
        if {one, other} <= numbers.keys():
            raise BadOrbitError(f"{one}={values[one]}, {other}={values[other]}: give one of the two")
    epoch = julian("epoch", numbers["epoch"] if "epoch" in numbers else numbers["Tp"])
    H, G, M1, K1 = (numbers.get(key) for key in ("H", "G", "M1", "K1"))
    return Orbit(name, epoch, _elements(numbers), H=H, G=G, M1=M1, K1=K1)


def julian(name: str, value: float) -> float:
    """A Julian date from one, from a modified Julian date, or from a date YYYYMMDD.ddd.

    Raises
    ------
    BadOrbitError
    """
    if 0 < value < 100_000:
        return value + MJD_ZERO
    if 1_000_000 < value < 10_000_000:
        return value
    if 10_000_000 <= value < 100_000_000:
        day = int(value)
        try:
            ordinal = date(day // 10000, day // 100 % 100, day % 100).toordinal()
        except ValueError as error:
            raise BadOrbitError(f"{name}={value}: no such date; write YYYYMMDD.ddd") from error
        return ordinal + 1721424.5 + value - day
    raise BadOrbitError(f"{name}={value}: give a Julian date such as 2459800.5, or a modified one such as 59800")


def _elements(numbers: Mapping[str, float]) -> AsteroidElements | CometElements:
    e, (i, node, peri) = numbers["e"], (numbers[key] for key in ("i", "node", "peri"))
    if "M" in numbers:
        if "q" in numbers and e >= 1:
            raise BadOrbitError(f"e={e}: an orbit with a mean anomaly is an ellipse, e < 1; give Tp instead of M")
        a = numbers["a"] if "a" in numbers else numbers["q"] / (1 - e)
        return AsteroidElements(a, e, i, node, peri, numbers["M"])
    if "a" in numbers and e == 1:
        raise BadOrbitError("e=1: a parabola has no semi-major axis; give q instead of a")
    q = numbers["q"] if "q" in numbers else numbers["a"] * (1 - e)
    return CometElements(q, e, i, node, peri, julian("Tp", numbers["Tp"]))


def _number(name: str, text: str) -> float:
    try:
        value = float(str(text).strip())
    except ValueError as error:
        raise BadOrbitError(f"{name}={text}: must be a number; {_HOW}") from error
    if not math.isfinite(value):
        raise BadOrbitError(f"{name}={text}: must be a finite number; {_HOW}")
    return value


def _mpc_asteroid(line: str) -> Orbit | None:
    """A line of MPCORB: 1-7 designation, 9-13 H, 15-19 G, 21-25 packed epoch, then M, peri, node, i, e, n, a."""
    epoch = line[20:25]
    if len(line) < 103 or not _PACKED_EPOCH.fullmatch(epoch):
        return None
    columns = {"M": (26, 35), "peri": (37, 46), "node": (48, 57), "i": (59, 68), "e": (70, 79), "a": (92, 103)}
    values = {key: line[slice(*span)] for key, span in columns.items()}
    values |= {"epoch": str(_unpacked(epoch)), "H": line[8:13], "G": line[14:19]}
    return orbit_from_elements(values, line[166:194].strip() or line[:7].strip())


def _unpacked(epoch: str) -> float:
    """Julian date of a packed date such as K24A1 (2024-10-01)."""
    year = 100 * (ord(epoch[0]) - ord("A") + 10) + int(epoch[1:3])
    try:
        day = date(year, _PACKED_DIGITS[epoch[3]], _PACKED_DIGITS[epoch[4]])
    except ValueError as error:
        raise BadOrbitError(f"epoch={epoch}: no such date in the MPC's packed form, for example K24A1") from error
    return day.toordinal() + 1721424.5


def _mpc_comet(line: str) -> Orbit | None:
    """A line of CometEls: 15-29 time of perihelion, 31-39 q, 42-49 e, peri, node, i, 82-89 epoch, 92-95 H, 97-100 G."""
    if len(line) < 79 or not re.fullmatch(r"[-0-9][0-9]{3} [ 0-9][0-9] [ 0-9][0-9]\.[0-9]+ *", line[14:30]):
        return None
    values = {"q": line[30:39], "e": line[41:49], "peri": line[51:59], "node": line[61:69], "i": line[71:79]}
    year, month, day = line[14:29].split()
    values["Tp"] = f"{int(year):04}{int(month):02}{float(day):07.4f}"
    values["epoch"] = line[81:89].strip() or values["Tp"]
    values |= {"M1": line[91:95], "K1": _comet_slope(line[96:100])}
    return orbit_from_elements(values, line[102:158].strip() or line[:12].strip())


def _comet_slope(text: str) -> str:
    """The MPC gives n of H + 5 log(delta) + 2.5 n log(r); K1 is 2.5 n."""
    return str(2.5 * float(text)) if text.strip() else ""


def _jpl(line: str) -> Orbit | None:
    """A line of JPL's files: name, epoch (MJD), a or q, e, i, peri, node, then M, H, G or Tp."""
    found = _JPL_BODY.fullmatch(line.strip())
    if found is None:
        return None
    rest = found["rest"].split()
    if not rest or not re.fullmatch(_NUMBER, rest[0]):
        return None
    values = {key: found[key] for key in ("epoch", "e", "i", "peri", "node")}
    if float(rest[0]) > 360:  # a date, so it is the time of perihelion of a comet
        values |= {"q": found["size"], "Tp": rest[0]}
    else:
        magnitudes = [word for word in rest[1:3] if re.fullmatch(_NUMBER, word)]
        values |= {"a": found["size"], "M": rest[0], **dict(zip(("H", "G"), magnitudes, strict=False))}
    return orbit_from_elements(values, " ".join(found["name"].split()))
