"""Sources in an image, by threshold on the smoothed noise-normalised image (Bertin & Arnouts 1996, in the library
sep). For stars in white noise the best smoothing is their own profile (matched filter)."""

from dataclasses import dataclass

import numpy as np
import sep
from scipy.special import erf

from archive.survey.robust import FWHM_PER_SIGMA
from processing.science.errors import UnusableFrameError
from processing.science.psf import moffat

SMOOTHING = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32)
# The filter reaches this many FWHM from its centre; narrower ones than this (px) leave stars too few pixels above
# the threshold.
FILTER_REACH, NARROWEST = 1.25, 1.7
PIXEL_STACK = 3_000_000
SUB_OBJECT_LIMIT = 4096


@dataclass(frozen=True)
class DetectionConfig:
    """threshold: sigmas of the smoothed image; min_pixels: connected pixels;
    deblend_levels, deblend_contrast: multi-threshold deblending."""

    threshold: float = 4.0
    min_pixels: int = 3
    deblend_levels: int = 32
    deblend_contrast: float = 0.005


@dataclass(frozen=True)
class SeeingConfig:
    """threshold (sigmas of the smoothed image), min_pixels, max_pixels: of the sources used; max_stars, min_stars;
    beta, fit_radius (px): of the Moffat; percentile: of the widths that is the stars', since galaxies and blends
    are wider."""

    threshold: float = 50.0
    min_pixels: int = 5
    max_pixels: int = 400
    max_stars: int = 200
    min_stars: int = 5
    beta: float = 3.0
    fit_radius: int = 6
    percentile: float = 40.0


def matched_filter(fwhm: float) -> np.ndarray:
    """A Gaussian of that width (px), integrated over pixels, sum 1: float32, odd sides."""
    fwhm = max(fwhm, NARROWEST)
    half = int(np.ceil(FILTER_REACH * fwhm))
    edges = (np.arange(2 * half + 2) - half - 0.5) * FWHM_PER_SIGMA / fwhm / np.sqrt(2)
    along = np.diff(erf(edges))
    kernel = np.outer(along, along)
    return (kernel / kernel.sum()).astype(np.float32)


def detect(
    residual: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    config: DetectionConfig | None = None,
    segmentation: bool = False,
    fwhm: float | None = None,
):
    """Detect and deblend sources on a sky-subtracted image.

    Parameters
    ----------
    residual : float32 array (ny, nx), DN
        Sky already subtracted, finite where not bad.
    noise : float32 array (ny, nx), DN
    bad : bool array (ny, nx)
    config : DetectionConfig
    segmentation : bool
        Also return the map of source numbers.
    fwhm : float, px
        Of stars: the filter is matched to it. None: the fixed 3x3 filter.

    Returns
    -------
    sources : structured array of sep's columns
        x, y are 0-based; flux, cflux, peak, cpeak are given back in DN; thresh in sigmas of a pixel.
    segments : int32 array (ny, nx), only if asked for

    Raises
    ------
    UnusableFrameError
        if the image holds so many detected pixels that it cannot be stars.
    """
    found = _extract(residual, noise, bad, config or DetectionConfig(), segmentation, fwhm)
    sources, segments = found if segmentation else (found, None)
    scale = noise[
        np.clip(np.rint(sources["y"]).astype(int), 0, noise.shape[0] - 1),
        np.clip(np.rint(sources["x"]).astype(int), 0, noise.shape[1] - 1),
    ]
    for column in ("flux", "cflux", "peak", "cpeak"):
        sources[column] *= scale
    return (sources, segments) if segmentation else sources


def _extract(
    residual: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    config: DetectionConfig,
    segmentation: bool,
    fwhm: float | None,
):
    """The sources as sep gives them, in units of the noise."""
    sep.set_extract_pixstack(PIXEL_STACK)
    sep.set_sub_object_limit(SUB_OBJECT_LIMIT)
    # A noise array given to sep costs ten times the work: the image is divided by the noise instead.
    significance = np.where(bad, np.float32(0.0), residual / noise).astype(np.float32, copy=False)
    smoothing = SMOOTHING / SMOOTHING.sum() if fwhm is None else matched_filter(fwhm)
    # sep compares the smoothed image with sigmas of the unsmoothed one.
    threshold = config.threshold * float(np.sqrt(np.sum(smoothing.astype(float) ** 2)))
    try:
        return sep.extract(
            np.ascontiguousarray(significance),
            threshold,
            err=1.0,
            mask=bad,
            minarea=config.min_pixels,
            filter_kernel=smoothing,
            deblend_nthresh=config.deblend_levels,
            deblend_cont=config.deblend_contrast,
            segmentation_map=segmentation,
        )
    except Exception as problem:  # noqa: BLE001 - sep raises bare Exception for all its C errors
        raise UnusableFrameError(f"detection at {config.threshold} sigma failed: {problem}") from problem


def measure_seeing(
    residual: np.ndarray, noise: np.ndarray, bad: np.ndarray, config: SeeingConfig | None = None
) -> float | None:
    """FWHM of stars (px): the median of Moffats fitted to bright sources; None if there are too few.

    residual, noise, bad : as for `detect`.
    """
    config = config or SeeingConfig()
    bright = detect(residual, noise, bad, DetectionConfig(config.threshold, config.min_pixels, 1, 1.0))
    good = bright[(bright["flag"] == 0) & (bright["npix"] < config.max_pixels)]
    order = np.argsort(-good["flux"])[: config.max_stars]
    if len(order) < config.min_stars:
        return None
    x, y, flux = (np.ascontiguousarray(good[name][order], dtype=float) for name in ("x", "y", "flux"))
    ivar = np.where(bad, np.float32(0.0), 1.0 / noise**2).astype(np.float32)
    fits = moffat.fit_stars(residual, ivar, x, y, flux, config.beta, config.fit_radius, 2.0, 8)
    usable = fits[:, moffat.CHI2] < moffat.UNUSABLE
    if usable.sum() < config.min_stars:
        return None
    return float(np.percentile(fits[usable, moffat.FWHM], config.percentile))
