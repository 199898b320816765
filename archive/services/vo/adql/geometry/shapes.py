"""Geometries of a query: what they are made of, how PostgreSQL writes them, and circles that hold them.

In PostgreSQL a geometry is an array of double precision as DALI has it: two numbers are a point, three a circle, six
and more a polygon (the functions ztf_contains, ztf_intersects and others read these).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from sqlglot import exp

from archive.services.vo.adql.sql import call, constant, double, item, number
from archive.sky.sphere import separation, to_ra_dec, unit_vectors

SLACK = 1e-9
"""Degrees (4 microarcseconds) by which an index looks farther than the exact condition that follows it."""


SHARPEST = 100.0
"""1 + cos of the angle between two sides' normals is taken for 1 / SHARPEST at least: so far a sharp point may move."""


@dataclass(frozen=True)
class Reach:
    """A circle that surely holds a geometry: two SQL expressions and a radius, degrees."""

    ra: exp.Expr
    dec: exp.Expr
    radius: exp.Expr


@dataclass(frozen=True)
class Point:
    """A position: two SQL expressions, degrees."""

    xtype = "point"
    ra: exp.Expr
    dec: exp.Expr

    @property
    def parts(self) -> tuple[exp.Expr, ...]:
        return (self.ra, self.dec)

    @property
    def reach(self) -> Reach:
        return Reach(self.ra, self.dec, number(0.0))


@dataclass(frozen=True)
class Circle:
    """A cone: center and radius, degrees."""

    xtype = "circle"
    center: Point
    radius: exp.Expr

    @property
    def parts(self) -> tuple[exp.Expr, ...]:
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
    def parts(self) -> tuple[exp.Expr, ...]:
        return tuple(part for vertex in self.vertices for part in vertex.parts)

    @property
    def constants(self) -> list[tuple[float, float]] | None:
        """Longitudes and latitudes, or None if they are not all constants."""
        found = []
        for vertex in self.vertices:
            ra, dec = constant(vertex.ra), constant(vertex.dec)
            if ra is None or dec is None:
                return None
            found.append((ra, dec))
        return found

    @property
    def reach(self) -> Reach | None:
        if self.around is not None or self.constants is None:
            return self.around
        ra, dec, radius = bounding_circle(self.constants)
        return Reach(number(ra), number(dec), number(radius))


@dataclass(frozen=True)
class Shape:
    """A geometry that is known when the query runs: an SQL expression that gives its numbers."""

    numbers: exp.Expr
    xtype: str | None = None
    reach: Reach | None = None

    @property
    def parts(self) -> tuple[exp.Expr, ...]:
        return (self.numbers,)


Geometry = Point | Circle | Polygon | Shape


def as_array(shape: Geometry) -> exp.Expr:
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


def farthest(centre: tuple[float, float], vertices: list[tuple[float, float]]) -> float:
    """Angle between a position and the farthest of others, degrees."""
    return float(separation(*centre, *np.transpose(vertices)).max())


def middle(vertices: list[tuple[float, float]]) -> tuple[float, float] | None:
    """Direction of the vertices' mean, degrees; None where they balance each other."""
    total = unit_vectors(*np.transpose(vertices)).sum(axis=0)
    if np.linalg.norm(total) < 1e-9 * len(vertices):
        return None
    ra, dec = to_ra_dec(total)
    return float(ra), float(dec)


def bounding_circle(vertices: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Centre and radius of a circle around a polygon that fits within a hemisphere, degrees."""
    centre = middle(vertices) or vertices[0]
    return *centre, farthest(centre, vertices) + SLACK


def widened(vertices: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A polygon whose sides lie SLACK degrees outside those of another: what stands on its border is inside.

    Each new vertex is where the two sides that meet there, moved outwards as small circles, meet on the plane tangent
    at the old one: x = v - SLACK (n1 + n2) / (1 + n1 n2), with unit normals n towards the inside.
    """
    corners = [unit_vectors(*one).tolist() for n, one in enumerate(vertices) if one != vertices[n - 1]]
    inside = [_cross(a, b) for a, b in zip(corners, [*corners[1:], *corners[:1]], strict=True)]
    if len(corners) < 3 or not all(map(any, inside)):
        return vertices  # without an inside
    turn = math.copysign(1.0, _dot([sum(parts) for parts in zip(*inside, strict=True)], _sum(corners)))
    normals = [[turn * part / math.sqrt(_dot(one, one)) for part in one] for one in inside]
    slack, found = math.radians(SLACK), []
    for vertex, before, after in zip(corners, [normals[-1], *normals[:-1]], normals, strict=True):
        both = _sum([before, after])
        reach = max(1.0 + _dot(before, after), 1.0 / SHARPEST)
        x, y, z = (one - slack * part / reach for one, part in zip(vertex, both, strict=True))
        found.append((math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))))
    return found


def _cross(a, b) -> tuple[float, float, float]:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a, b) -> float:
    return sum(one * other for one, other in zip(a, b, strict=True))


def _sum(vectors) -> list[float]:
    return [sum(parts) for parts in zip(*vectors, strict=True)]


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


def area(shape: Geometry) -> exp.Expr:
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
