"""SQL conditions for footprints and boxes on the sky, exact on the sphere.

Everything is decided on the plane tangent to the sky at the region's centre. There great circles are straight lines,
a box of full widths w and h is the rectangle |x| <= tan(w/2), |y| <= tan(h/2), and a footprint is the quadrilateral
of its corners' images: at the poles and across RA 0 as anywhere else.

Two convex figures are apart if and only if a side of one of them separates them (separating axis theorem). For a
side of the footprint from (x1, y1) to (x2, y2), run through anticlockwise, the rectangle's nearest and farthest
points lie at

    dy x1 - dx y1  -+  (|dx| b + |dy| a),     dx = x2 - x1, dy = y2 - y1

of it (times its length), positive inside; a and b are the rectangle's half widths.
"""

from __future__ import annotations

from django.db import models
from django.db.models.expressions import RawSQL

from archive.sky.boxes import CENTER, COVERS, ENCLOSED, OVERLAPS, Box, ccd_places
from archive.survey.camera import FULL_NX

MARGIN = 0.01  # deg, for edges that are sampled
_SIDES = ((1, 2), (2, 3), (3, 4), (4, 1))
_CORNERS = (1, 2, 3, 4)


def footprint_condition(table: str, box: Box, relation: str) -> RawSQL:
    """Whether the footprint of a row of `table` (corners ra1, dec1 ... dec4) has a relation to a box."""
    return _condition(_of_corners(table), [], box, relation)


def ccd_condition(exposures: str, images: str, box: Box, relation: str) -> RawSQL:
    """Whether a CCD has a relation to a box, by its place in the camera and the telescope's axis.

    The axis stands in `ra`, `dec` of the table `exposures`, the CCD in `ccdid` of the table `images`, and in `nx` how
    many columns its quadrants have: a smaller camera is the real one shrunk. The distance of the box from the axis
    tells most CCDs apart before any corner is computed.
    """
    nearest, farthest, corners = ccd_places()
    exact = _condition(_of_ccds(exposures, images), corners, box, relation)
    place, centre = box.centre_sql()
    ccd, distance = f'"{images}".ccdid', f'q3c_dist("{exposures}".ra, "{exposures}".dec, {place})'
    size, reach = _size(images), box.radius + MARGIN
    near = f"{distance} BETWEEN (%s::float8[])[{ccd}] * {size} - %s AND (%s::float8[])[{ccd}] * {size} + %s"
    limits = [*centre, nearest, reach, farthest, reach]
    return RawSQL(f"({near} AND {exact.sql})", [*limits, *exact.params], models.BooleanField())


def _size(images: str) -> str:
    """The size of a row's camera, as a part of the real one."""
    return f'("{images}".nx / {FULL_NX}.0)'


def _condition(corners: str, values: list, box: Box, relation: str) -> RawSQL:
    """`corners` is a SELECT of the corners' vectors ux1, uy1, uz1 ... uz4, of any length."""
    if relation == ENCLOSED and box.is_point:
        return RawSQL("false", [], models.BooleanField())
    axes, constants = box.axes_sql()
    sql = _SQL.format(corners=corners, verdict=_VERDICTS[relation], axes=axes)
    return RawSQL(sql, [*values, *constants, *box.half], models.BooleanField())


def point_condition(table: str, box: Box) -> RawSQL:
    """Whether the position `ra`, `dec` of a row of `table` lies in a box."""
    axes, constants = box.axes_sql()
    ra, dec = f'radians("{table}".ra)', f'radians("{table}".dec)'
    vector = f"cos({dec}) * cos({ra}) AS x, cos({dec}) * sin({ra}) AS y, sin({dec}) AS z"
    sql = _POINT.format(vector=vector, axes=axes)
    return RawSQL(sql, [*constants, *box.half], models.BooleanField())


def _of_corners(table: str) -> str:
    parts = []
    for n in _CORNERS:
        ra, dec = f'radians("{table}".ra{n})', f'radians("{table}".dec{n})'
        parts.append(f"cos({dec}) * cos({ra}) AS ux{n}, cos({dec}) * sin({ra}) AS uy{n}, sin({dec}) AS uz{n}")
    return f"SELECT {', '.join(parts)}"


