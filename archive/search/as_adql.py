"""A search as a query in ADQL that gives the same rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from archive.search.families import FAMILIES, FILTERCODES, FOOTPRINT, POINT, TIMES, Family
from archive.search.query import NEAR, ImageQuery, exact_parts
from archive.search.where import bracketed, conjuncts
from archive.sky.boxes import CENTER, COVERS, ENCLOSED, Box
from archive.sky.regions import Piece, read_region
from archive.sky.sphere import to_ra_dec
from archive.survey.times import julian_date

TABLES = {name: f"ztf.ztf_current_meta_{name}" for name in ("sci", "raw", "cal", "ref", "diff")}
TABLES["alert"] = "ztf.ztf_alerts"
PLACE = "POINT(ra, dec)"
MOST_FIGURES = 20  # of a region, joined by OR
COMPARED = {"seeing": "<=", "maglimit": ">=", "rb": ">="}


def adql_of(query: ImageQuery) -> str | None:
    """The query of a search; None where ADQL has no words for it here, as for a release or a MOC."""
    family = FAMILIES[query.family]
    table = TABLES.get(query.family)
    if table is None or query.release or query.centred:
        return None
    places = _places(query, family)
    return None if places is None else written(table, [*places, *conditions_of(query)])


def written(table: str, conditions: Iterable[str]) -> str:
    """All rows of a table for which conditions hold."""
    joined = "\n  AND ".join(conditions)
    return f"SELECT * FROM {table}" + (f"\nWHERE {joined}" if joined else "")


def conditions_of(query: ImageQuery) -> list[str]:
    """The conditions of a search other than those on its place."""
    family = FAMILIES[query.family]
    found = [_equal(name, value, family) for name, value in exact_parts(query, family).items()]
    for name, sign in (("since", ">="), ("until", "<")):
        if (moment := getattr(query, name)) is not None:
            found.append(f"{family.time} {sign} {_moment(moment, family)}")
    found += [
        f"{name} {sign} {value!r}" for name, sign in COMPARED.items() if (value := getattr(query, name)) is not None
    ]
    if query.brighter is not None:
        found.append(f"magpsf < {query.brighter!r}")
    if query.infobits:
        found.append(f"(infobits & {query.infobits}) = 0")
    if query.flagged:
        found.append(f"(infobits & {query.flagged}) <> 0")
    return found + (["infobits = 0"] if query.good else []) + own(query.where)


def own(where: str | None) -> list[str]:
    """The parts of a condition that somebody wrote, ready to stand between others."""
    return [bracketed(part) for part in conjuncts(where)] if where and where.strip() else []


def within(shape: str, of: str = PLACE) -> str:
    """The condition that a position lies in a figure."""
    return f"CONTAINS({of}, {shape}) = 1"


def circle(ra: float, dec: float, radius: float) -> str:
    """A circle in ADQL, degrees."""
    return f"CIRCLE({ra!r}, {dec!r}, {radius!r})"


def in_region(text: str, near: float, footprints: bool = False) -> list[str] | None:
    """The condition that a position lies in a region, or a footprint (`poly`) reaches into it; None if it has no words.

    near : of a listed position, degrees
    """
    pieces = read_region(text).pieces
    if text.startswith("MOC") or len(pieces) > MOST_FIGURES:
        return None
    figures = [_in_piece(one, text, near, footprints) for one in pieces]
    return figures if len(figures) == 1 else [f"({' OR '.join(figures)})"]


def _in_piece(piece: Piece, text: str, near: float, footprints: bool) -> str:
    if piece.is_position:
        place = f"POINT({piece.ra!r}, {piece.dec!r})"
        return within("poly", place) if footprints else within(circle(piece.ra, piece.dec, near))
    kind, _, numbers = text.partition(" ")
    shape = f"{kind}({', '.join(numbers.split())})"
    return f"INTERSECTS(poly, {shape}) = 1" if footprints else within(shape)


def _places(query: ImageQuery, family: Family) -> list[str] | None:
    found: list[str] = []
    footprints = family.place == FOOTPRINT
    if (query.ra is not None or query.region) and family.place not in (FOOTPRINT, POINT):
        return None
    if query.ra is not None and query.dec is not None:
        found.append(_around(query, query.ra, query.dec, footprints))
    if query.region:
        region = in_region(query.region, NEAR, footprints)
        if region is None:
            return None
        found += region
    return found


def _around(query: ImageQuery, ra: float, dec: float, footprints: bool) -> str:
    box = query.box
    assert box is not None
    if query.radius is not None:
        return within(circle(ra, dec, query.radius))
    if box.is_point:
        return within("poly", f"POINT({ra!r}, {dec!r})") if footprints else within(circle(ra, dec, NEAR))
    shape = _polygon(box)
    if not footprints:
        return within(shape)
    centre = f"POINT({ra!r}, {dec!r})"
    relations = {COVERS: within("poly", shape), ENCLOSED: within(shape, "poly"), CENTER: within("poly", centre)}
    return relations.get(query.intersect or "", f"INTERSECTS(poly, {shape}) = 1")


def _polygon(box: Box) -> str:
    ra, dec = to_ra_dec(box.corners)
    numbers = np.stack([ra, dec], axis=1).reshape(-1).tolist()
    return f"POLYGON({', '.join(f'{number:.10f}' for number in numbers)})"


def _equal(name: str, value: object, family: Family) -> str:
    if name == "filtercode" and family.place == POINT:
        return f"fid = {next(fid for fid, code in FILTERCODES.items() if code == value)}"
    text = str(value).replace("'", "''")
    return f"{name} = '{text}'" if isinstance(value, str) else f"{name} = {text}"


def _moment(moment: datetime, family: Family) -> str:
    if family.time not in TIMES:
        return repr(julian_date(moment))
    return f"'{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def is_square(query: ImageQuery) -> bool:
    """Whether a search's place is what IBE's clients can ask for: a position, or a square that images overlap."""
    plain = query.radius is None and not query.region and not query.intersect and not query.centred
    return plain and (query.height is None or math.isclose(query.height, query.width or 0.0))
