"""Pixels spoiled by light that is not the sky's: saturation, charge spillage, ghosts, halos; and the mask
image."""

from dataclasses import dataclass

import numpy as np

from archive.survey.bits import MaskBit
from processing.science import tpv


@dataclass(frozen=True)
class BrightStarConfig:
    """halo_mag: stars at least this bright have a halo (mag), of halo_radius (arcsec); ghost_mag: stars at
    least this bright have a ghost (mag), a disc of ghost_radius (arcsec) on the line from the boresight
    through the star, ghost_stretch of that distance beyond it."""

    halo_mag: float = 6.5
    halo_radius: float = 367.0
    ghost_mag: float = 8.0
    ghost_radius: float = 62.0
    ghost_stretch: float = 0.04


def grow_saturation(saturated: np.ndarray, pixels: int = 1) -> np.ndarray:
    """Saturated pixels and their neighbours within `pixels`: bool (ny, nx)."""
    grown = saturated.copy()
    ny, nx = saturated.shape
    rows, columns = np.nonzero(saturated)
    for dy in range(-pixels, pixels + 1):
        for dx in range(-pixels, pixels + 1):
            grown[np.clip(rows + dy, 0, ny - 1), np.clip(columns + dx, 0, nx - 1)] = True
    return grown


def charge_spillage(saturated: np.ndarray, min_run: int = 12, rows: int = 16, columns: int = 40) -> np.ndarray:
    """Pixels where the charge of an overflowing column has spilled along the read-out register: bool (ny, nx).

    Charge that bleeds along a column stays in it until it reaches the register at the edge of the quadrant; from
    there it is read out as a false, smeared source beside the column.

    Parameters
    ----------
    saturated : bool array (ny, nx)
    min_run : int
        Rows, saturated without a gap and reaching the first or the last row, from which a column overflows.
    rows, columns : int
        Size of the marked patch: rows from the edge, columns on either side.
    """
    spilled = np.zeros_like(saturated)
    ny = len(saturated)
    for edge, patch in ((saturated[:min_run], slice(0, rows)), (saturated[ny - min_run :], slice(ny - rows, ny))):
        for column in np.flatnonzero(edge.all(axis=0)):
            spilled[patch, max(column - columns, 0) : column + columns + 1] = True
    return spilled & ~saturated


def discs(shape: tuple[int, int], x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Pixels within `radius` pixels of any of the points (0-based pixels, may lie outside): bool (ny, nx)."""
    inside = np.zeros(shape, bool)
    for cx, cy in zip(x, y, strict=True):
        if not (np.isfinite(cx) and np.isfinite(cy)):
            continue
        rows = slice(max(int(cy - radius), 0), max(int(cy + radius) + 2, 0))
        columns = slice(max(int(cx - radius), 0), max(int(cx + radius) + 2, 0))
        part = inside[rows, columns]
        if part.size:
            jy, jx = np.mgrid[: part.shape[0], : part.shape[1]]
            part |= (jx + columns.start - cx) ** 2 + (jy + rows.start - cy) ** 2 <= radius * radius
    return inside


def ghost_places(
    ra: np.ndarray, dec: np.ndarray, boresight: tuple[float, float], stretch: float
) -> tuple[np.ndarray, np.ndarray]:
    """The places of stars' ghosts: ra, dec (deg, ICRS), the stars' distances from the boresight stretched.

    Light reflected twice, between the filter or window and the detector, comes to a focus farther from the optical
    axis than the star itself. Angles are those of the tangent plane at the boresight (deg).
    """
    centre = np.array(boresight, float)
    xi, eta = tpv.project(ra, dec, centre)
    return tpv.deproject(xi * (1.0 + stretch), eta * (1.0 + stretch), centre)


def halos_and_ghosts(
    shape: tuple[int, int],
    wcs: tpv.Tpv,
    ra: np.ndarray,
    dec: np.ndarray,
    mag: np.ndarray,
    boresight: tuple[float, float] | None,
    config: BrightStarConfig | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Masks of halos and ghosts of bright stars, which may lie outside the frame: two bool arrays (ny, nx).

    Parameters
    ----------
    ra, dec : arrays (n,), deg, ICRS
    mag : array (n,), mag
    boresight : (ra, dec), deg, of the telescope; None if unknown, then no ghosts are predicted

    Source: ZTF Explanatory Supplement: halos of about 367" around stars of V <= 6.5; for ghosts `ghost_places`.
    """
    config = config or BrightStarConfig()
    scale = 3600.0 * float(np.sqrt(abs(np.linalg.det(wcs.cd))))
    bright = mag <= config.halo_mag
    halo = discs(shape, *tpv.sky_to_pixel(wcs, ra[bright], dec[bright]), config.halo_radius / scale)
    if boresight is None:
        return halo, np.zeros(shape, bool)
    bright = mag <= config.ghost_mag
    places = ghost_places(ra[bright], dec[bright], boresight, config.ghost_stretch)
    return halo, discs(shape, *tpv.sky_to_pixel(wcs, *places), config.ghost_radius / scale)


def set_bit(mask: np.ndarray, where: np.ndarray, bit: MaskBit) -> None:
    """Set one bit of an int16 mask, in place, where a bool array is true."""
    np.bitwise_or(mask, np.int16(int(bit)), out=mask, where=where)


def flag_sources(mask: np.ndarray, x: np.ndarray, y: np.ndarray, half: int = 2) -> np.ndarray:
    """Flags of catalog sources: OR of the mask over (2 half + 1)^2 pixels, or -1 on or near the edge: int16
    (n,).

    Source: ZTF Explanatory Supplement, section 10.6.
    """
    ny, nx = mask.shape
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    edge = (column < half) | (row < half) | (column >= nx - half) | (row >= ny - half)
    flags = np.zeros(len(x), np.int16)
    column, row = np.clip(column, half, nx - 1 - half), np.clip(row, half, ny - 1 - half)
    for dy in range(-half, half + 1):
        for dx in range(-half, half + 1):
            flags |= mask[row + dy, column + dx]
    flags[edge] = -1
    return flags
