"""Texts typed into the search box: a position in any usual notation, or a name. No network.

NGC, IC, Messier and their popular names come from the OpenNGC catalogue (pyongc), bright stars from PyEphem's table
(J2000); asteroids from the table of numbered orbits. A moving object has no position of its own: it resolves to its
orbit.
"""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from ephem.stars import stars as STARS
from pyongc import ongc
from pyongc.exceptions import ObjectNotFound, UnknownIdentifier

from archive.given.positions import HOW, BadPositionError, Position, looks_like_one, parse_position
from archive.moving.dynamics.orbit import Orbit
from archive.moving.numbered import NUMBERED, by_designation

LARGEST_NEARBY = 60.0  # arcmin


class NameNotFoundError(LookupError):
    """No object of that name is known here."""


@dataclass(frozen=True)
class Resolved:
    """kind is "position", "deepsky", "star", "asteroid", or as `archive.search.name_services` says; ra, dec: ICRS
    degrees; asteroids have an orbit."""

    kind: str
    name: str
    ra: float | None = None
    dec: float | None = None
    orbit: Orbit | None = None
    detail: str | None = None


_SPELLINGS = tuple(
    (re.compile(rf"(?:{words})[\s_.\-]*0*([1-9][0-9]*[a-z]?)", re.IGNORECASE), short)
    for words, short in (
        ("messier|mess|m", "M"),
        (r"new\s+general\s+catalogue|n\.?\s?g\.?\s?c", "NGC"),
        (r"index\s+catalogue|i\.?\s?c", "IC"),
        ("caldwell|c", "C"),
        ("barnard|b", "B"),
        ("melotte|mel", "Mel"),
        ("collinder|cr|cl", "Cl"),
        ("harvard", "H"),
    )
)
"""Names of catalogues as people write them before a number, and as OpenNGC does."""


@cache
def known_names() -> tuple[tuple[str, str], ...]:
    """Names that people type, each after its kind: popular names of deep-sky objects, bright stars, asteroids."""
    deep = {name for one in ongc.listObjects(withname=True) for name in one.identifiers[3] or ()}
    asteroids = (f"{orbit.number} {orbit.name}" for orbit in NUMBERED.values())
    kinds = (("deep-sky object", sorted(deep)), ("star", sorted(STARS)), ("asteroid", asteroids))
    return tuple((kind, name) for kind, names in kinds for name in names)


def _deep_sky(name):
    """An object of OpenNGC by designation or by popular name, or None."""
    for known in dict.fromkeys((name, _respelled(name))):
        try:
            return ongc.Dso(known)
        except (UnknownIdentifier, ObjectNotFound):
            continue
    folded = name.casefold()
    return next(
        (d for d in ongc.listObjects(withname=True) if folded in map(str.casefold, d.identifiers[3] or ())),
        None,
    )


def _respelled(name):
    """ "Messier 31" as "M31"; a name that is none of these stays as it is."""
    for pattern, short in _SPELLINGS:
        if found := pattern.fullmatch(name):
            return short + found[1].upper()
    return name


def _star(name):
    """A bright star by its proper name, or None."""
    folded = name.casefold()
    known = next((one for one in STARS if one.casefold() == folded), None)
    if known is None:
        return None
    body = STARS[known]
    return Resolved("star", known, float(np.degrees(body._ra)), float(np.degrees(body._dec)), detail="J2000")


def _degrees(dso):
    (ra_h, ra_m, ra_s), dec = dso.coords[0], dso.coords[1]
    sign = -1.0 if dso.dec.startswith("-") else 1.0
    return 15.0 * (ra_h + ra_m / 60.0 + ra_s / 3600.0), sign * float(np.abs(dec) @ [1.0, 1 / 60.0, 1 / 3600.0])


def deep_sky_near(ra: float, dec: float, radius: float) -> list[tuple[Resolved, float]]:
    """Objects of OpenNGC with their middle within `radius` arcmin of a place (deg), nearest first; how far, arcmin."""
    if not 0 < radius <= LARGEST_NEARBY:
        raise ValueError(f"radius={radius}: give arcminutes up to {LARGEST_NEARBY:g}")
    hours, degrees = ra / 15.0, abs(dec)
    text = f"{_sexagesimal(hours)} {'-' if dec < 0 else '+'}{_sexagesimal(degrees)}"
    found = []
    for one, away in ongc.nearby(text, separation=radius):
        if one.type != "Duplicated record":
            at_ra, at_dec = _degrees(one)
            found.append((Resolved("deepsky", one.name, at_ra, at_dec, detail=one.type), 60.0 * float(away)))
    return sorted(found, key=lambda pair: pair[1])


def _sexagesimal(value: float) -> str:
    seconds = round(value * 3600, 2)
    return f"{int(seconds // 3600):02d}:{int(seconds // 60 % 60):02d}:{seconds % 60:05.2f}"


def resolve(text):
    """Resolve what somebody typed: a position, a deep-sky object or a numbered asteroid.

    Raises
    ------
    BadPositionError
        for text of numbers only that is no position.
    NameNotFoundError
        for a name that is not known here.
    """
    text = text.strip()
    if not text:
        raise NameNotFoundError("the name is empty: type a position or a name such as M 31, NGC 7000 or 16 Psyche")
    orbit = by_designation(text)
    if orbit is not None:
        return Resolved("asteroid", f"{orbit.number} {orbit.name}", orbit=orbit)
    try:
        place = parse_position(text)
    except BadPositionError:
        if looks_like_one(text):
            raise
    else:
        return Resolved("position", text, place.ra, place.dec)
    if (star := _star(text)) is not None:
        return star
    dso = _deep_sky(text)
    if dso is not None and dso.ra:
        ra, dec = _degrees(dso)
        return Resolved("deepsky", dso.name, ra, dec, detail=dso.type)
    raise NameNotFoundError(
        f"{text!r} is not known here: known are NGC, IC and Messier objects, bright stars and some numbered asteroids; "
        f"for anything else give a position: {HOW}"
    )


__all__ = [
    "BadPositionError", "NameNotFoundError", "Position", "Resolved", "deep_sky_near", "parse_position", "resolve",
]  # fmt: skip
