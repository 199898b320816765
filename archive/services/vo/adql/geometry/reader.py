"""Reads ADQL's geometry calls: POINT, CIRCLE, BOX, POLYGON, REGION, CENTROID, and columns that hold geometries."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from archive.services.vo.adql.catalog import Column, Region
from archive.services.vo.adql.geometry.region_text import read_region
from archive.services.vo.adql.geometry.shapes import (
    Circle,
    Geometry,
    Point,
    Polygon,
    Reach,
    Shape,
    as_point,
    box_corners,
    centroid,
    constant_polygon,
    farthest,
    middle,
)
from archive.services.vo.adql.grammar.whitelist import refuse
from archive.services.vo.adql.names.types import COLUMN
from archive.services.vo.adql.sql import call, constant, folded, item, number

FRAMES = frozenset({"", "ICRS", "FK5", "J2000", "ICRS GEOCENTER", "ICRS BARYCENTER", "ICRS TOPOCENTER"})
"""Coordinate systems taken as ICRS; FK5 at J2000 differs by at most 0.03 arcsec."""

GEOMETRIES = ("POINT", "CIRCLE", "BOX", "POLYGON", "REGION", "CENTROID")
LARGEST_BOX = 170.0  # degrees; a box is a rectangle on the tangent plane of its centre
_REGION_XTYPES = {"polygon", "circle", "point", "region", "shape", "adql:region", "adql:point"}


class GeometryReader:
    """Reads geometries; `translate` turns a scalar argument into PostgreSQL, `points` holds functions that give one."""

    def __init__(self, translate: Callable, points: Callable):
        self.translate, self.points = translate, points
        self.readers: dict[str, Callable[[exp.Expr, list], Geometry]] = {
            "POINT": self._point, "CIRCLE": self._circle, "BOX": self._box, "POLYGON": self._polygon,
        }  # fmt: skip

    def is_geometry(self, node: exp.Expr) -> bool:
        """Whether an expression is a geometry: a constructor, a column of one, or a function that gives one."""
        node = node.unnest()
        if isinstance(node, exp.Column):
            known = node.meta.get(COLUMN)
            return known is not None and (known.region is not None or (known.xtype or "").lower() in _REGION_XTYPES)
        return isinstance(node, exp.Anonymous) and (node.name.upper() in GEOMETRIES or self.points(node) is not None)

    def read(self, node: exp.Expr) -> Geometry:
        """The geometry that an expression stands for.

        Raises
        ------
        ADQLError
        """
        node = node.unnest()
        if not self.is_geometry(node):
            refuse(node, f"{node.sql()}: a geometry expected: {', '.join(GEOMETRIES)} or a column that holds one")
        if isinstance(node, exp.Column):
            return self._column(node)
        build = self.points(node)
        if build is not None:
            found = build(node)
            return Point(item(found, 1), item(found, 2))
        name, arguments = node.name.upper(), list(node.expressions)
        if name in ("REGION", "CENTROID"):
            return self._region(node, arguments) if name == "REGION" else self._centroid(node, arguments)
        self._check_frame(node, arguments)
        shape = self.readers[name](node, arguments)
        if arguments:
            refuse(arguments[0], f"{name}: too many arguments")
        return shape

    def point(self, node: exp.Expr, what: str) -> Point:
        """The point that an expression stands for; `what` asks for it."""
        found = as_point(self.read(node))
        if found is None:
            refuse(node, f"{what}: a POINT expected, not {node.sql()}")
        return found

    def _check_frame(self, node: exp.Expr, arguments: list) -> None:
        if arguments and isinstance(arguments[0], exp.Literal) and arguments[0].is_string:
            frame = arguments.pop(0)
            if " ".join(frame.this.upper().split()) not in FRAMES:
                refuse(frame, f"coordinate system {frame.this!r} is not supported: use 'ICRS' or leave it out")

    def _column(self, node: exp.Column) -> Geometry:
        known: Column = node.meta[COLUMN]
        if known.region is not None:
            return _footprint(node, known.region)
        xtype = (known.xtype or "").lower().removeprefix("adql:")
        column = self.translate(node)
        numbers = column if known.type.endswith("[]") else call("ztf_region", column)
        return Shape(numbers, xtype if xtype in ("point", "circle", "polygon") else None)

    def _centroid(self, node: exp.Expr, arguments: list) -> Point:
        if len(arguments) != 1:
            refuse(node, f"CENTROID takes one geometry, {len(arguments)} given")
        return centroid(self.read(arguments[0]))

    def _region(self, node: exp.Expr, arguments: list) -> Geometry:
        if len(arguments) != 1:
            refuse(node, f"REGION takes one text, {len(arguments)} arguments given")
        if self.is_geometry(arguments[0]):
            return self.read(arguments[0])
        if not (isinstance(arguments[0], exp.Literal) and arguments[0].is_string):
            refuse(node, "REGION takes a text such as 'CIRCLE ICRS 10 20 0.5', or a column of regions")
        try:
            kind, values = read_region(arguments[0].this)
        except ValueError as error:
            refuse(arguments[0], f"REGION: {error}")
        literals = [number(value) for value in values]
        return self.readers[kind](node, literals)

    def _point(self, node: exp.Expr, arguments: list) -> Point:
        name = node.name.upper()
        if arguments and self.is_geometry(arguments[0]):
            if name == "POINT":
                refuse(node, "POINT takes longitude and latitude, not a geometry")
            return self.point(arguments.pop(0), name)
        if len(arguments) < 2:
            refuse(node, f"{name}: longitude and latitude in degrees expected")
        ra, dec = (self._number(arguments.pop(0), what) for what in ("longitude", "latitude"))
        latitude = constant(dec)
        if latitude is not None and not -90 <= latitude <= 90:
            refuse(node, f"latitude {latitude:g}: must lie in -90 .. 90 degrees")
        return Point(ra, dec)

    def _number(self, argument: exp.Expr, what: str) -> exp.Expr:
        if isinstance(argument, exp.Literal) and argument.is_string:
            refuse(argument, f"{what} {argument.sql()}: must be a number of degrees")
        return folded(self.translate(argument))

    def _circle(self, node: exp.Expr, arguments: list) -> Circle:
        center = self._point(node, arguments)
        if not arguments:
            refuse(node, "CIRCLE: a radius in degrees expected after the centre")
        radius = self._number(arguments.pop(0), "radius")
        value = constant(radius)
        if value is not None and not 0 <= value <= 180:
            refuse(node, f"radius {value:g}: must lie in 0 .. 180 degrees")
        return Circle(center, radius)

    def _box(self, node: exp.Expr, arguments: list) -> Geometry:
        center = self._point(node, arguments)
        if len(arguments) < 2:
            refuse(node, "BOX: width and height in degrees expected after the centre")
        sizes = [self._number(arguments.pop(0), what) for what in ("width", "height")]
        for what, size in zip(("width", "height"), map(constant, sizes), strict=True):
            if size is not None and not 0 < size <= LARGEST_BOX:
                refuse(node, f"BOX: {what} {size:g} must be positive and at most {LARGEST_BOX:g} degrees")
        ra, dec, width, height = (constant(value) for value in (*center.parts, *sizes))
        reach = None
        if width is not None and height is not None:
            if ra is not None and dec is not None:
                return constant_polygon(box_corners(ra, dec, width, height))
            corner = farthest((0.0, 0.0), box_corners(0.0, 0.0, width, height))
            reach = Reach(center.ra, center.dec, number(corner))
        return Shape(call("ztf_box", *center.parts, *sizes), "polygon", reach)

    def _polygon(self, node: exp.Expr, arguments: list) -> Polygon:
        vertices = []
        while arguments:
            vertices.append(self._point(node, arguments))
        polygon = Polygon(tuple(vertices))
        if len(vertices) < 3:
            refuse(node, f"POLYGON: at least three vertices expected, {len(vertices)} given")
        numbers = polygon.constants
        if numbers is not None:
            centre = middle(numbers)
            if centre is None or farthest(centre, numbers) > 89.9:
                refuse(node, "POLYGON: it must fit within a hemisphere; divide it, or use a CIRCLE")
        return polygon


def _footprint(node: exp.Column, region: Region) -> Polygon:
    def column(name: str) -> exp.Column:
        found = exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(node.table, quoted=True))
        found.meta.update(node.meta)
        found.meta[COLUMN] = Column(name, "double precision", "deg")
        return found

    corners = [column(name) for name in region.corners]
    vertices = tuple(Point(ra, dec) for ra, dec in zip(corners[::2], corners[1::2], strict=True))
    ra, dec = region.centre
    return Polygon(vertices, Reach(column(ra), column(dec), number(region.radius)))
