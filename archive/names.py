"""What a visitor types into the search box: a position in any usual notation, or a name. No network.

NGC, IC, Messier and their popular names come from the OpenNGC catalogue (pyongc), bright stars from PyEphem's table
(J2000); asteroids from the table of numbered orbits. A moving object has no position of its own: it resolves to its
orbit.
"""

import re
from dataclasses import dataclass

import numpy as np
from ephem.stars import stars as STARS
from pyongc import ongc
from pyongc.exceptions import ObjectNotFound, UnknownIdentifier

from archive.moving.dynamics import Orbit
from archive.moving.numbered import by_designation


class NameNotFound(LookupError):
    """No object of that name is known here."""


class BadPosition(ValueError):
    """Text that looks like a position but is none."""


@dataclass(frozen=True)
class Position:
    """ICRS degrees."""

    ra: float
    dec: float


@dataclass(frozen=True)
class Resolved:
    """kind is "position", "deepsky", "star", "asteroid", or as `archive.places` says; ra, dec: ICRS degrees; asteroids
    have an orbit."""

    kind: str
    name: str
    ra: float | None = None
    dec: float | None = None
    orbit: Orbit | None = None
    detail: str | None = None


_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_DECIMAL = re.compile(
    rf"(?P<ra>[+-]?(?:{_NUMBER}))\s*(?P<ra_unit>h|d|deg|°)?(?:\s*[,;]\s*|\s+|(?=[+-]))"
    rf"(?P<dec>[+-]?(?:{_NUMBER}))\s*(?:d|deg|°)?",
    re.IGNORECASE,
)
_SEXAGESIMAL = re.compile(
    rf"(?P<ra>\d+)(?P<ra_mark>[\s:]+|\s*[hd°]\s*)(?P<ra_min>\d+)(?:(?:[\s:]+|\s*[m'′]\s*)(?P<ra_sec>{_NUMBER})?)?"
    r"\s*(?:s|\"|″)?\s*[,;]?\s*"
    rf"(?P<sign>[+-])?\s*(?P<dec>\d+)(?:[\s:]+|\s*[d°]\s*)(?P<dec_min>\d+)"
    rf"(?:(?:[\s:]+|\s*[m'′]\s*)(?P<dec_sec>{_NUMBER})?)?\s*(?:s|\"|″)?",
    re.IGNORECASE,
)
_GALACTIC = re.compile(
    rf"(?:gal(?:actic)?\s*[:,]?\s*|l\s*=?\s*)(?P<l>[+-]?(?:{_NUMBER}))\s*°?"
    rf"(?:\s*[,;]\s*|\s+|(?=[+-]))(?:b\s*=?\s*)?(?P<b>[+-]?(?:{_NUMBER}))\s*°?",
    re.IGNORECASE,
)
_LOOKS_LIKE_A_POSITION = re.compile(
    rf"(?:gal(?:actic)?|l)?\s*[=:]?\s*[+-]?(?:{_NUMBER})\s*[\d\s:,;.+\-hdms°'\"′″=bl]*$", re.I
)

_GALACTIC_TO_ICRS = np.array(
    [
        [-0.0548755604162154, 0.4941094278755837, -0.8676661490190047],
        [-0.8734370902348850, -0.4448296299600112, -0.1980763734312015],
        [-0.4838350155487132, 0.7469822444972189, 0.4559837761750669],
    ]
)
"""Columns are the galactic axes in ICRS (Hipparcos, ESA SP-1200, section 1.5.3)."""

_HELP = 'write it like "210.80227 54.34895", "14:03:12.5 +54:20:56", "14h03m12.5s +54d20m56s" or "gal 102.0 59.8"'


def _in_range(ra, dec, text):
    if not -90.0 <= dec <= 90.0:
        raise BadPosition(f"{text!r}: declination {dec:g} must lie in -90 .. 90 degrees")
    if not -360.0 <= ra <= 360.0:
        raise BadPosition(f"{text!r}: right ascension {ra:g} must lie in 0 .. 360 degrees")
    return Position(ra % 360.0, dec)


def _from_galactic(found, text):
    l, b = np.deg2rad([float(found["l"]), float(found["b"])])
    if abs(b) > np.pi / 2 or abs(l) > 2 * np.pi:
        raise BadPosition(f"{text!r}: galactic longitude must lie in 0 .. 360, latitude in -90 .. 90 degrees")
    x, y, z = _GALACTIC_TO_ICRS @ [np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)]
    return Position(float(np.rad2deg(np.arctan2(y, x)) % 360.0), float(np.rad2deg(np.arctan2(z, np.hypot(x, y)))))


