"""Sky level and sky noise on a mesh."""

from dataclasses import dataclass

import numpy as np
import sep

from processing.science.errors import UnusableFrameError


@dataclass(frozen=True)
class Background:
    """level, noise: float32 (ny, nx), units of the image; median, rms: their global values."""

    level: np.ndarray
    noise: np.ndarray
    median: float
    rms: float


def measure_background(image: np.ndarray, bad: np.ndarray, box: int = 128, filter_size: int = 3) -> Background:
    """Sky level and noise by clipped mode in boxes, median-filtered, bicubic in between (Bertin & Arnouts
    1996).

    Parameters
    ----------
    image : float32 array (ny, nx)
    bad : bool array (ny, nx)
        Pixels left out; pixels that are not finite are left out as well.
    box : int, pixels
        Side of a mesh cell; halved until at least four fit along the shorter side.
    filter_size : int, cells

    Raises
    ------
    UnusableFrameError
        if fewer than one pixel in twenty is usable.
    """
    finite = np.isfinite(image)
    ignore = bad | ~finite
    usable = 1.0 - float(ignore.mean())
    if usable < 0.05:
        raise UnusableFrameError(
            f"only {100 * usable:.1f} % of the pixels are usable: 5 % are needed", usable_fraction=usable
        )
    while box > 16 and 4 * box > min(image.shape):
        box //= 2
    filled = image if finite.all() else np.where(finite, image, np.float32(0.0))
    mesh = sep.Background(
        np.ascontiguousarray(filled, np.float32), mask=ignore, bw=box, bh=box, fw=filter_size, fh=filter_size
    )
    rms = float(mesh.globalrms)
    noise = mesh.rms().astype(np.float32, copy=False)
    # A cell without usable pixels has no noise of its own.
    noise[~(noise > 0)] = rms if rms > 0 else 1.0
    return Background(mesh.back().astype(np.float32, copy=False), noise, float(mesh.globalback), rms)
