"""Pixels spoiled by light that is not the sky's: saturation, charge spillage, ghosts, halos; and the mask
image."""

from dataclasses import dataclass

import numpy as np

from archive.survey.bits import MaskBit


@dataclass(frozen=True)
class BrightStarConfig:
    """halo_mag: stars at least this bright have a halo (mag), of halo_radius (arcsec); ghost_mag: stars at
    least this bright have a ghost (mag), a disc of ghost_radius (arcsec) at the star's place mirrored about
    the frame's centre and scaled by ghost_scale."""

    halo_mag: float = 6.5
    halo_radius: float = 367.0
    ghost_mag: float = 7.5
    ghost_radius: float = 35.0
    ghost_scale: float = 0.1


def grow_saturation(saturated: np.ndarray, pixels: int = 1) -> np.ndarray:
    """Saturated pixels and their neighbours within `pixels`: bool (ny, nx)."""
    grown = saturated.copy()
    ny, nx = saturated.shape
    rows, columns = np.nonzero(saturated)
    for dy in range(-pixels, pixels + 1):
        for dx in range(-pixels, pixels + 1):
            grown[np.clip(rows + dy, 0, ny - 1), np.clip(columns + dx, 0, nx - 1)] = True
    return grown


def charge_spillage(saturated: np.ndarray, min_run: int = 12, reach: int = 40) -> np.ndarray:
    """Pixels along the columns of long saturated runs, where charge has spilled: bool (ny, nx).

    Parameters
    ----------
    saturated : bool array (ny, nx)
    min_run : int
        Rows of a column that are saturated without a gap, from which charge spills along it.
    reach : int
        Rows masked beyond the run on both sides.
    """
    spilled = np.zeros_like(saturated)
    rows, columns = np.nonzero(saturated)
    if len(rows) == 0:
        return spilled
    order = np.lexsort((rows, columns))
    rows, columns = rows[order], columns[order]
    breaks = np.flatnonzero((np.diff(rows) != 1) | (np.diff(columns) != 0)) + 1
    first, last = np.r_[0, breaks], np.r_[breaks, len(rows)] - 1
    for k in np.flatnonzero(rows[last] - rows[first] + 1 >= min_run):
        bottom, top = rows[first[k]], rows[last[k]]
        spilled[max(bottom - reach, 0) : top + reach + 1, columns[first[k]]] = True
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


def halos_and_ghosts(
    shape: tuple[int, int],
    x: np.ndarray,
    y: np.ndarray,
    mag: np.ndarray,
    pixel_scale: float,
    config: BrightStarConfig | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Masks of halos and ghosts of bright stars, which may lie outside the frame.

    x, y : 0-based pixels; mag : mag; pixel_scale : arcsec/pixel. Returns two bool arrays (ny, nx).

    A geometric model: halos of one radius (ZTF Explanatory Supplement: about 367" around V <= 6.5), ghosts
    as discs mirrored about the frame's centre.
    """
    config = config or BrightStarConfig()
    bright = mag <= config.halo_mag
    halo = discs(shape, x[bright], y[bright], config.halo_radius / pixel_scale)
    bright = mag <= config.ghost_mag
    centre_x, centre_y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    ghost_x = centre_x - config.ghost_scale * (x[bright] - centre_x)
    ghost_y = centre_y - config.ghost_scale * (y[bright] - centre_y)
    inside = (x[bright] > 0) & (x[bright] < shape[1] - 1) & (y[bright] > 0) & (y[bright] < shape[0] - 1)
    ghost = discs(shape, ghost_x[inside], ghost_y[inside], config.ghost_radius / pixel_scale)
    return halo, ghost


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
