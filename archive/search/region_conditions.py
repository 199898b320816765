"""SQL conditions for what lies in, or reaches into, a region of the sky (archive.sky.regions).

An index finds what is near each piece of the region; then the figures decide, on the plane tangent at the piece.
"""

from __future__ import annotations

import math

from django.db import models
from django.db.models.expressions import RawSQL

from archive.models import ReferenceImage
from archive.models.images import LARGEST_RADIUS
from archive.search.families import POINT, REFERENCE_FOOTPRINT, Family
from archive.sky.regions import Piece, Region, circle

FAR = 3.0  # deg; a single cone wider than this is looked up with its centre as a constant, in fewer parts of the index
"""Many pieces go through q3c_join at any radius: the widest are a MOC's cells of order 3, of 7.3 deg. It finds the same
rows there, by the index."""
_CORNERS = ", ".join(f"t.{axis}{n}" for n in (1, 2, 3, 4) for axis in ("ra", "dec"))
_PLACE = ", ".join(["t.ra, t.dec"] * 4)


def in_region(region: Region, family: Family, model: type[models.Model], near: float) -> RawSQL:
    """Whether a row of a family that has a place on the sky lies in a region, or reaches into it."""
    table, key = model._meta.db_table, str(model._meta.pk.column)
    if family.place == POINT:
        return places_in(region, table, key, f'"{table}".{key}', near)
    if family.place == REFERENCE_FOOTPRINT:
        return footprints_in(region, ReferenceImage._meta.db_table, "rfid", f'"{table}".product_id')
    if family.sky:
        sky = model._meta.get_field(family.sky)
        science = sky.related_model._meta
        return footprints_in(region, science.db_table, str(science.pk.column), f'"{table}".{sky.column}')
    return footprints_in(region, table, key, f'"{table}".{key}')


def footprints_in(region: Region, table: str, key: str, column: str) -> RawSQL:
    """Whether `column` names a row of `table`, by its `key`, whose footprint overlaps a region."""
    return _condition(region.pieces, table, key, column, _CORNERS, LARGEST_RADIUS)


def places_in(region: Region, table: str, key: str, column: str, near: float) -> RawSQL:
    """Whether `column` names a row of `table` whose position lies in a region; `near` (deg) of a listed position."""
    pieces = [circle(one.ra, one.dec, near) if one.is_position else one for one in region.pieces]
    return _condition(pieces, table, key, column, _PLACE, 0.0)


def _condition(pieces, table: str, key: str, column: str, corners: str, margin: float) -> RawSQL:
    near, first = _near(pieces, margin)
    columns = zip(*((one.ra, one.dec, one.radius, _written(one), one.reach) for one in pieces), strict=True)
    sql = _SQL.format(column=column, table=table, key=key, near=near, corners=corners)
    return RawSQL(sql, [*map(list, columns), *first], models.BooleanField())


def _near(pieces, margin: float) -> tuple[str, list[float]]:
    widest = max(one.radius for one in pieces) + margin
    if len(pieces) == 1 and widest > FAR:
        return "q3c_radial_query(t.ra, t.dec, %s, %s, %s)", [pieces[0].ra, pieces[0].dec, widest]
    return "q3c_join(c.ra, c.dec, t.ra, t.dec, c.radius + %s)", [margin]


def _written(piece: Piece) -> str:
    """A polygon as PostgreSQL reads it; a point as one without extent."""
    points = piece.outline if len(piece.outline) > 1 else piece.outline * 4
    if not all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        raise ValueError(f"a piece of a region that reaches beyond its plane: {piece}")
    return "(" + ",".join(f"({x!r},{y!r})" for x, y in points) + ")"


_SQL = """{column} IN (
  SELECT t.{key} FROM (
    SELECT ra, dec, radius, outline::polygon AS outline, reach
    FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::text[], %s::float8[])
      AS p(ra, dec, radius, outline, reach)
    OFFSET 0
  ) AS c JOIN {table} AS t ON {near}
  WHERE (vo_on_plane(c.ra, c.dec, {corners}) <-> c.outline) <= c.reach)"""
