"""Regions of the sky and how footprints lie to them, exactly on the sphere.

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

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from django.db import models
from django.db.models.expressions import RawSQL

from archive.survey.camera import CCD_IDS, QUADRANT_IDS, Camera, pixel_to_plane

COVERS, ENCLOSED, CENTER, OVERLAPS = "COVERS", "ENCLOSED", "CENTER", "OVERLAPS"
RELATIONS = (COVERS, ENCLOSED, CENTER, OVERLAPS)
LARGEST_BOX = 90.0  # deg; the tangent plane reaches no farther than a hemisphere
LISTED = "listed"  # name in SQL of a list of positions: columns ra, dec, and AXES
AXES = ("cx", "cy", "cz", "ex", "ey", "ez", "nx", "ny", "nz")
MARGIN = 0.01  # deg, for edges that are sampled
_SIDES = ((1, 2), (2, 3), (3, 4), (4, 1))
_CORNERS = (1, 2, 3, 4)


@dataclass(frozen=True)
class Box:
    """A convex region with great-circle sides: full widths (deg) to east and north at its centre (ICRS deg)."""

    ra: float
    dec: float
    width: float = 0.0
    height: float = 0.0

    @property
    def is_point(self) -> bool:
        return self.width == 0 and self.height == 0

    @property
    def half(self) -> tuple[float, float]:
        """Half widths on the tangent plane."""
        return math.tan(math.radians(self.width / 2)), math.tan(math.radians(self.height / 2))

    @property
    def radius(self) -> float:
        """Distance of its corners from its centre, degrees."""
        return math.degrees(math.atan(math.hypot(*self.half)))

    @property
    def axes(self) -> tuple[tuple[float, float, float], ...]:
        """Unit vectors to its centre, and to the east and north there."""
        a, d = math.radians(self.ra), math.radians(self.dec)
        centre = (math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d))
        return (
            centre,
            (-math.sin(a), math.cos(a), 0.0),
            (-math.sin(d) * math.cos(a), -math.sin(d) * math.sin(a), math.cos(d)),
        )

    @property
    def corners(self) -> np.ndarray:
        """Its corners as unit vectors (4, 3), anticlockwise as seen on the tangent plane."""
        centre, east, north = map(np.array, self.axes)
        a, b = self.half
        found = np.array([centre + x * east + y * north for x, y in ((-a, -b), (a, -b), (a, b), (-a, b))])
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def centre_sql(self) -> tuple[str, list[float]]:
        """Right ascension and declination as SQL, and the values that it binds."""
        return "%s, %s", [self.ra, self.dec]

    def axes_sql(self) -> tuple[str, list[float]]:
        """The nine numbers of `axes` as SQL, and the values that it binds."""
        return ", ".join(["%s::double precision"] * 9), [number for axis in self.axes for number in axis]


@dataclass(frozen=True)
class EachBox(Box):
    """The same box around every position of a list: its SQL stands within a query that has the list as LISTED."""

    ra: float = 0.0
    dec: float = 0.0

    def centre_sql(self) -> tuple[str, list[float]]:
        return f"{LISTED}.ra, {LISTED}.dec", []

    def axes_sql(self) -> tuple[str, list[float]]:
        return ", ".join(f"{LISTED}.{name}" for name in AXES), []


def axes_of(ra: np.ndarray, dec: np.ndarray) -> list[np.ndarray]:
    """The columns AXES of a list of positions (n,), ICRS degrees: `Box.axes` of each."""
    a, d = np.radians(ra), np.radians(dec)
    zero = np.zeros_like(a)
    centre = (np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d))
    return [*centre, -np.sin(a), np.cos(a), zero, -np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)]


def footprint_condition(table: str, box: Box, relation: str) -> RawSQL:
    """Whether the footprint of a row of `table` (corners ra1, dec1 ... dec4) has a relation to a box."""
    return _condition(_of_corners(table), [], box, relation)


def ccd_condition(exposures: str, images: str, box: Box, relation: str) -> RawSQL:
    """Whether a CCD has a relation to a box, by its place in the camera and the telescope's axis.

    The axis stands in `ra`, `dec` of the table `exposures`, the CCD in `ccdid` of the table `images`. The distance of
    the box from the axis tells most CCDs apart before any corner is computed.
    """
    nearest, farthest, corners = _ccd_places()
    exact = _condition(_of_ccds(exposures, images), corners, box, relation)
    place, centre = box.centre_sql()
    ccd, distance = f'"{images}".ccdid', f'q3c_dist("{exposures}".ra, "{exposures}".dec, {place})'
    near = f"{distance} BETWEEN (%s::float8[])[{ccd}] AND (%s::float8[])[{ccd}]"
    reach = box.radius + MARGIN
    limits = [*centre, [low - reach for low in nearest], [high + reach for high in farthest]]
    return RawSQL(f"({near} AND {exact.sql})", [*limits, *exact.params], models.BooleanField())


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
    known += [f'(%s::float8[])["{images}".ccdid] AS {axis}{n}' for n in _CORNERS for axis in ("e", "n")]
    parts = [
        f"cd * ca - e{n} * sa - n{n} * sd * ca AS ux{n}, "
        f"cd * sa + e{n} * ca - n{n} * sd * sa AS uy{n}, sd + n{n} * cd AS uz{n}"
        for n in _CORNERS
    ]
    return f"SELECT {', '.join(parts)} FROM (SELECT {', '.join(known)} OFFSET 0) AS ccd"


@cache
def _ccd_places() -> tuple[list[float], list[float], list[list[float]]]:
    """By CCD: the least and the largest distance of its area from the axis (deg), and each corner coordinate (rad)."""
    camera = Camera()
    corners = np.array([ccd_corners(camera, ccdid) for ccdid in CCD_IDS])
    along = np.linspace(0, 1, 50)[:, None, None, None]
    edges = corners + along * (np.roll(corners, -1, axis=1) - corners)
    distance = np.degrees(np.arctan(np.hypot(edges[..., 0], edges[..., 1])))
    listed = [corners[:, corner, axis].tolist() for corner in range(4) for axis in (0, 1)]
    return distance.min(axis=(0, 2)).tolist(), distance.max(axis=(0, 2)).tolist(), listed


def ccd_corners(camera: Camera, ccdid: int) -> np.ndarray:
    """Corners of a CCD, (4, 2): east and north on the tangent plane, radians; in order around it."""
    x, y = np.array([1, camera.nx, camera.nx, 1]), np.array([1, 1, camera.ny, camera.ny])
    every = np.concatenate([np.transpose(pixel_to_plane(camera, ccdid, qid, x, y)) for qid in QUADRANT_IDS])
    sums, differences = every.sum(axis=1), every[:, 0] - every[:, 1]
    chosen = [sums.argmax(), differences.argmin(), sums.argmin(), differences.argmax()]
    return np.radians(every[chosen])


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