def _from_sexagesimal(found, text):
    parts = {name: float(found[name] or 0.0) for name in ("ra", "ra_min", "ra_sec", "dec", "dec_min", "dec_sec")}
    for name in ("ra_min", "ra_sec", "dec_min", "dec_sec"):
        if parts[name] >= 60.0:
            raise BadPosition(f"{text!r}: minutes and seconds must be below 60, not {parts[name]:g}")
    in_degrees = found["ra_mark"].strip().lower() in ("d", "°")
    ra = parts["ra"] + parts["ra_min"] / 60.0 + parts["ra_sec"] / 3600.0
    if not in_degrees and ra >= 24.0:
        raise BadPosition(
            f"{text!r}: {parts['ra']:g} hours of right ascension; must be below 24 (or write d for degrees)"
        )
    dec = parts["dec"] + parts["dec_min"] / 60.0 + parts["dec_sec"] / 3600.0
    return _in_range(ra if in_degrees else 15.0 * ra, -dec if found["sign"] == "-" else dec, text)


def _from_decimal(found, text):
    ra = float(found["ra"])
    if (found["ra_unit"] or "").lower() == "h":
        if not 0.0 <= ra < 24.0:
            raise BadPosition(f"{text!r}: {ra:g} hours of right ascension; must lie in 0 .. 24")
        ra *= 15.0
    return _in_range(ra, float(found["dec"]), text)


def parse_position(text):
    """Read a position.

    Parameters
    ----------
    text : str
        Two decimal degrees ("210.8 +54.3", with comma, h or d), sexagesimal hours and degrees with colons,
        blanks or letters, galactic longitude and latitude after "gal", or as "l=102 b=59.8".

    Returns
    -------
    Position

    Raises
    ------
    BadPosition
    """
    cleaned = " ".join(text.replace("−", "-").replace("–", "-").split())
    for pattern, reader in (
        (_GALACTIC, _from_galactic),
        (_DECIMAL, _from_decimal),
        (_SEXAGESIMAL, _from_sexagesimal),
    ):
        found = pattern.fullmatch(cleaned)
        if found:
            return reader(found, cleaned)
    raise BadPosition(f"{text!r} is not a position: {_HELP}")


def _deep_sky(name):
    """An object of OpenNGC by designation or by popular name, or None."""
    try:
        return ongc.Dso(name)
    except (UnknownIdentifier, ObjectNotFound):
        pass
    wanted = name.casefold()
    return next(
        (d for d in ongc.listObjects(withname=True) if wanted in map(str.casefold, d.identifiers[3] or ())),
        None,
    )


def _star(name):
    """A bright star by its proper name, or None."""
    wanted = name.casefold()
    known = next((one for one in STARS if one.casefold() == wanted), None)
    if known is None:
        return None
    body = STARS[known]
    return Resolved("star", known, float(np.degrees(body._ra)), float(np.degrees(body._dec)), detail="J2000")


def _degrees(dso):
    (ra_h, ra_m, ra_s), dec = dso.coords[0], dso.coords[1]
    sign = -1.0 if dso.dec.startswith("-") else 1.0
    return 15.0 * (ra_h + ra_m / 60.0 + ra_s / 3600.0), sign * float(np.abs(dec) @ [1.0, 1 / 60.0, 1 / 3600.0])


def resolve(text):
    """Resolve what somebody typed: a position, a deep-sky object or a numbered asteroid.

    Raises
    ------
    BadPosition
        for text of numbers only that is no position.
    NameNotFound
        for a name that is not known here.
    """
    text = text.strip()
    if not text:
        raise NameNotFound("the name is empty: type a position or a name such as M 31, NGC 7000 or 16 Psyche")
    orbit = by_designation(text)
    if orbit is not None:
        return Resolved("asteroid", f"{orbit.number} {orbit.name}", orbit=orbit)
    if _LOOKS_LIKE_A_POSITION.match(text):
        place = parse_position(text)
        return Resolved("position", text, place.ra, place.dec)
    if (star := _star(text)) is not None:
        return star
    dso = _deep_sky(text)
    if dso is not None and dso.ra:
        ra, dec = _degrees(dso)
        return Resolved("deepsky", dso.name, ra, dec, detail=dso.type)
    raise NameNotFound(
        f"{text!r} is not known here: known are NGC, IC and Messier objects, bright stars and some numbered asteroids; "
        f"for anything else give a position: {_HELP}"
    )
