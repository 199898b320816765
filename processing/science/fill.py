"""Plausible values for pixels without a value of their own."""

import numpy as np
from numba import njit

MAX_REACH = 4


@njit(cache=True)
def _fill_kernel(image, bad, fallback, out):
    ny, nx = image.shape
    for y in range(ny):
        for x in range(nx):
            if not bad[y, x]:
                out[y, x] = image[y, x]
                continue
            total = 0.0
            n = 0
            for reach in range(1, MAX_REACH + 1):
                for j in range(max(y - reach, 0), min(y + reach + 1, ny)):
                    for i in range(max(x - reach, 0), min(x + reach + 1, nx)):
                        if not bad[j, i]:
                            total += image[j, i]
                            n += 1
                if n > 2:
                    break
            out[y, x] = total / n if n > 2 else fallback[y, x]


def fill_masked(image: np.ndarray, bad: np.ndarray, fallback: np.ndarray) -> np.ndarray:
    """Copy of an image whose bad pixels hold the mean of the nearest good ones.

    Parameters
    ----------
    image : float32 array (ny, nx)
    bad : bool array (ny, nx)
    fallback : float32 array (ny, nx)
        Taken where fewer than three good pixels lie within 4 px (for example the sky level).
    """
    out = np.empty_like(image)
    _fill_kernel(image, bad, fallback, out)
    return out
