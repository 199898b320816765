"""ADQL's geometry on Q3C: points, circles, boxes and polygons in ICRS degrees.

Cones of constant centre up to one degree use q3c_join, which plans 13 times faster than q3c_radial_query;
larger ones q3c_radial_query. In a crossmatch the larger table is the searched (indexed) side.
"""

import math
from dataclasses import dataclass

from sqlglot import exp

from archive.vo.adql.functions import GEOMETRIES, bracketed, call, double, number
from archive.vo.adql.whitelist import refuse

FRAMES = frozenset({"", "ICRS", "FK5", "ICRS GEOCENTER", "ICRS BARYCENTER"})
SMALL_CONE = 1.0
"""Degrees: up to here q3c_join is the faster plan."""

MAX_POLYGON = 23.0
"""Degrees: q3c_poly_query refuses polygons wider than this."""


@dataclass(frozen=True)
class Point:
    """A position: two SQL expressions, degrees."""

    ra: exp.Expression
    dec: exp.Expression

    def parts(self):
        """Both expressions."""
        return (self.ra, self.dec)


@dataclass(frozen=True)
class Circle:
    """A cone: center and radius, degrees."""

    center: Point
    radius: exp.Expression


@dataclass(frozen=True)
class Polygon:
    """Vertices in order."""

    vertices: tuple[Point, ...]


def tables_of(*expressions):
    """Aliases of the tables that expressions refer to."""
    return {column.table for one in expressions for column in one.find_all(exp.Column)}


def constant(expression):
    """The value of a numeric constant expression, or None."""
    if isinstance(expression, exp.Paren):
        return constant(expression.this)
    if isinstance(expression, exp.Literal) and not expression.is_string:
        return float(expression.this)
    if isinstance(expression, exp.Neg):
        inner = constant(expression.this)
        return None if inner is None else -inner
    if isinstance(expression, exp.Add | exp.Sub | exp.Mul | exp.Div):
        left, right = constant(expression.this), constant(expression.expression)
        if left is None or right is None or (isinstance(expression, exp.Div) and right == 0):
            return None
        if isinstance(expression, exp.Add):
            return left + right
        if isinstance(expression, exp.Sub):
            return left - right
        return left * right if isinstance(expression, exp.Mul) else left / right
    return None


def folded(expression):
    """A constant expression as one number: 1/3600 would be 0 in SQL's integers, and nobody means that."""
    value = constant(expression)
    return expression if value is None or isinstance(expression, exp.Literal) else number(value)


