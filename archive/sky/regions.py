"""Regions of the sky in one line of text, as searches take them: a circle, a polygon, a list of positions, a MOC.

A region is a set of pieces. Each is a figure on the plane tangent to the sky at a point of its own, where great
circles are straight lines: a polygon, or all that lies within some distance of a point. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from cdshealpix.nested import vertices

from archive.sky.shapes import BadShapeError, Polygon, read_circle, read_polygon

LONGEST = 9000  # characters: what fits into an address
WIDEST = 30.0  # deg, from the middle of a circle or a polygon to its edge
MOST_POSITIONS = 300
MOST_CELLS = 1000  # of a MOC
COARSEST, FINEST = 3, 14  # orders of a MOC's cells; larger ones are divided, as their sides are no great circles
HOW = "give CIRCLE ra dec radius, POLYGON ra dec ra dec ra dec, POSITIONS ra dec ra dec or MOC 5/100-103 6/7"
_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")


@dataclass(frozen=True)
class Piece:
    """A figure on the plane tangent at (ra, dec): all within `reach` of a polygon, which may be a point.

    radius : deg, of the cone around (ra, dec) that holds it; outline : the polygon; reach : 0 for the polygon alone
    """

    ra: float
    dec: float
    radius: float
    outline: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    reach: float = 0.0

    @property
    def is_position(self) -> bool:
        return len(self.outline) == 1 and self.reach == 0


@dataclass(frozen=True)
class Region:
    """A region: its text, in words for people, its pieces."""

    text: str
    words: str
    pieces: tuple[Piece, ...]


def circle(ra: float, dec: float, radius: float) -> Piece:
    """A cone."""
    return Piece(ra, dec, radius, reach=math.tan(math.radians(radius)))


@lru_cache(maxsize=8)  # one of the largest has some 2 MB
def read_region(text: str) -> Region:
    """A region from its text.

    Raises
    ------
    BadShapeError
    """
    if len(text) > LONGEST:
        raise BadShapeError(f"{len(text)} characters; at most {LONGEST} are read")
    kind, _, rest = " ".join(text.split()).partition(" ")
    reader = _READERS.get(kind.upper())
    if reader is None:
        raise BadShapeError(f"{kind[:30]!r} is no kind of region: {HOW}")
    return Region(f"{kind.upper()} {rest}", *reader(rest))


def as_positions(places: Iterable[tuple[float, float]]) -> str:
    """The text of a list of positions."""
    return "POSITIONS " + " ".join(f"{ra:.6f} {dec:.6f}" for ra, dec in places)


def _circle(text: str) -> tuple[str, tuple[Piece, ...]]:
    found = read_circle(text, "CIRCLE ")
    if not 0 < found.radius <= WIDEST:
        raise BadShapeError(f"CIRCLE {text}: the radius must be positive and at most {WIDEST:g} degrees")
    words = f"circle of {found.radius:g}° around {found.ra:g} {found.dec:g}"
    return words, (circle(found.ra, found.dec, found.radius),)


def _polygon(text: str) -> tuple[str, tuple[Piece, ...]]:
    found = read_polygon(text, "POLYGON ")
    if found.radius > WIDEST:
        raise BadShapeError(f"POLYGON {text[:80]}: no vertex may lie farther than {WIDEST:g} degrees from the middle")
    words = f"polygon of {len(found.vertices)} corners around {found.middle[0]:.4g} {found.middle[1]:.4g}"
    return words, (_of_polygon(found),)


def _positions(text: str) -> tuple[str, tuple[Piece, ...]]:
    numbers = text.split()
    if not numbers or len(numbers) % 2:
        raise BadShapeError("POSITIONS: give pairs of right ascension and declination, in degrees")
    if len(numbers) > 2 * MOST_POSITIONS:
        raise BadShapeError(f"POSITIONS: {len(numbers) // 2} positions; at most {MOST_POSITIONS}")
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    places = [read_circle(f"{ra} {dec} 0", "POSITIONS ") for ra, dec in pairs]
    words = f"{len(places)} positions" if len(places) > 1 else f"{numbers[0]} {numbers[1]}"
    return words, tuple(dict.fromkeys(Piece(one.ra, one.dec, 0.0) for one in places))  # each is looked for once


def _moc(text: str) -> tuple[str, tuple[Piece, ...]]:
    cells = _cells(text)
    pieces: list[Piece] = []
    for order in sorted({order for order, _ in cells}):
        numbers = np.array(sorted(cell for at, cell in cells if at == order), dtype=np.uint64)
        ra, dec = vertices(numbers, order, step=4 if order < 6 else 1)
        corners = np.stack([ra.deg % 360, dec.deg], axis=-1).tolist()
        pieces += [_of_polygon(Polygon(tuple(map(tuple, one)))) for one in corners]
    return f"MOC of {len(pieces)} cells", tuple(pieces)


def _cells(text: str) -> set[tuple[int, int]]:
    """The cells of a MOC's ASCII form, no coarser than COARSEST."""
    found: set[tuple[int, int]] = set()
    order = None
    for word in re.split(r"[\s,]+", text.strip()):
        head, slash, rest = word.rpartition("/")
        if slash:
            order = int(head) if re.fullmatch(r"[0-9]{1,2}", head) else -1
            if not 0 <= order <= FINEST:
                raise BadShapeError(f"MOC {word[:20]}: orders are 0 to {FINEST}, for example MOC 5/100-103 6/7")
        if rest:
            found |= _of_range(rest, order)
            if len(found) > MOST_CELLS:
                raise BadShapeError(f"MOC: more than {MOST_CELLS} cells of order {COARSEST} or finer; give fewer")
    if not found:
        raise BadShapeError("MOC: has no cells; give for example MOC 5/100-103 6/7")
    return found


def _of_range(word: str, order: int | None) -> set[tuple[int, int]]:
    match = _RANGE.fullmatch(word)
    if match is None or order is None:
        raise BadShapeError(f"MOC {word[:20]}: give orders and cells, for example MOC 5/100-103 6/7")
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last < 12 * 4**order:
        raise BadShapeError(f"MOC {order}/{word[:24]}: cells of this order are 0 to {12 * 4**order - 1}, ranges rise")
    parts = 4 ** max(COARSEST - order, 0)
    if (last + 1 - first) * parts > MOST_CELLS:
        raise BadShapeError(f"MOC: more than {MOST_CELLS} cells of order {COARSEST} or finer; give fewer")
    return {(max(order, COARSEST), cell) for cell in range(first * parts, (last + 1) * parts)}


def _of_polygon(polygon: Polygon) -> Piece:
    return Piece(*polygon.middle, polygon.radius, tuple(polygon.on_plane()))


_READERS: dict[str, Callable[[str], tuple[str, tuple[Piece, ...]]]] = {
    "CIRCLE": _circle, "POLYGON": _polygon, "POSITIONS": _positions, "MOC": _moc,
}  # fmt: skip
