"""Images from one pixel frame to another: Lanczos-3 interpolation that keeps the flux of a star.

Where an output pixel falls in the input is computed exactly at the nodes of a coarse grid and linearly in
between: the distortions of the telescope bend by less than 1e-3 px over 32 px.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from processing.science import tpv

ORDER = 3
PHASES = 2048  # entries of the kernel's table per pixel
FAST = {"reassoc", "contract", "arcp", "nsz"}  # fast arithmetic that still knows what is not a number
REACH = ORDER + 1  # rows of the input needed beyond the place of an output pixel


class Mapping(NamedTuple):
    """The places of output pixels in the input. x, y: float64 (rows, columns), 0-based input pixels at output
    pixels -step, 0, step, ...; step (px)."""

    x: np.ndarray
    y: np.ndarray
    step: int


@dataclass(frozen=True)
class Shift:
    """A smooth displacement of positions: coefficients (terms, 2), px, of polynomials of the position
    normalised to `shape`, of total degree `degree`."""

    coefficients: np.ndarray
    shape: tuple[int, int]
    degree: int

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Displacement (dx, dy), px, at 0-based pixels."""
        moved = polynomial_terms(x, y, self.shape, self.degree) @ self.coefficients
        return moved[..., 0], moved[..., 1]


def polynomial_terms(x, y, shape: tuple[int, int], degree: int) -> np.ndarray:
    """Powers of the position scaled to -1..1 over a frame, constant first: (..., terms)."""
    u, v = 2 * np.asarray(x, float) / shape[1] - 1, 2 * np.asarray(y, float) / shape[0] - 1
    return np.stack([u**i * v**j for i in range(degree + 1) for j in range(degree + 1 - i)], -1)


def map_pixels(
    target: tpv.Tpv, source: tpv.Tpv, shape: tuple[int, int], step: int = 32, shift: Shift | None = None
) -> Mapping:
    """Map the pixels of a target frame into a source frame.

    Parameters
    ----------
    target, source : projections of the two frames
    shape : (ny, nx) of the target
    step : px between nodes
    shift : displacement to add to the target's positions before they are looked up (registration)
    """
    nodes_y, nodes_x = (np.arange(-step, side + 2 * step, step, dtype=float) for side in shape)
    x, y = (grid.ravel() for grid in np.meshgrid(nodes_x, nodes_y))
    if shift is not None:
        dx, dy = shift.at(x, y)
        x, y = x + dx, y + dy
    u, v = tpv.sky_to_pixel(source, *tpv.pixel_to_sky(target, x, y))
    grid = (len(nodes_y), len(nodes_x))
    return Mapping(u.reshape(grid), v.reshape(grid), step)


def rows_needed(mapping: Mapping, first: int, last: int, height: int) -> tuple[int, int]:
    """Input rows (first, end) that output rows first..last-1 draw on, within an input of `height` rows."""
    j0, j1 = (first + mapping.step) // mapping.step, (last - 1 + mapping.step) // mapping.step + 1
    y = mapping.y[j0 : j1 + 1]
    low, high = int(np.floor(np.nanmin(y))) - REACH, int(np.ceil(np.nanmax(y))) + REACH + 1
    return min(max(low, 0), height), min(max(high, 0), height)


def _kernel_table() -> np.ndarray:
    """Lanczos-3 weights (phases + 1, 6), each row of sum 1, so that a flat image stays flat."""
    phase = np.arange(PHASES + 1) / PHASES
    distance = phase[:, None] - np.arange(-ORDER + 1, ORDER + 1)[None, :]
    weights = np.sinc(distance) * np.sinc(distance / ORDER)
    weights[np.abs(distance) >= ORDER] = 0.0
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


_TABLE = _kernel_table()


@njit(fastmath=True, cache=True)
def _interpolate(image, x0, y0, a, b):
    total = np.float32(0.0)
    for q in range(6):
        row = y0 - 2 + q
        part = (
            a[0] * image[row, x0 - 2]
            + a[1] * image[row, x0 - 1]
            + a[2] * image[row, x0]
            + a[3] * image[row, x0 + 1]
            + a[4] * image[row, x0 + 2]
            + a[5] * image[row, x0 + 3]
        )
        total += b[q] * part
    return total