class GeometryReader:
    """Reads geometry calls; `translate` turns a scalar argument into PostgreSQL."""

    def __init__(self, translate):
        self.translate = translate

    def read(self, node):
        """Point, Circle or Polygon of a geometry call."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Anonymous) or node.name.upper() not in GEOMETRIES:
            refuse(node, f"{node.sql()}: expected POINT, CIRCLE, BOX or POLYGON")
        name, arguments = node.name.upper(), list(node.expressions)
        if arguments and isinstance(arguments[0], exp.Literal) and arguments[0].is_string:
            frame = arguments.pop(0).this
            if frame.upper() not in FRAMES:
                refuse(node, f"coordinate system {frame!r} is not supported: use 'ICRS' or leave it out")
        reader = {"POINT": self._point, "CIRCLE": self._circle, "BOX": self._box, "POLYGON": self._polygon}[name]
        shape = reader(node, arguments)
        if arguments:
            refuse(node, f"{name}: too many arguments")
        return shape

    def _point(self, node, arguments):
        first = arguments[0] if arguments else None
        if isinstance(first, exp.Anonymous) and first.name.upper() == "POINT":
            if node.name.upper() == "POINT":
                refuse(node, "POINT takes longitude and latitude, not a POINT")
            return self.read(arguments.pop(0))
        if len(arguments) < 2:
            refuse(node, f"{node.name.upper()}: longitude and latitude in degrees expected")
        ra, dec = self.translate(arguments.pop(0)), self.translate(arguments.pop(0))
        for what, value in (("longitude", ra), ("latitude", dec)):
            if isinstance(value, exp.Literal) and value.is_string:
                refuse(node, f"{what} {value.sql()}: must be a number of degrees")
        latitude = constant(dec)
        if latitude is not None and not -90 <= latitude <= 90:
            refuse(node, f"latitude {latitude:g}: must lie in -90 .. 90 degrees")
        return Point(ra, dec)

    def _circle(self, node, arguments):
        center = self._point(node, arguments)
        if not arguments:
            refuse(node, "CIRCLE: a radius in degrees expected after the centre")
        radius = folded(self.translate(arguments.pop(0)))
        value = constant(radius)
        if value is not None and not 0 <= value <= 180:
            refuse(node, f"radius {value:g}: must lie in 0 .. 180 degrees")
        return Circle(center, radius)

    def _box(self, node, arguments):
        """A box of constant centre and size: sides are great circles through its corners."""
        center = self._point(node, arguments)
        if len(arguments) != 2:
            refuse(node, "BOX: width and height in degrees expected after the centre")
        sizes = [self.translate(arguments.pop(0)) for _ in range(2)]
        values = [constant(value) for value in (*center.parts(), *sizes)]
        if None in values:
            refuse(node, "BOX: centre, width and height must be constants; use CIRCLE for a crossmatch")
        ra, dec, width, height = values
        if not (width > 0 and height > 0 and abs(dec) + height / 2 <= 90):
            refuse(node, f"BOX {width:g} x {height:g} at latitude {dec:g}: must not reach over a pole")
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return Polygon(
            tuple(Point(number((ra + sx * width / 2) % 360.0), number(dec + sy * height / 2)) for sx, sy in signs)
        )

    def _polygon(self, node, arguments):
        vertices = []
        while arguments:
            vertices.append(self._point(node, arguments))
        if len(vertices) < 3:
            refuse(node, "POLYGON: at least three vertices expected")
        if any(constant(part) is None for vertex in vertices for part in vertex.parts()):
            refuse(node, "POLYGON: vertices must be constants")
        return Polygon(tuple(vertices))


def as_array(shape):
    """A geometry in a select list: DALI array of its numbers, degrees."""
    if isinstance(shape, Point):
        numbers = shape.parts()
    elif isinstance(shape, Circle):
        numbers = (*shape.center.parts(), shape.radius)
    else:
        numbers = tuple(part for vertex in shape.vertices for part in vertex.parts())
    return exp.Array(expressions=[double(value) for value in numbers])


def distance(a, b):
    """Great-circle distance of two points, degrees."""
    return call("q3c_dist", *map(double, (*a.parts(), *b.parts())))


def _columns(point):
    return [column for part in point.parts() for column in part.find_all(exp.Column)]


def within(a, b, radius, size_of):
    """Condition: points a and b are closer than the radius. `size_of` tells the rows behind columns."""
    tables_a, tables_b = tables_of(*a.parts()), tables_of(*b.parts())
    if (not tables_a and not tables_b) or tables_a & tables_b:
        return exp.LT(this=distance(a, b), expression=bracketed(radius))
    if not tables_a or not tables_b:
        point, center = (a, b) if tables_a else (b, a)
        value = constant(radius)
        fixed = map(double, center.parts())
        if value is not None and value <= SMALL_CONE:
            return call("q3c_join", *fixed, *point.parts(), double(radius))
        return call("q3c_radial_query", *point.parts(), *fixed, double(radius))
    searched, other = a, b
    tables_radius = tables_of(radius)
    larger_b = size_of(_columns(b)) > size_of(_columns(a))
    if (larger_b or tables_radius & tables_a) and not tables_radius & tables_b:
        searched, other = b, a
    return call("q3c_join", *other.parts(), *searched.parts(), double(radius))


def in_polygon(node, point, polygon):
    """Condition: the point lies in a constant polygon."""
    if not tables_of(*point.parts()):
        refuse(node, "a constant point in a constant polygon: one of them must come from a table")
    numbers = [(constant(vertex.ra), constant(vertex.dec)) for vertex in polygon.vertices]
    widest = max(_separation(p, q) for p in numbers for q in numbers)
    if widest > MAX_POLYGON:
        refuse(node, f"a polygon {widest:.1f} degrees wide: at most {MAX_POLYGON:g} degrees are supported")
    return call("q3c_poly_query", *point.parts(), as_array(polygon))


def _separation(p, q):
    ra, dec, ra2, dec2 = map(math.radians, (*p, *q))
    cosine = math.sin(dec) * math.sin(dec2) + math.cos(dec) * math.cos(dec2) * math.cos(ra - ra2)
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def contains(node, left, right, size_of):
    """Condition of CONTAINS(left, right) or INTERSECTS(left, right)."""
    if not isinstance(left, Point) and isinstance(right, Point) and node.name.upper() == "INTERSECTS":
        left, right = right, left
    if not isinstance(left, Point):
        refuse(node, f"{node.name.upper()}: one side must be a POINT; regions of both sides are not supported")
    if isinstance(right, Circle):
        return within(left, right.center, right.radius, size_of)
    if isinstance(right, Polygon):
        return in_polygon(node, left, right)
    return exp.EQ(this=distance(left, right), expression=number(0.0))
