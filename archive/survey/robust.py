"""Robust scatter: the standard deviation that outliers do not move. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
IQR_TO_SIGMA = 0.7413
"""Standard deviation of a normal distribution over its interquartile range."""
FWHM_PER_SIGMA = 2.3548
"""Full width at half maximum of a normal distribution over its standard deviation."""
FWHM_TO_SIGMA = 1 / FWHM_PER_SIGMA
"""Standard deviation of a normal distribution over its full width at half maximum."""


def robust_scatter(values: npt.ArrayLike, about: float | None = None) -> float:
    """Standard deviation of values (n,) from their median absolute deviation.

    about : what they deviate from; their median where not given
    """
    values = np.asarray(values)
    middle = np.median(values) if about is None else about
    return float(MAD_TO_SIGMA * np.median(np.abs(values - middle)))
