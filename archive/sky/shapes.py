"""Regions of the sky as DALI 1.1 writes them in parameters (section 3.3): CIRCLE, RANGE, POLYGON, in ICRS degrees."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archive.given.positions import BadPositionError, Position, at
from archive.given.times import BadTimeError, as_modified
from archive.requests.numbers import real
from archive.sky.sphere import to_ra_dec, unit_vectors

POINTS = 2048  # along a circle's edge
WIDEST_POLYGON = 80.0
"""Degrees from a polygon's middle to its farthest vertex: the plane tangent to the sky reaches no farther."""
MOST_VERTICES = 1000
THINNEST = 1e-9  # area of a polygon over its perimeter's square; a square has 1/16


class BadShapeError(ValueError):
    """A text that is no region; the message says what would be right."""


@dataclass(frozen=True)
class Circle:
    """A cone: centre and radius."""

    ra: float
    dec: float
    radius: float

    def outline(self) -> np.ndarray:
        """Points along its edge and its centre, (n, 2)."""
        angle, radius = np.linspace(0, 2 * np.pi, POINTS, endpoint=False), math.radians(self.radius)
        dec0 = math.radians(self.dec)
        sine = math.sin(dec0) * math.cos(radius) + math.cos(dec0) * math.sin(radius) * np.cos(angle)
        dec = np.arcsin(np.clip(sine, -1, 1))
        east = np.arctan2(np.sin(angle) * math.sin(radius) * math.cos(dec0), math.cos(radius) - math.sin(dec0) * sine)
        edge = np.stack([(self.ra + np.degrees(east)) % 360, np.degrees(dec)], axis=1)
        return np.concatenate([[[self.ra, self.dec]], edge])

    def holds(self, places: np.ndarray) -> np.ndarray:
        """Whether each of places (n, 2) lies within, bool (n,)."""
        centre = unit_vectors(self.ra, self.dec)
        chord = np.linalg.norm(unit_vectors(*places.T) - centre, axis=1)
        return chord <= 2 * math.sin(math.radians(self.radius) / 2)


@dataclass(frozen=True)
class Range:
    """Between two meridians (west to east, as far as needed across RA 0) and two parallels."""

    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        """Difference of the meridians."""
        return self.east - self.west

    def outline(self, step: float = 0.25) -> np.ndarray:
        """Points along its edge, (n, 2)."""
        n = max(2, 1 + math.ceil(min(max(self.width, self.north - self.south), 90) / step))
        along = np.linspace(0, 1, n)
        ra = np.concatenate([self.west + along * self.width, np.full(n, self.east)])
        ra = np.concatenate([ra, self.east - along * self.width, np.full(n, self.west)])
        rise = self.south + along * (self.north - self.south)
        dec = np.concatenate([np.full(n, self.south), rise, np.full(n, self.north), rise[::-1]])
        return np.stack([ra % 360, dec], axis=1)

    def holds(self, places: np.ndarray) -> np.ndarray:
        """Whether each of places (n, 2) lies within, bool (n,)."""
        ra, dec = places.T
        return ((ra - self.west) % 360 <= self.width) & (dec >= self.south) & (dec <= self.north)


