"""Pixels that do not behave, found in stacks of calibration frames."""

import numpy as np

from archive.survey.bits import MaskBit
from processing.science.background import measure_background
from processing.science.overscan import MAD_TO_SIGMA


def _robust(values: np.ndarray) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    median = float(np.median(values)) if values.size else 0.0
    return median, float(MAD_TO_SIGMA * np.median(np.abs(values - median))) if values.size else 0.0


def bias_defects(bias: np.ndarray, scatter: np.ndarray, clip: float = 8.0) -> np.ndarray:
    """Pixel mask of a bias stack (product `biascmask`).

    Parameters
    ----------
    bias, scatter : float32 arrays (ny, nx), DN
        Mean of the stack and the sigma of one frame.
    clip : float
        Robust sigmas beyond which a pixel's level or scatter is deviant.

    Returns
    -------
    mask : int16 array (ny, nx)
        HIGH_RESPONSE or LOW_RESPONSE where the level departs from its surroundings,
        NOISY where the scatter is too large, DEAD where there is no value at all.
    """
    mask = np.zeros(bias.shape, np.int16)
    smooth = measure_background(bias, ~np.isfinite(bias), box=64).level
    deviation = bias - smooth
    median, sigma = _robust(deviation)
    mask[deviation - median > clip * sigma] |= MaskBit.HIGH_RESPONSE
    mask[deviation - median < -clip * sigma] |= MaskBit.LOW_RESPONSE
    median, sigma = _robust(scatter)
    mask[scatter - median > clip * sigma] |= MaskBit.NOISY
    mask[~np.isfinite(bias)] |= MaskBit.DEAD
    return mask


def flat_defects(
    flat: np.ndarray,
    scatter: np.ndarray,
    low: float = 0.5,
    high: float = 1.5,
    dead: float = 0.1,
    max_scatter: float = 0.02,
) -> np.ndarray:
    """Pixel mask of a stack of normalised flats.

    Parameters
    ----------
    flat, scatter : float32 arrays (ny, nx), mean of flat near 1
    low, high, dead : float
        Responses, relative to the surroundings, below/above which a pixel is low, high, dead.
    max_scatter : float
        Relative sigma of one frame above which a pixel is noisy (photon noise included).

    Returns
    -------
    mask : int16 array (ny, nx)
    """
    smooth = measure_background(flat, ~(flat > dead), box=64).level
    relative = flat / np.where(smooth > 0, smooth, 1.0)
    mask = np.zeros(flat.shape, np.int16)
    mask[relative < low] |= MaskBit.LOW_RESPONSE
    mask[relative > high] |= MaskBit.HIGH_RESPONSE
    mask[~(relative > dead)] |= MaskBit.DEAD
    mask[scatter > max_scatter * np.maximum(relative, low)] |= MaskBit.NOISY
    return mask
