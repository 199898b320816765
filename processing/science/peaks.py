"""Stars in what other stars leave: peaks of the matched-filter significance, where the noise differs from pixel to
pixel. An isophote would join what lies close together; here every local maximum is a source of its own."""

import math

import numpy as np
from numba import njit
from scipy.special import erf

from archive.survey.robust import FWHM_PER_SIGMA

REACH = 1.3


@njit(fastmath=True, cache=True)
def _along_rows(image, kernel, out):
    ny, nx = image.shape
    half = kernel.size // 2
    padded = np.zeros(nx + 2 * half, np.float32)
    for y in range(ny):
        padded[half : half + nx] = image[y]
        row = out[y]
        row[:] = kernel[half] * padded[half : half + nx]
        for k in range(half):
            weight, left, right = kernel[k], padded[k : k + nx], padded[2 * half - k : 2 * half - k + nx]
            for x in range(nx):
                row[x] += weight * (left[x] + right[x])


@njit(fastmath=True, cache=True)
def _along_columns(image, kernel, out):
    ny, nx = image.shape
    half = kernel.size // 2
    for y in range(ny):
        row = out[y]
        row[:] = kernel[half] * image[y]
        for k in range(half):
            weight, low, high = kernel[k], y + k - half, y - k + half
            if low >= 0:
                below = image[low]
                for x in range(nx):
                    row[x] += weight * below[x]
            if high < ny:
                above = image[high]
                for x in range(nx):
                    row[x] += weight * above[x]


@njit(fastmath=True, cache=True)
def _weigh(residual, light, noise, bad, gain, profile_error, signal, weight):
    """Inverse variance of what is left, and the residual times it."""
    ny, nx = residual.shape
    for y in range(ny):
        for x in range(nx):
            lit = max(light[y, x], np.float32(0.0))
            variance = noise[y, x] ** 2 + lit / gain + (profile_error * lit) ** 2
            weight[y, x] = np.float32(0.0) if bad[y, x] else np.float32(1.0) / variance
            signal[y, x] = weight[y, x] * residual[y, x]


@njit(fastmath=True, cache=True)
def _significance(signal, weight):
    """Estimated flux over its error, in place of `signal`."""
    ny, nx = signal.shape
    for y in range(ny):
        for x in range(nx):
            signal[y, x] = signal[y, x] / math.sqrt(weight[y, x]) if weight[y, x] > 0.0 else np.float32(0.0)


@njit(cache=True)
def _local_maxima(significance, threshold, rows, columns):
    """Number of pixels above the threshold and above their eight neighbours; the first ones that fit are kept."""
    ny, nx = significance.shape
    count = 0
    for y in range(1, ny - 1):
        for x in range(1, nx - 1):
            v = significance[y, x]
            if v < threshold:
                continue
            highest = True
            for j in range(-1, 2):
                for i in range(-1, 2):
                    other = significance[y + j, x + i]
                    # Of equals the first counts.
                    if other > v or (other == v and (j < 0 or (j == 0 and i < 0))):
                        highest = False
            if highest:
                if count < rows.size:
                    rows[count], columns[count] = y, x
                count += 1
    return count


def profile_along(fwhm: float) -> np.ndarray:
    """A Gaussian of that width (px) along one axis, integrated over pixels: float32, odd length, sum 1."""
    half = int(np.ceil(REACH * fwhm))
    edges = (np.arange(2 * half + 2) - half - 0.5) * FWHM_PER_SIGMA / fwhm / np.sqrt(2)
    kernel = np.diff(erf(edges))
    return (kernel / kernel.sum()).astype(np.float32)


def find_peaks(
    residual: np.ndarray,
    light: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    gain: float,
    fwhm: float,
    threshold: float,
    profile_error: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peaks of what the fitted stars leave.

    Parameters
    ----------
    residual, light : float32 arrays (ny, nx), DN
        What the stars leave, sky-subtracted, and what was taken away for them.
    noise : float32 array (ny, nx), DN, of the sky
    bad : bool array (ny, nx)
    gain : float, e-/DN
    fwhm : float, px, of stars
    threshold : float, sigmas of a star's flux
    profile_error : float
        Error of the fitted profiles as a fraction of their light, per pixel.

    Returns
    -------
    x, y, flux : float64 arrays (n,), 0-based px, DN
    """
    kernel = profile_along(fwhm)
    signal, weight, work = (np.empty(residual.shape, np.float32) for _ in range(3))
    _weigh(residual, light, noise, bad, np.float32(gain), np.float32(profile_error), signal, weight)
    _along_rows(signal, kernel, work)
    _along_columns(work, kernel, signal)
    _along_rows(weight, kernel**2, work)
    _along_columns(work, kernel**2, weight)
    _significance(signal, weight)
    capacity = residual.size // 16 + 16
    rows, columns = np.empty(capacity, np.int32), np.empty(capacity, np.int32)
    count = min(_local_maxima(signal, threshold, rows, columns), capacity)
    rows, columns = rows[:count], columns[:count]
    peak = signal[rows, columns].astype(float)
    flux = peak / np.sqrt(weight[rows, columns])
    x = columns + _vertex(signal[rows, columns - 1], peak, signal[rows, columns + 1])
    y = rows + _vertex(signal[rows - 1, columns], peak, signal[rows + 1, columns])
    return x, y, flux


def _vertex(before, middle, after):
    """The vertex of the parabola through three neighbours, from the middle one."""
    curvature = np.minimum(before - 2.0 * middle + after, -1e-6)
    return np.clip(0.5 * (before - after) / curvature, -0.5, 0.5)