@dataclass(frozen=True)
class Polygon:
    """Vertices (ra, dec) in order, joined by great circles."""

    vertices: tuple[tuple[float, float], ...]

    @property
    def middle(self) -> tuple[float, float]:
        """A point within, for a plane to be tangent at."""
        x, y, z = unit_vectors(*np.transpose(self.vertices)).sum(axis=0)
        return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))

    @property
    def radius(self) -> float:
        """Distance of the farthest vertex from `middle`, degrees."""
        vectors = unit_vectors(*np.transpose([*self.vertices, self.middle]))
        return float(np.degrees(np.arccos(np.clip(vectors[:-1] @ vectors[-1], -1, 1))).max())

    def on_plane(self) -> list[tuple[float, float]]:
        """The vertices on the plane tangent at `middle`."""
        x, y, _ = _projected(np.array(self.vertices), self.middle)
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def holds(self, places: np.ndarray) -> np.ndarray:
        """Whether each of places (n, 2) lies within: a ray on the plane crosses the edge an odd number of times."""
        x, y, ahead = _projected(places, self.middle)
        inside, vertices = np.zeros(len(places), bool), self.on_plane()
        for (x1, y1), (x2, y2) in zip(vertices, vertices[1:] + vertices[:1], strict=True):
            if y1 != y2:
                inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        return inside & ahead

    def outline(self, step: float = 0.25) -> np.ndarray:
        """Points along its edge, (n, 2)."""
        vectors, parts = unit_vectors(*np.transpose(self.vertices)), []
        for one, other in zip(vectors, np.roll(vectors, -1, axis=0), strict=True):
            angle = math.degrees(math.acos(max(-1.0, min(1.0, float(one @ other)))))
            along = np.linspace(0, 1, max(2, 1 + math.ceil(angle / step)))[:, None]
            parts.append(one + along * (other - one))
        return np.stack(to_ra_dec(np.concatenate(parts)), axis=1)


Shape = Circle | Range | Polygon


ENDS = {"-inf": -math.inf, "inf": math.inf, "+inf": math.inf}
"""DALI's words for an end that is open."""


def read_pos(text: str) -> Shape:
    """A region with its name: `CIRCLE ra dec radius`, `RANGE ra1 ra2 dec1 dec2`, `POLYGON ra1 dec1 ...`.

    Raises
    ------
    BadShapeError
    """
    name, _, numbers = text.strip().partition(" ")
    readers: dict[str, Callable[[str, str], Shape]] = {
        "CIRCLE": read_circle,
        "RANGE": read_range,
        "POLYGON": read_polygon,
    }
    reader = readers.get(name.upper())
    if reader is None:
        raise BadShapeError(
            f"POS={text}: give CIRCLE ra dec radius, RANGE ra1 ra2 dec1 dec2 or POLYGON ra1 dec1 ra2 dec2 …"
        )
    return reader(numbers, "POS=" + name + " ")


def read_circle(text: str, named: str = "CIRCLE=") -> Circle:
    """A circle's three numbers."""
    numbers = _numbers(text, named)
    if len(numbers) != 3 or not 0 <= numbers[2] <= 180:
        raise BadShapeError(
            f"{named}{text}: give ra dec radius, the radius 0 to 180, for example {named}51.1 18.6 0.05"
        )
    place = _place(numbers[0], numbers[1], named + text)
    return Circle(place.ra, place.dec, numbers[2])


def read_range(text: str, named: str = "RANGE=") -> Range:
    """A range's four numbers; -Inf and +Inf leave an end open. One from 350 to 10 goes across RA 0."""
    numbers = _numbers(text, named, infinite=True)
    if len(numbers) != 4 or numbers[2] > numbers[3]:
        raise BadShapeError(
            f"{named}{text}: give ra1 ra2 dec1 dec2, declinations rising, for example {named}51 52 18 19"
        )
    south, north = max(numbers[2], -90.0), min(numbers[3], 90.0)
    beyond = any(math.isfinite(one) and abs(one) > 90 for one in numbers[2:])
    if beyond or numbers[0] == math.inf or numbers[1] == -math.inf or south > north:
        raise BadShapeError(f"{named}{text}: right ascensions lie in 0 to 360, declinations in -90 to 90 degrees")
    return Range(*_meridians(numbers[0], numbers[1], named + text), south, north)


def _meridians(west: float, east: float, whole: str) -> tuple[float, float]:
    """Both ends of a range, of any turn: from 350 to 10, as from -10 to 10, it goes across RA 0."""
    if math.isfinite(west) and math.isfinite(east) and east - west >= 360:
        return 0.0, 360.0
    turned = [_place(one, 0.0, whole).ra if math.isfinite(one) else end for one, end in ((west, 0.0), (east, 360.0))]
    if turned[1] < turned[0] or (turned[1] == turned[0] and east < west):
        turned[1] += 360
    return turned[0], turned[1]


