"""Boxes on the sky: convex regions with great-circle sides, and the corners of the camera's CCDs. Pure.

Everything is decided on the plane tangent to the sky at the region's centre. There great circles are straight lines,
a box of full widths w and h is the rectangle |x| <= tan(w/2), |y| <= tan(h/2): at the poles and across RA 0 as
anywhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from archive.survey.camera import CCD_IDS, QUADRANT_IDS, Camera, pixel_to_plane

COVERS, ENCLOSED, CENTER, OVERLAPS = "COVERS", "ENCLOSED", "CENTER", "OVERLAPS"
RELATIONS = (COVERS, ENCLOSED, CENTER, OVERLAPS)
LARGEST_BOX = 90.0  # deg; the tangent plane reaches no farther than a hemisphere
LISTED = "listed"  # name in SQL of a list of positions: columns ra, dec, and AXES
AXES = ("cx", "cy", "cz", "ex", "ey", "ez", "nx", "ny", "nz")


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


@cache
def ccd_places() -> tuple[list[float], list[float], list[list[float]]]:
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
