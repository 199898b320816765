"""Geometries of a query: what they are made of, how PostgreSQL writes them, and circles that hold them.

In PostgreSQL a geometry is an array of double precision as DALI has it: two numbers are a point, three a circle, six
and more a polygon (the functions ztf_contains, ztf_intersects and others read these).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlglot import exp

from archive.vo.adql.sql import call, constant, double, item, number

SLACK = 1e-9
"""Degrees (4 microarcseconds) by which an index looks farther than the exact condition that follows it."""


@dataclass(frozen=True)
class Reach:
    """A circle that surely holds a geometry: two SQL expressions and a radius, degrees."""

    ra: exp.Expression
    dec: exp.Expression
    radius: exp.Expression


@dataclass(frozen=True)
class Point:
    """A position: two SQL expressions, degrees."""

    xtype = "point"
    ra: exp.Expression
    dec: exp.Expression

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        return (self.ra, self.dec)

    @property
    def reach(self) -> Reach:
        return Reach(self.ra, self.dec, number(0.0))


@dataclass(frozen=True)
class Circle:
    """A cone: center and radius, degrees."""

    xtype = "circle"
    center: Point
    radius: exp.Expression

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        return (*self.center.parts, self.radius)

    @property
    def reach(self) -> Reach:
        return Reach(self.center.ra, self.center.dec, self.radius)


@dataclass(frozen=True)
class Polygon:
    """Vertices in order; `around` is known where a table has an index on the centre of its footprints."""

    xtype = "polygon"
    vertices: tuple[Point, ...]
    around: Reach | None = None

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        return tuple(part for vertex in self.vertices for part in vertex.parts)

    @property
    def constants(self) -> list[tuple[float, float]] | None:
        """Longitudes and latitudes, or None if they are not all constants."""
        numbers = [(constant(vertex.ra), constant(vertex.dec)) for vertex in self.vertices]
        return None if any(None in pair for pair in numbers) else numbers

    @property
    def reach(self) -> Reach | None:
        if self.around is not None or self.constants is None:
            return self.around
        ra, dec, radius = bounding_circle(self.constants)
        return Reach(number(ra), number(dec), number(radius))


@dataclass(frozen=True)
class Shape:
    """A geometry that is known when the query runs: an SQL expression that gives its numbers."""

    numbers: exp.Expression
    xtype: str | None = None
    reach: Reach | None = None

    @property
    def parts(self) -> tuple[exp.Expression, ...]:
        return (self.numbers,)


Geometry = Point | Circle | Polygon | Shape


def as_array(shape: Geometry) -> exp.Expression:
    """The numbers of a geometry as DALI orders them, degrees."""
    if isinstance(shape, Shape):
        return shape.numbers.copy()
    return exp.Array(expressions=[double(part) for part in shape.parts])


def as_point(shape: Geometry) -> Point | None:
    """A geometry as a point, if it is one or may be one when the query runs."""
    if isinstance(shape, Point):
        return shape
    if isinstance(shape, Shape) and shape.xtype == "point":
        return Point(item(shape.numbers, 1), item(shape.numbers, 2))
    return None


def unit_vector(ra: float, dec: float) -> tuple[float, float, float]:
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def separation(p: tuple[float, float], q: tuple[float, float]) -> float:
    """Angle between two positions, degrees; right for small angles and for large ones."""
    half = math.dist(unit_vector(*p), unit_vector(*q)) / 2
    return math.degrees(2 * math.asin(min(1.0, half)))


def middle(vertices: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Direction of the vertices' mean, degrees; None where they balance each other."""
    x, y, z = (sum(parts) for parts in zip(*(unit_vector(*one) for one in vertices), strict=True))
    if math.hypot(x, y, z) < 1e-9 * len(vertices):
        return None
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))


def bounding_circle(vertices: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Centre and radius of a circle around a polygon that fits within a hemisphere, degrees."""
    centre = middle(vertices) or vertices[0]
    return *centre, max(separation(centre, one) for one in vertices) + SLACK


def box_corners(ra: float, dec: float, width: float, height: float) -> list[tuple[float, float]]:
    """Corners of a box, degrees: its sides are great circles at right angles to the arms of a cross at its centre.

    On the plane tangent at the centre these are the straight lines x = +-tan(width / 2), y = +-tan(height / 2); at the
    poles and across RA 0 as anywhere else. Source: ADQL 2.1, section on BOX.
    """
    a, b = math.tan(math.radians(width / 2)), math.tan(math.radians(height / 2))
    sa, ca = math.sin(math.radians(ra)), math.cos(math.radians(ra))
    sd, cd = math.sin(math.radians(dec)), math.cos(math.radians(dec))
    found = []
    for x, y in ((-a, -b), (a, -b), (a, b), (-a, b)):
        u, v, w = cd * ca - x * sa - y * sd * ca, cd * sa + x * ca - y * sd * sa, sd + y * cd
        found.append((math.degrees(math.atan2(v, u)) % 360.0, math.degrees(math.atan2(w, math.hypot(u, v)))))
    return found


def constant_polygon(vertices: list[tuple[float, float]]) -> Polygon:
    return Polygon(tuple(Point(number(ra), number(dec)) for ra, dec in vertices))


def area(shape: Geometry) -> exp.Expression:
    """Square degrees."""
    if isinstance(shape, Point):
        return double(number(0))
    return call("ztf_area", as_array(shape))


def centroid(shape: Geometry) -> Point:
    """The point in the middle."""
    if isinstance(shape, Point):
        return shape
    if isinstance(shape, Circle):
        return shape.center
    found = call("ztf_centroid", as_array(shape))
    return Point(item(found, 1), item(found, 2))
