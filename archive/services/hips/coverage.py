"""Coverage of the sky as sets of HEALPix cells (IVOA MOC 2.0). No Django here."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mocpy import MOC  # which loads matplotlib: only where it is used

ORDER = 10  # 3.4 arcmin, of the coverage of images
AT_ONCE = 1000  # footprints; mocpy's time grows with the square of what it is given
FORMATS = ("fits", "txt", "json")


def of_cells(cells: np.ndarray, order: int) -> MOC:
    """The coverage of cells of one order."""
    from mocpy import MOC

    cells = np.asarray(cells, np.uint64)
    return MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), order)


def of_footprints(corners: np.ndarray, order: int = ORDER) -> MOC:
    """All cells that footprints touch.

    Parameters
    ----------
    corners : array (n, 4, 2)
        Corners in order around each footprint, (ra, dec) in degrees; the sides are great circles.
    """
    from mocpy import MOC

    corners = np.asarray(corners, np.float64).reshape(-1, 4, 2)
    if not len(corners):
        return MOC.new_empty(order)
    axes = np.moveaxis(np.stack([corners[..., 0] % 360, corners[..., 1]]), 0, 1).reshape(-1, 4)  # ra, dec in turn
    parts = [_union(axes[start : start + 2 * AT_ONCE], order) for start in range(0, len(axes), 2 * AT_ONCE)]
    return MOC.new_empty(order).union(*parts)


def _union(axes: np.ndarray, order: int) -> MOC:
    from mocpy import MOC

    return MOC.new_empty(order).union(*MOC.from_polygons(list(axes), max_depth=order, n_threads=1))


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
    from mocpy import MOC

    return MOC.from_fits(io.BytesIO(content))