def _of_ccds(exposures: str, images: str) -> str:
    """A corner at east e and north n (radians on the camera's tangent plane) is axis + e * east + n * north."""
    ra, dec = f'radians("{exposures}".ra)', f'radians("{exposures}".dec)'
    known = [f"cos({ra}) AS ca, sin({ra}) AS sa, cos({dec}) AS cd, sin({dec}) AS sd"]
    place = f'(%s::float8[])["{images}".ccdid] * {_size(images)}'
    known += [f"{place} AS {axis}{n}" for n in _CORNERS for axis in ("e", "n")]
    parts = [
        f"cd * ca - e{n} * sa - n{n} * sd * ca AS ux{n}, "
        f"cd * sa + e{n} * ca - n{n} * sd * sa AS uy{n}, sd + n{n} * cd AS uz{n}"
        for n in _CORNERS
    ]
    return f"SELECT {', '.join(parts)} FROM (SELECT {', '.join(known)} OFFSET 0) AS ccd"


def _verdict(sign: int) -> str:
    """All sides of the footprint have the rectangle's centre (0), nearest (-1) or farthest (1) point inside."""
    reach = {0: "", -1: " - (abs({dx}) * b + abs({dy}) * a)", 1: " + (abs({dx}) * b + abs({dy}) * a)"}[sign]
    sides = []
    for i, j in _SIDES:
        dx, dy = f"(x{j} - x{i})", f"(y{j} - y{i})"
        sides.append(f"sense * ({dy} * x{i} - {dx} * y{i})" + reach.format(dx=dx, dy=dy) + " >= -1e-15")
    return " AND ".join(sides)


def _all(names: str, function: str) -> str:
    return f"{function}({', '.join(names.format(n=n) for n in _CORNERS)})"


_RECTANGLE_REACHES = (
    f"{_all('x{n}', 'least')} <= a AND {_all('x{n}', 'greatest')} >= -a "
    f"AND {_all('y{n}', 'least')} <= b AND {_all('y{n}', 'greatest')} >= -b"
)
_VERDICTS = {
    COVERS: _verdict(-1),
    CENTER: _verdict(0),
    OVERLAPS: f"{_RECTANGLE_REACHES} AND {_verdict(1)}",
    ENCLOSED: f"{_all('abs(x{n})', 'greatest')} <= a AND {_all('abs(y{n})', 'greatest')} <= b",
}
_DOTS = ", ".join(
    f"ux{n} * ex + uy{n} * ey + uz{n} * ez AS p{n}, ux{n} * nx + uy{n} * ny + uz{n} * nz AS q{n}, "
    f"ux{n} * cx + uy{n} * cy + uz{n} * cz AS w{n}"
    for n in _CORNERS
)
_PLANE = ", ".join(f"p{n} / w{n} AS x{n}, q{n} / w{n} AS y{n}" for n in _CORNERS)
# OFFSET 0 keeps the planner from writing each level's expressions into the next, where they would be computed anew
# for every use.
_SQL = f"""(
SELECT {{verdict}} FROM (
  SELECT *, sign((x3 - x1) * (y4 - y2) - (x4 - x2) * (y3 - y1)) AS sense FROM (
    SELECT a, b, {_PLANE} FROM (
      SELECT a, b, {_DOTS} FROM ({{corners}} OFFSET 0) AS corners,
        (VALUES ({{axes}}, %s::double precision, %s::double precision))
          AS box (cx, cy, cz, ex, ey, ez, nx, ny, nz, a, b)
      OFFSET 0
    ) AS dots OFFSET 0
  ) AS plane OFFSET 0
) AS figure)"""
_POINT = """(
SELECT w > 0 AND abs(p) <= a * w AND abs(q) <= b * w FROM (
  SELECT a, b, x * ex + y * ey + z * ez AS p, x * nx + y * ny + z * nz AS q, x * cx + y * cy + z * cz AS w
  FROM (SELECT {vector} OFFSET 0) AS place,
    (VALUES ({axes}, %s::double precision, %s::double precision)) AS box (cx, cy, cz, ex, ey, ez, nx, ny, nz, a, b)
  OFFSET 0
) AS figure)"""
