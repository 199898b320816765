"""Sums over points at many frequencies, as short NUFFTs whose plans each thread keeps.

A long uniform grid is cut into chunks of some thousand frequencies. The NUFFT's points 2 pi df t_j are the same for
all chunks; only the strengths turn by a phase ramp. So one plan serves all chunks and its FFTs stay in the cache.

Source of the transforms: Barnett, Magland & af Klinteberg 2019, SIAM J. Sci. Comput. 41, C479; chunks: this project.
"""

from __future__ import annotations

import threading

import finufft
import numpy as np
from numba import njit

CHUNKS_PER_RUN = 4
DOUBLE, SINGLE = "complex128", "complex64"
# In single precision the phase of a point is rounded: with chunks of 2048 modes sums stay right to some 1e-5.
CHUNKS = {DOUBLE: 8192, SINGLE: 2048}
ACCURACY = {DOUBLE: 1e-6, SINGLE: 3e-6}
UPSAMPLING = {DOUBLE: 1.25, SINGLE: 2.0}
_kept = threading.local()


def wrapped(angle: np.ndarray) -> np.ndarray:
    """Angle in -pi .. pi."""
    return np.mod(angle + np.pi, 2.0 * np.pi) - np.pi


def plan(transforms: int, dtype: str = DOUBLE) -> finufft.Plan:
    """This thread's plan of type 1 for so many strength vectors at once, a chunk's modes each."""
    plans = _kept.__dict__.setdefault("plans", {})
    if (transforms, dtype) not in plans:
        plans[transforms, dtype] = finufft.Plan(
            1, (CHUNKS[dtype],), n_trans=transforms, eps=ACCURACY[dtype], isign=1, dtype=dtype, nthreads=1,
            upsampfac=UPSAMPLING[dtype],
        )  # fmt: skip
    return plans[transforms, dtype]


@njit(
    [
        f"void(complex128[::1], complex128[::1], float64[::1], float64[::1], {c}[:, ::1], {c}[:, ::1])"
        for c in (DOUBLE, SINGLE)
    ],
    cache=True, nogil=True,
)  # fmt: skip
def _ramps(first, turn, w, wy, strengths, doubled):
    """Strengths of chunk k: (w y, w) e^(i phase) in rows 2k, 2k+1 of strengths, w e^(2 i phase) in row k of doubled."""
    for j in range(w.shape[0]):
        z = first[j]
        for k in range(doubled.shape[0]):
            strengths[2 * k, j] = z * wy[j]
            strengths[2 * k + 1, j] = z * w[j]
            doubled[k, j] = z * z * w[j]
            z = z * turn[j]


def chunked_sums(t, w, wy, grid, dtype: str = DOUBLE):
    """For every run of chunks: its first place in the grid, the sums of (w y, w) e^(i omega t), of w e^(2 i omega t).

    Parameters
    ----------
    t : float64 array (n,), days
    w, wy : float64 arrays (n,)
    grid : FrequencyGrid

    Yields
    ------
    place : int
    first : complex array (2 chunks, modes), rows w y and w in turn
    second : complex array (chunks, modes); both are overwritten by the next run
    """
    size = CHUNKS[dtype]
    n_chunks = -(-grid.n // size)
    runs = min(CHUNKS_PER_RUN, n_chunks)
    real = np.float64 if dtype == DOUBLE else np.float32
    single, double = plan(2 * runs, dtype), plan(runs, dtype)
    single.setpts(wrapped(2.0 * np.pi * grid.step * t).astype(real))
    double.setpts(wrapped(4.0 * np.pi * grid.step * t).astype(real))
    strengths, doubled = np.empty((2 * runs, t.size), dtype), np.empty((runs, t.size), dtype)
    first, second = np.empty((2 * runs, size), dtype), np.empty((runs, size), dtype)
    turn = np.exp(2j * np.pi * np.mod(grid.step * size * t, 1.0))
    for chunk in range(0, n_chunks, runs):
        centre = grid.start + grid.step * (chunk * size + size // 2)
        _ramps(np.exp(2j * np.pi * np.mod(centre * t, 1.0)), turn, w, wy, strengths, doubled)
        single.execute(strengths.squeeze(), out=first.squeeze())
        double.execute(doubled.squeeze(), out=second.squeeze())
        yield chunk * size, first, second


def sums_at(t, strengths, frequencies) -> np.ndarray:
    """Sums of each row of strengths times e^(2 pi i f t) at any frequencies: complex array (rows, nf)."""
    x = np.ascontiguousarray(2.0 * np.pi * t)
    strengths = np.ascontiguousarray(strengths, dtype=np.complex128)
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    sums = finufft.nufft1d3(x, strengths, frequencies, eps=1e-9, isign=1, nthreads=1)
    return np.atleast_2d(sums)
