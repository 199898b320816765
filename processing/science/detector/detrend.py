"""From raw counts to a frame of equal response: floating bias, bias frame, flat."""

import math

import numpy as np
from numba import njit

from processing.science.errors import UnusableFrameError


@njit(cache=True)
def _detrend_kernel(raw, level, bias, flat, saturation, out, saturated):
    ny, nx = out.shape
    for y in range(ny):
        row_level = level[y]
        for x in range(nx):
            value = np.float32(raw[y, x])
            # Saturation belongs to the analogue chain: it is tested on the raw count, before anything is
            # taken off.
            saturated[y, x] = value >= saturation
            gain = flat[y, x]
            out[y, x] = (value - row_level - bias[y, x]) / gain if gain > 0 else np.nan


def detrend(
    raw: np.ndarray, level: np.ndarray, bias: np.ndarray, flat: np.ndarray, saturation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Subtract the floating bias and the bias frame, divide by the flat.

    Parameters
    ----------
    raw : array (ny, nx), DN as digitised
    level : float32 array (ny,), DN
        Curve of the overscan (`overscan.fit_overscan`).
    bias : float32 array (ny, nx), DN
    flat : float32 array (ny, nx), mean near 1
        Where it is not positive the result is NaN.
    saturation : float, raw DN

    Returns
    -------
    image : float32 array (ny, nx), DN
    saturated : bool array (ny, nx)

    Raises
    ------
    UnusableFrameError
        if the shapes differ.
    """
    for name, array in (("bias", bias), ("flat", flat)):
        if np.shape(array) != np.shape(raw):
            raise UnusableFrameError(f"{name} has shape {np.shape(array)}, the raw frame {np.shape(raw)}: same needed")
    if np.shape(level) != (len(raw),):
        raise UnusableFrameError(f"overscan curve has shape {np.shape(level)}: ({len(raw)},) needed")
    image = np.empty(raw.shape, np.float32)
    saturated = np.empty(raw.shape, np.bool_)
    _detrend_kernel(
        np.ascontiguousarray(raw, np.float32),
        np.ascontiguousarray(level, np.float32),
        np.ascontiguousarray(bias, np.float32),
        np.ascontiguousarray(flat, np.float32),
        np.float32(saturation),
        image,
        saturated,
    )
    return image, saturated


def combine_flats(
    high: np.ndarray, high_unc: np.ndarray, low: np.ndarray, low_unc: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Product of the high- and the low-frequency flat, and its uncertainty: float32 (ny, nx).

    Raises UnusableFrameError if the shapes differ.
    """
    if np.shape(high) != np.shape(low):
        raise UnusableFrameError(
            f"low-frequency flat has shape {np.shape(low)}, the high-frequency one {np.shape(high)}"
        )
    return high * low, np.hypot(high_unc * low, low_unc * high)


@njit(cache=True)
def _uncertainty_kernel(image, flat, flat_uncertainty, bias_uncertainty, gain, read_variance, out):
    ny, nx = image.shape
    for y in range(ny):
        for x in range(nx):
            f = flat[y, x]
            if not f > 0:
                out[y, x] = np.nan
                continue
            counts = max(image[y, x] * f, 0.0)
            variance = counts / gain + read_variance + bias_uncertainty[y, x] ** 2
            variance += (image[y, x] * flat_uncertainty[y, x]) ** 2
            out[y, x] = math.sqrt(variance) / f


def uncertainty_image(
    image: np.ndarray,
    flat: np.ndarray,
    flat_uncertainty: np.ndarray,
    bias_uncertainty: np.ndarray,
    gain: float,
    read_noise: float,
) -> np.ndarray:
    """One-sigma uncertainty of each pixel of a detrended image, DN.

    Photon noise of the counts before flat-fielding, read noise, and the uncertainties of bias and flat.
    image, flat, flat_uncertainty, bias_uncertainty : float32 (ny, nx); gain : e-/DN; read_noise : e-.
    """
    out = np.empty(image.shape, np.float32)
    light, response, response_error, bias_error = (
        np.ascontiguousarray(values, np.float32) for values in (image, flat, flat_uncertainty, bias_uncertainty)
    )
    _uncertainty_kernel(light, response, response_error, bias_error, gain, (read_noise / gain) ** 2, out)
    return out
