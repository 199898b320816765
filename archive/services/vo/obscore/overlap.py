"""Conditions in SQL, with bound values, for products of the view tap_data.obscore (named `o`) that reach into a region.

First an index finds the centres that are near enough; then the footprint decides, on the plane tangent at the region's
middle, where great circles are straight lines and a cone about the middle is a circle. What has no footprint counts
by its position.
"""

from __future__ import annotations

import math

import numpy as np

from archive.sky.shapes import Circle, Polygon, Range, Shape
from archive.sky.sphere import separation

NEAR = 3.0  # deg; q3c_join plans faster than q3c_radial_query while few of its four cells are much larger than the cone
FAR = 80.0  # deg from the middle: beyond, only the circle around each footprint is compared
NARROW = 60.0  # deg: a range up to this wide lies in a cone that is worth looking up
CORNERS = ", ".join(f"o.{axis}{n}" for n in (1, 2, 3, 4) for axis in ("ra", "dec"))
REACH = 1.3  # deg, of any product

Condition = tuple[str, list]


def overlaps(shape: Shape) -> Condition:
    """The condition that a product overlaps a region (SIA 2.0, section 2.1.1)."""
    if isinstance(shape, Circle):
        return _circle(shape)
    return _range(shape) if isinstance(shape, Range) else _polygon(shape)


def _near(ra: float, dec: float, radius: float) -> Condition:
    """Centres within `radius` and the reach of their kind."""
    if radius + REACH <= NEAR:
        return "q3c_join(%s::float8, %s::float8, o.s_ra, o.s_dec, %s::float8 + coalesce(o.reach, 0))", [ra, dec, radius]
    if radius + REACH < 90:
        return "q3c_radial_query(o.s_ra, o.s_dec, %s::float8, %s::float8, %s::float8)", [ra, dec, radius + REACH]
    return "q3c_dist(o.s_ra, o.s_dec, %s, %s) <= %s + coalesce(o.s_fov / 2, 0)", [ra, dec, radius]


def _circle(shape: Circle) -> Condition:
    near, values = _near(shape.ra, shape.dec, shape.radius)
    whole = "q3c_dist(o.s_ra, o.s_dec, %s, %s) <= %s + coalesce(o.s_fov / 2, 0)"
    values += [shape.ra, shape.dec, shape.radius]
    if shape.radius + REACH > FAR:
        return f"{near} AND {whole}", values
    exact = f"(o.ra1 IS NULL OR (vo_on_plane(%s, %s, {CORNERS}) <-> point(0, 0)) <= %s)"
    return f"{near} AND {whole} AND {exact}", [*values, shape.ra, shape.dec, math.tan(math.radians(shape.radius))]


def _polygon(shape: Polygon) -> Condition:
    ra, dec = shape.middle
    near, values = _near(ra, dec, shape.radius)
    written = "(" + ",".join(f"({x!r},{y!r})" for x, y in shape.on_plane()) + ")"
    corners = f"CASE WHEN o.ra1 IS NULL THEN {_place()} ELSE vo_on_plane(%s, %s, {CORNERS}) END"
    return f"{near} AND {corners} && %s::polygon", [*values, ra, dec, ra, dec, written]


def _place() -> str:
    """A position as a polygon without extent."""
    return "vo_on_plane(%s, %s, o.s_ra, o.s_dec, o.s_ra, o.s_dec, o.s_ra, o.s_dec, o.s_ra, o.s_dec)"


def _range(shape: Range) -> Condition:
    exact = f"vo_in_range(o.s_ra, o.s_dec, coalesce(o.s_fov / 2, 0), %s, %s, %s, %s, {CORNERS})"
    values = [shape.west, shape.east, shape.south, shape.north]
    if shape.width > NARROW or shape.north - shape.south > NARROW:
        return exact, values
    ra, dec = (shape.west + shape.east) / 2 % 360, (shape.south + shape.north) / 2
    radius = float(separation(ra, dec, *np.transpose(shape.outline())).max())
    near, first = _near(ra, dec, radius)
    return f"{near} AND {exact}", first + values
