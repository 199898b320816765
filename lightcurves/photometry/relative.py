"""Relative photometry: one additive zero-point correction per image, so that constant stars stay constant.

Model: magnitude of star i in image j = m_i + z_j. Solved by alternating weighted means, reweighted so that
outliers and variable stars lose their say (iteratively reweighted least squares with Cauchy weights).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from archive.survey.robust import MAD_TO_SIGMA


@dataclass(frozen=True)
class RelativeConfig:
    """rounds of reweighting; sweeps of alternating means in each, ended when nothing moves by tolerance.

    error_floor : mag, added in quadrature
    cauchy : residual, in sigmas, at which a point's weight is halved
    variable_chi : a star whose residuals exceed its errors by this factor counts as variable ...
    variable_weight : ... and keeps this fraction of its weight
    """

    rounds: int = 4
    sweeps: int = 200
    tolerance: float = 1e-5
    error_floor: float = 0.01
    cauchy: float = 2.5
    variable_chi: float = 3.0
    variable_weight: float = 1e-3


@dataclass(frozen=True)
class RelativeZeroPoints:
    """Result of `relative_zero_points`.

    star_mag : float64 array (n_stars,), NaN for stars without a point
    zero_point : float64 array (n_images,), mag to subtract; median 0; NaN for images without a point
    zero_point_rms : float64 array (n_images,), robust scatter of the image's residuals, mag
    n_used : int64 array (n_images,), points of the image
    variable : bool array (n_stars,)
    """

    star_mag: np.ndarray
    zero_point: np.ndarray
    zero_point_rms: np.ndarray
    n_used: np.ndarray
    variable: np.ndarray


@njit(cache=True, nogil=True)
def _alternate(star, image, mag, weight, zero, n_stars, sweeps, tolerance):
    """Alternate the weighted means; returns star magnitudes, zero points are changed in place."""
    n_images = zero.shape[0]
    star_mag = np.zeros(n_stars)
    for _ in range(sweeps):
        total = np.zeros(n_stars)
        weights = np.zeros(n_stars)
        for i in range(mag.shape[0]):
            total[star[i]] += weight[i] * (mag[i] - zero[image[i]])
            weights[star[i]] += weight[i]
        for k in range(n_stars):
            star_mag[k] = total[k] / weights[k] if weights[k] > 0.0 else 0.0
        total_z = np.zeros(n_images)
        weights_z = np.zeros(n_images)
        for i in range(mag.shape[0]):
            total_z[image[i]] += weight[i] * (mag[i] - star_mag[star[i]])
            weights_z[image[i]] += weight[i]
        moved = 0.0
        for k in range(n_images):
            value = total_z[k] / weights_z[k] if weights_z[k] > 0.0 else 0.0
            moved = max(moved, abs(value - zero[k]))
            zero[k] = value
        if moved < tolerance:
            break
    return star_mag


def _group_median(values, group, n_groups):
    """Median of the values of each group; NaN for empty groups."""
    order = np.lexsort((values, group))
    counts = np.bincount(group, minlength=n_groups)
    ends = np.cumsum(counts)
    starts = ends - counts
    sorted_values = values[order]
    medians = np.full(n_groups, np.nan)
    filled = counts > 0
    low = starts[filled] + (counts[filled] - 1) // 2
    high = starts[filled] + counts[filled] // 2
    medians[filled] = 0.5 * (sorted_values[low] + sorted_values[high])
    return medians


def _checked(star, image, mag, err, n_stars, n_images):
    star, image = np.asarray(star, dtype=np.int64), np.asarray(image, dtype=np.int64)
    mag, err = np.asarray(mag, dtype=np.float64), np.asarray(err, dtype=np.float64)
    if not star.shape == image.shape == mag.shape == err.shape:
        raise ValueError(f"star, image, mag, err have sizes {star.size}, {image.size}, {mag.size}, {err.size}")
    for name, index, limit in (("star", star, n_stars), ("image", image, n_images)):
        if index.size and not (index.min() >= 0 and index.max() < limit):
            raise ValueError(f"{name} runs {index.min()} .. {index.max()}: must lie in 0 .. {limit - 1}")
    good = np.isfinite(mag) & np.isfinite(err) & (err >= 0)
    return star[good], image[good], mag[good], err[good]


def relative_zero_points(star, image, mag, err, n_stars, n_images, config=None):
    """Solve for zero-point corrections of images.

    Parameters
    ----------
    star, image : int arrays (n,), 0-based numbers of the star and the image of each detection
    mag, err : arrays (n,), magnitudes; points that are not finite are left out
    n_stars, n_images : int
    config : RelativeConfig

    Returns
    -------
    RelativeZeroPoints

    Raises
    ------
    ValueError
        where sizes differ or a number is out of range.
    """
    config = config or RelativeConfig()
    star, image, mag, err = _checked(star, image, mag, err, n_stars, n_images)
    sigma = np.hypot(err, config.error_floor)
    per_star = np.bincount(star, minlength=n_stars)
    per_image = np.bincount(image, minlength=n_images)
    weight = 1.0 / sigma**2
    zero = np.zeros(n_images)
    star_mag = np.zeros(n_stars)
    variable = np.zeros(n_stars, dtype=bool)
    residual = np.zeros(mag.size)
    seen = per_image > 0
    for _ in range(config.rounds if mag.size else 0):
        star_mag = _alternate(star, image, mag, weight, zero, n_stars, config.sweeps, config.tolerance)
        shift = np.median(zero[seen])
        zero -= shift
        star_mag = star_mag + shift
        residual = mag - star_mag[star] - zero[image]
        pull = residual / sigma
        spread = MAD_TO_SIGMA * _group_median(np.abs(pull), star, n_stars)
        variable = np.nan_to_num(spread) > config.variable_chi
        weight = 1.0 / sigma**2 / (1.0 + (pull / config.cauchy) ** 2)
        weight *= np.where(variable[star], config.variable_weight, 1.0)
    scatter = MAD_TO_SIGMA * _group_median(np.abs(residual), image, n_images)
    return RelativeZeroPoints(
        star_mag=np.where(per_star > 0, star_mag, np.nan),
        zero_point=np.where(seen, zero, np.nan),
        zero_point_rms=scatter,
        n_used=per_image,
        variable=variable,
    )