@njit(fastmath=FAST, cache=True)
def _resample_kernel(image, spoiled, input_row, mapping, first_row, table, out, valid):
    """`image` starts at row `input_row` of the input, `out` at row `first_row` of the output."""
    grid_x, grid_y, step = mapping
    rows_in, columns_in = image.shape
    rows, columns = out.shape
    n_nodes = grid_x.shape[1]
    u_row, v_row = np.empty(n_nodes), np.empty(n_nodes)
    phases = table.shape[0] - 1
    for y in range(rows):
        place = (y + first_row + step) / step
        j = int(place)
        t = place - j
        for i in range(n_nodes):
            u_row[i] = (1 - t) * grid_x[j, i] + t * grid_x[j + 1, i]
            v_row[i] = (1 - t) * grid_y[j, i] + t * grid_y[j + 1, i] - input_row
        for i in range(1, n_nodes - 1):
            start = (i - 1) * step
            du, dv = (u_row[i + 1] - u_row[i]) / step, (v_row[i + 1] - v_row[i]) / step
            eu = 0.5 * (grid_x[j + 1, i] - grid_x[j, i] + grid_x[j + 1, i + 1] - grid_x[j, i + 1]) / step
            ev = 0.5 * (grid_y[j + 1, i] - grid_y[j, i] + grid_y[j + 1, i + 1] - grid_y[j, i + 1]) / step
            area = np.float32(abs(du * ev - dv * eu))
            for x in range(start, min(start + step, columns)):
                u, v = u_row[i] + (x - start) * du, v_row[i] + (x - start) * dv
                # Not a number fails every comparison and so lies outside.
                if not (u >= 2 and v >= 2 and u < columns_in - 3 and v < rows_in - 3):
                    out[y, x] = 0.0
                    valid[y, x] = False
                    continue
                x0, y0 = int(u), int(v)
                a = table[int((u - x0) * phases + 0.5)]
                b = table[int((v - y0) * phases + 0.5)]
                out[y, x] = area * _interpolate(image, x0, y0, a, b)
                valid[y, x] = not spoiled[y0, x0]


def resample(
    image: np.ndarray,
    bad: np.ndarray,
    mapping: Mapping,
    shape: tuple[int, int],
    first_row: int = 0,
    input_row: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Resample an image, or some of its rows.

    Parameters
    ----------
    image : float32 array (rows, nx)
        Sky-subtracted, finite everywhere (bad pixels filled with something plausible).
    bad : bool array, same shape
    mapping : Mapping from the output's pixels into the input's
    shape : (rows, nx) of the output
    first_row, input_row : number of the first row of the output asked for, and of the input given

    Returns
    -------
    out : float32 array
        Flux per output pixel: the sum over a star stays the same.
    valid : bool array
        False outside the input and where a bad pixel lies within the kernel's inner 4x4.
    """
    out, valid = np.empty(shape, np.float32), np.empty(shape, np.bool_)
    if min(image.shape) < 2 * ORDER:
        return np.zeros_like(out), np.zeros_like(valid)
    _resample_kernel(
        np.ascontiguousarray(image, np.float32), _spoiled(bad), input_row, mapping,
        first_row, _TABLE, out, valid,
    )  # fmt: skip
    return out, valid


def _spoiled(bad: np.ndarray) -> np.ndarray:
    """Whether a bad pixel lies in the 4x4 pixels from one before to two after, along both axes."""
    wide = bad.copy()
    wide[:, 1:] |= bad[:, :-1]
    wide[:, :-1] |= bad[:, 1:]
    wide[:, :-2] |= bad[:, 2:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    tall[:-2] |= wide[2:]
    return tall


@njit(cache=True)
def _nearest_kernel(image, mapping, outside, out):
    grid_x, grid_y, step = mapping
    rows_in, columns_in = image.shape
    rows, columns = out.shape
    for y in range(rows):
        place = (y + step) / step
        j = int(place)
        t = place - j
        for x in range(columns):
            along = (x + step) / step
            i = int(along)
            s = along - i
            u = (1 - t) * ((1 - s) * grid_x[j, i] + s * grid_x[j, i + 1]) + t * (
                (1 - s) * grid_x[j + 1, i] + s * grid_x[j + 1, i + 1]
            )
            v = (1 - t) * ((1 - s) * grid_y[j, i] + s * grid_y[j, i + 1]) + t * (
                (1 - s) * grid_y[j + 1, i] + s * grid_y[j + 1, i + 1]
            )
            if u > -0.5 and v > -0.5 and u < columns_in - 0.5 and v < rows_in - 0.5:
                out[y, x] = image[int(v + 0.5), int(u + 0.5)]
            else:
                out[y, x] = outside


def take_nearest(image: np.ndarray, mapping: Mapping, shape: tuple[int, int], outside: float) -> np.ndarray:
    """Values of the nearest input pixels, for maps that must not be interpolated; same type as `image`."""
    out = np.empty(shape, image.dtype)
    _nearest_kernel(image, mapping, image.dtype.type(outside), out)
    return out
