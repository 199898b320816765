"""Pixels that do not behave, found in stacks of calibration frames."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2

from archive.survey.bits import MaskBit
from archive.survey.robust import robust_scatter
from processing.science.background import measure_background
from processing.science.detector.stack import typical_sigma
from processing.science.errors import UnusableFrameError

MIN_FREEDOM = 3
"""Degrees of freedom (four frames) below which a pixel's scatter says nothing about the pixel."""


def _robust(values: np.ndarray) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    median = float(np.median(values)) if values.size else 0.0
    return median, robust_scatter(values, median) if values.size else 0.0


def scatter_limit(freedom: int, chance: float) -> float:
    """Sample deviation, in units of the true sigma, that a normal pixel exceeds with that chance only."""
    return float(np.sqrt(chi2.isf(chance, freedom) / freedom))


def bias_defects(
    bias: np.ndarray, scatter: np.ndarray, freedom: int, clip: float = 8.0, noisy_chance: float = 1e-7
) -> np.ndarray:
    """Pixel mask of a bias stack (product `biascmask`).

    Parameters
    ----------
    bias, scatter : float32 arrays (ny, nx), DN
        Mean of the stack and the sigma of one frame.
    freedom : int
        Degrees of freedom of the scatter.
    clip : float
        Robust sigmas beyond which a pixel's level is deviant.
    noisy_chance : float
        With which a good pixel would be called noisy.

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
    if freedom >= MIN_FREEDOM:
        mask[scatter > typical_sigma(scatter, freedom) * scatter_limit(freedom, noisy_chance)] |= MaskBit.NOISY
    mask[~np.isfinite(bias)] |= MaskBit.DEAD
    return mask


def flat_defects(flat: np.ndarray, low: float = 0.5, high: float = 1.5, dead: float = 0.1) -> np.ndarray:
    """Pixels of a flat that answer too little or too much.

    Parameters
    ----------
    flat : float32 array (ny, nx), mean near 1
    low, high, dead : float
        Responses, relative to the surroundings, below/above which a pixel is low, high, dead.

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
    return mask


def noisy_in_flats(
    scatter: np.ndarray, shot: np.ndarray, freedom: int, max_scatter: float = 0.00381655, chance: float = 1e-6
) -> np.ndarray:
    """Pixels whose response is not steady from flat to flat.

    Parameters
    ----------
    scatter : float32 array (ny, nx)
        Relative sigma of one frame.
    shot : float32 array (ny, nx)
        What photons and read-out alone would give.
    freedom : int
        Degrees of freedom of the scatter; below three nothing is noisy.
    max_scatter : float
        ZTF's limit. Photon noise alone reaches it below 69,000 electrons, and by chance above them; so a noisy pixel
        must also exceed what photons allow.
    chance : float
        With which photon noise alone would exceed the second limit.

    Returns
    -------
    noisy : bool array (ny, nx)
    """
    if freedom < MIN_FREEDOM:
        return np.zeros(scatter.shape, bool)
    return (scatter > max_scatter) & (scatter > np.float32(scatter_limit(freedom, chance)) * shot)


def hot_pixels(images: Sequence[np.ndarray], clip: float = 8.0, min_level: float = 5.0) -> np.ndarray:
    """Pixels that shine by themselves, in sky-subtracted images of a field that moved between the exposures.

    images : float32 arrays (ny, nx), DN, five or more; clip : robust sigmas of the median image; min_level : DN.
    Returns bool (ny, nx).
    """
    if len(images) < MIN_FREEDOM:
        raise UnusableFrameError(
            f"{len(images)} dithered images: at least {MIN_FREEDOM} needed to tell hot pixels from stars"
        )
    middle = np.empty(images[0].shape, np.float32)
    for first in range(0, len(middle), 64):
        middle[first : first + 64] = np.median([image[first : first + 64] for image in images], axis=0)
    median, sigma = _robust(middle)
    return middle - median > max(clip * sigma, min_level)


def combine_masks(masks: Sequence[np.ndarray], share: float = 0.5) -> np.ndarray:
    """Bits that are set in more than that share of the masks of several nights: int16 (ny, nx).

    Raises UnusableFrameError without masks, or if their shapes differ.
    """
    shapes = {mask.shape for mask in masks}
    if len(shapes) != 1:
        raise UnusableFrameError(f"masks to combine have shapes {sorted(shapes)}: at least one, all the same, needed")
    combined = np.zeros(shapes.pop(), np.int16)
    for bit in (MaskBit.LOW_RESPONSE, MaskBit.HIGH_RESPONSE, MaskBit.NOISY, MaskBit.DEAD):
        often = sum((mask & np.int16(bit) != 0).astype(np.uint16) for mask in masks) > share * len(masks)
        combined[often] |= np.int16(bit)
    return combined


def combine_defects(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Union of two masks: int16 (ny, nx). Raises UnusableFrameError if the shapes differ."""
    if first.shape != second.shape:
        raise UnusableFrameError(f"masks have shapes {first.shape} and {second.shape}: the same needed")
    return first | second
