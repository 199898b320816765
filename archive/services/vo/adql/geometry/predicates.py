"""CONTAINS, INTERSECTS and DISTANCE as conditions that PostgreSQL answers through a sky index where there is one.

The index (Q3C) only finds what is near enough; the condition after it is exact, and the same in whatever form a query
asks. Cones of up to one degree around a constant use q3c_join, which plans 13 times faster than q3c_radial_query. In a
crossmatch the larger table is the searched (indexed) side.
"""

from __future__ import annotations

from sqlglot import exp

from archive.services.vo.adql.geometry.shapes import (
    SLACK,
    Circle,
    Geometry,
    Point,
    Polygon,
    Reach,
    as_array,
    as_point,
    constant_polygon,
    widened,
)
from archive.services.vo.adql.grammar.whitelist import refuse
from archive.services.vo.adql.names.types import ROWS
from archive.services.vo.adql.sql import (
    DOUBLE,
    add,
    both,
    bracketed,
    call,
    constant,
    double,
    number,
    tables_of,
)

SMALL_CONE = 1.0  # degrees: up to here q3c_join is the faster plan
LARGEST_CONE = 60.0  # degrees: larger ones are a quarter of the sky and more, and need no index
WIDEST_POLYGON = 22.0  # degrees: q3c_in_poly refuses polygons wider than some 23
MOST_VERTICES = 100  # of q3c_in_poly


def distance(a: Point, b: Point) -> exp.Expr:
    """Great-circle distance of two points, degrees."""
    return call("q3c_dist", *map(double, (*a.parts, *b.parts)))


def closer(a: Point, b: Point, radius: exp.Expr, inclusive: bool, indexed: bool = True) -> exp.Expr:
    """Condition: two points are no farther from each other than the radius (less than it, if not inclusive)."""
    compare = exp.LTE if inclusive else exp.LT
    exact = compare(this=distance(a, b), expression=bracketed(radius))
    return both(near(a.reach, b.reach, radius) if indexed else None, exact)


def near(a: Reach, b: Reach, radius: exp.Expr) -> exp.Expr | None:
    """A condition that an index answers, true wherever two points are within the radius; None where none helps."""
    radius = add(radius, number(SLACK))
    value = constant(radius)
    if value is not None and not 0 <= value <= LARGEST_CONE:
        return None
    tables_a, tables_b = (_tables(one) for one in (a, b))
    if tables_a & tables_b or not (tables_a or tables_b):
        return None
    if not tables_a or not tables_b:
        searched, fixed = (a, b) if tables_a else (b, a)
        return _cone(searched, fixed, radius, value) if not tables_of(radius) else None
    searched, other = (b, a) if _rows(b) > _rows(a) else (a, b)
    needs = tables_of(radius)
    if needs & _tables(searched):
        searched, other = other, searched
    if needs & _tables(searched) or not _plain(searched):
        return None
    return call("q3c_join", _number(other.ra), _number(other.dec), searched.ra, searched.dec, _number(double(radius)))


def _cone(searched: Reach, fixed: Reach, radius: exp.Expr, value: float | None) -> exp.Expr | None:
    if not _plain(searched):
        return None
    centre = (double(fixed.ra), double(fixed.dec))
    if value is not None and value <= SMALL_CONE + 2 * SLACK:
        return call("q3c_join", *centre, searched.ra, searched.dec, double(radius))
    if value is None or any(constant(part) is None for part in (fixed.ra, fixed.dec)):
        return None
    return call("q3c_radial_query", searched.ra, searched.dec, *centre, double(radius))


def _number(value: exp.Expr) -> exp.Expr:
    """The value, or NULL where it is not a number: Q3C would end the query."""
    if not tables_of(value):
        return value
    return call("nullif", double(value), exp.cast(exp.Literal.string("NaN"), DOUBLE))


def _plain(reach: Reach) -> bool:
    """Whether a position is two columns, as an index has them."""
    return isinstance(reach.ra, exp.Column) and isinstance(reach.dec, exp.Column)


def _tables(reach: Reach) -> set[str]:
    return tables_of(reach.ra, reach.dec)


def _rows(reach: Reach) -> int:
    """Rows of the largest table that a position comes from."""
    columns = [column for part in (reach.ra, reach.dec) for column in part.find_all(exp.Column)]
    return max((column.meta.get(ROWS, 0) for column in columns), default=0)


def contains(node: exp.Expr, inner: Geometry, outer: Geometry, indexed: bool) -> exp.Expr:
    """Condition of CONTAINS(inner, outer); `indexed` is false where an index would not help (after NOT)."""
    if isinstance(outer, Point) and as_point(inner) is None:
        refuse(node, "CONTAINS(a, b) asks whether a lies within b, and a POINT holds nothing: swap the arguments")
    point = inner if isinstance(inner, Point) else None
    if point is not None and isinstance(outer, Point | Circle):
        radius = outer.radius if isinstance(outer, Circle) else number(0.0)
        return closer(point, outer.center if isinstance(outer, Circle) else outer, radius, True, indexed)
    if point is not None and isinstance(outer, Polygon):
        return _in_polygon(point, outer, indexed)
    exact = call("ztf_contains", as_array(inner), as_array(outer))
    return both(_touching(inner, outer) if indexed else None, exact)


def intersects(node: exp.Expr, a: Geometry, b: Geometry, indexed: bool) -> exp.Expr:
    """Condition of INTERSECTS(a, b)."""
    if isinstance(a, Point) or isinstance(b, Point):
        inner, outer = (a, b) if isinstance(a, Point) else (b, a)
        return contains(node, inner, outer, indexed)
    if isinstance(a, Circle) and isinstance(b, Circle):
        return closer(a.center, b.center, add(a.radius, b.radius), True, indexed)
    exact = call("ztf_intersects", as_array(a), as_array(b))
    return both(_touching(a, b) if indexed else None, exact)


def _touching(a: Geometry, b: Geometry) -> exp.Expr | None:
    """Condition of the index: the circles around both geometries touch."""
    if a.reach is None or b.reach is None:
        return None
    return near(a.reach, b.reach, add(a.reach.radius, b.reach.radius))


def _in_polygon(point: Point, polygon: Polygon, indexed: bool) -> exp.Expr:
    """The index finds what lies in a circle around the polygon; vertices and border are inside, whichever way round.

    q3c_poly_query is not used: in Q3C 2.0.0 it takes memory that was freed for a cache of its own, and then misses
    rows when a session asks for the same polygon again.
    """
    name = "q3c_in_poly" if _is_small(polygon) else "ztf_in_polygon"
    if (corners := polygon.constants) is not None:
        exact = call(name, *map(double, point.parts), as_array(constant_polygon(widened(corners))))
    else:
        parts = (*map(double, point.parts), _whole(polygon))
        exact = exp.Paren(this=exp.Or(this=call(name, *parts), expression=call("ztf_on_border", *parts)))
    return both(_touching(point, polygon) if indexed else None, exact)


def _whole(polygon: Polygon) -> exp.Expr:
    """A polygon's numbers, or NULL where one is missing: Q3C would end the query."""
    total = polygon.parts[0].copy()
    for part in polygon.parts[1:]:
        total = exp.Add(this=total, expression=bracketed(part))
    missing = exp.Is(this=exp.Paren(this=total), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=as_array(polygon))


def _is_small(polygon: Polygon) -> bool:
    """Whether Q3C takes the polygon."""
    reach = polygon.reach.radius if polygon.reach is not None else None
    radius = None if reach is None else constant(reach)
    return radius is not None and 2 * radius <= WIDEST_POLYGON and len(polygon.vertices) <= MOST_VERTICES