def read_polygon(text: str, named: str = "POLYGON=") -> Polygon:
    """A polygon's vertices, three or more, in order around it; a last one that repeats the first is left out."""
    numbers = _numbers(text, named)
    if len(numbers) < 6 or len(numbers) % 2:
        raise BadShapeError(f"{named}{text}: give three or more vertices, for example {named}51 18 52 18 52 19")
    if len(numbers) > 2 * MOST_VERTICES:
        raise BadShapeError(f"{named}{text[:80]}…: has {len(numbers) // 2} vertices; at most {MOST_VERTICES} are taken")
    places = [_place(ra, dec, named + text) for ra, dec in zip(numbers[::2], numbers[1::2], strict=True)]
    vertices = [(place.ra, place.dec) for place in places]
    if len(vertices) > 3 and vertices[0] == vertices[-1]:
        vertices.pop()
    shape = Polygon(tuple(vertices))
    if np.linalg.norm(unit_vectors(*np.transpose(vertices)).sum(axis=0)) < 1e-9 or shape.radius > WIDEST_POLYGON:
        raise BadShapeError(f"{named}{text}: no vertex may lie farther than {WIDEST_POLYGON:g} degrees from the middle")
    corners = np.array(shape.on_plane())
    if _edges_cross(corners):
        raise BadShapeError(f"{named}{text}: its edges cross; give the vertices in their order around it")
    sides = np.roll(corners, -1, axis=0) - corners
    if abs(_cross(corners, sides).sum()) / 2 <= THINNEST * np.hypot(*sides.T).sum() ** 2:
        raise BadShapeError(f"{named}{text}: has no area, its vertices lie on one line")
    return shape


def _edges_cross(corners: np.ndarray) -> bool:
    """Whether two edges of a polygon on the plane, (n, 2), cross between their ends; touching is no crossing."""
    for number, (one, other) in enumerate(zip(corners, np.roll(corners, -1, axis=0), strict=True)):
        first, second = corners[number + 1 :], np.roll(corners, -1, axis=0)[number + 1 :]
        apart = _cross(other - one, first - one) * _cross(other - one, second - one) < 0
        if np.any(apart & (_cross(second - first, one - first) * _cross(second - first, other - first) < 0)):
            return True
    return False


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]


def read_interval(name: str, text: str) -> tuple[float, float]:
    """Two numbers, or one that is both ends; -Inf and +Inf leave an end open.

    Raises
    ------
    BadShapeError
    """
    numbers = _numbers(text, f"{name}=", infinite=True)
    if len(numbers) not in (1, 2) or numbers[0] > numbers[-1]:
        raise BadShapeError(f"{name}={text}: give one number, or two that rise (-Inf and +Inf leave an end open)")
    try:
        for one in numbers if name == "TIME" else ():
            as_modified(one, name)
    except BadTimeError as error:
        raise BadShapeError(str(error)) from error
    return numbers[0], numbers[-1]


def _numbers(text: str, named: str, infinite: bool = False) -> list[float]:
    found = [ENDS.get(part.lower()) if infinite and part.lower() in ENDS else real(part) for part in text.split()]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found):
        raise BadShapeError(f"{named}{text}: finite numbers expected, separated by blanks")
    return numbers


def _place(ra: float, dec: float, whole: str) -> Position:
    try:
        return at(ra, dec, whole)
    except BadPositionError as error:
        raise BadShapeError(str(error)) from error


def _projected(places: np.ndarray, middle: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places on the plane tangent at `middle`, x to the east, y to the north; which lie on its side of the sky."""
    ra, dec = np.radians(places).T
    ra0, dec0 = np.radians(middle)
    w = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(ra - ra0)
    ahead = w > 1e-6
    depth = np.where(ahead, w, 1.0)
    x = np.cos(dec) * np.sin(ra - ra0) / depth
    return x, (np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(ra - ra0)) / depth, ahead
