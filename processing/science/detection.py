"""Sources in an image, by threshold on the noise-normalised image (Bertin & Arnouts 1996, in the library
sep)."""

from dataclasses import dataclass

import numpy as np
import sep

from processing.science.errors import UnusableFrame

SMOOTHING = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32)
PIXEL_STACK = 3_000_000
SUB_OBJECT_LIMIT = 4096
BLENDED_FLAGS = sep.OBJ_MERGED | sep.OBJ_TRUNC | sep.OBJ_DOVERFLOW


@dataclass(frozen=True)
class DetectionConfig:
    """threshold: sigmas per pixel after smoothing's normalisation; min_pixels: connected pixels;
    deblend_levels, deblend_contrast: multi-threshold deblending."""

    threshold: float = 1.5
    min_pixels: int = 3
    deblend_levels: int = 32
    deblend_contrast: float = 0.005


def detect(
    residual: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    config: DetectionConfig | None = None,
    segmentation: bool = False,
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

    Returns
    -------
    sources : structured array of sep's columns
        x, y are 0-based; flux, cflux, peak, cpeak are given back in DN; thresh in sigmas.
    segments : int32 array (ny, nx), only if asked for

    Raises
    ------
    UnusableFrame
        if the image holds so many detected pixels that it cannot be stars.
    """
    config = config or DetectionConfig()
    sep.set_extract_pixstack(PIXEL_STACK)
    sep.set_sub_object_limit(SUB_OBJECT_LIMIT)
    # A noise array given to sep costs ten times the work: the image is divided by the noise instead.
    significance = np.where(bad, np.float32(0.0), residual / noise).astype(np.float32, copy=False)
    try:
        found = sep.extract(
            np.ascontiguousarray(significance),
            config.threshold,
            err=1.0,
            mask=bad,
            minarea=config.min_pixels,
            filter_kernel=SMOOTHING,
            deblend_nthresh=config.deblend_levels,
            deblend_cont=config.deblend_contrast,
            segmentation_map=segmentation,
        )
    except Exception as problem:  # noqa: BLE001 - sep raises bare Exception for all its C errors
        raise UnusableFrame(f"detection at {config.threshold} sigma failed: {problem}") from problem
    sources, segments = found if segmentation else (found, None)
    scale = noise[
        np.clip(np.rint(sources["y"]).astype(int), 0, noise.shape[0] - 1),
        np.clip(np.rint(sources["x"]).astype(int), 0, noise.shape[1] - 1),
    ]
    for column in ("flux", "cflux", "peak", "cpeak"):
        sources[column] *= scale
    return (sources, segments) if segmentation else sources
