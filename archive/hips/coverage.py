"""Coverage of the sky as sets of HEALPix cells (IVOA MOC 2.0). No Django here."""

from __future__ import annotations

import io

import astropy.units as u
import numpy as np
from astropy_healpix import lonlat_to_healpix
from mocpy import MOC

ORDER = 10  # 3.4 arcmin, of the coverage of images
SAMPLES = 40  # points along a footprint's side: 0.5 of a cell of ORDER for a quadrant
AT_ONCE = 2000  # footprints whose points are held in memory together
FORMATS = ("fits", "txt", "json")


def of_cells(cells: np.ndarray, order: int) -> MOC:
    """The coverage of cells of one order."""
    cells = np.asarray(cells, np.uint64)
    return MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), order)


def of_footprints(corners: np.ndarray, order: int = ORDER) -> MOC:
    """All cells that footprints have points in.

    Parameters
    ----------
    corners : array (n, 4, 2)
        Corners in order around each footprint, (ra, dec) in degrees; the sides are great circles.

    Points are looked up half a cell of order 10 apart, so that at most corners of cells are missed.
    """
    corners = np.asarray(corners, np.float64).reshape(-1, 4, 2)
    found = [_cells(corners[start : start + AT_ONCE], order) for start in range(0, len(corners), AT_ONCE)]
    return of_cells(np.unique(np.concatenate([np.empty(0, np.int64), *found])), order)


def _cells(corners: np.ndarray, order: int) -> np.ndarray:
    ra, dec = np.radians(corners[..., 0]), np.radians(corners[..., 1])
    vectors = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)  # (n, 4, 3)
    along = np.linspace(0, 1, SAMPLES)
    first, second = along[:, None, None], along[None, :, None]
    a, b, c, d = (vectors[:, None, None, corner] for corner in range(4))
    points = (a * (1 - first) + b * first) * (1 - second) + (d * (1 - first) + c * first) * second
    lon = np.degrees(np.arctan2(points[..., 1], points[..., 0])) % 360
    lat = np.degrees(np.arctan2(points[..., 2], np.hypot(points[..., 0], points[..., 1])))
    return np.unique(lonlat_to_healpix(lon * u.deg, lat * u.deg, 2**order, order="nested"))


def written(moc: MOC, form: str) -> bytes:
    """A coverage as FITS (NUNIQ cells, which all clients read), text (MOC's ASCII form) or JSON."""
    if form == "fits":
        return _fits(moc)
    return (moc.to_string("ascii") if form == "txt" else moc.to_string("json")).encode() + b"\n"


def _fits(moc: MOC) -> bytes:
    buffer = io.BytesIO()
    moc.serialize("fits", v1_compatible=True).writeto(buffer)
    return buffer.getvalue()


def read(content: bytes) -> MOC:
    """The coverage in a FITS file."""
    return MOC.from_fits(io.BytesIO(content))
