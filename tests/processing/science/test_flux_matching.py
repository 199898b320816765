"""The ratio of fluxes of image and reference, from stars some of which vary and most of which are faint."""

import numpy as np
import pytest

from processing.science.astrometry.registration import match_fluxes
from processing.science.errors import UnusableFrameError

SHAPE = (3000, 3000)
SIGMA = 10.0  # DN
RATIO = 1.03


def stars(seed: int, n: int = 1500, slope: float = 0.0):
    """Places, reference fluxes of a sky with many faint stars, and noisy fluxes of the image; a tenth vary."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, SHAPE[1], n), rng.uniform(0, SHAPE[0], n)
    reference = 60.0 * (1 - rng.random(n)) ** -1.1
    varies = np.where(rng.random(n) < 0.1, 10 ** (0.4 * rng.uniform(-0.4, 0.4, n)), 1.0)
    true = RATIO * (1 + slope * (2 * x / SHAPE[1] - 1)) * reference * varies
    return x, y, true + rng.normal(0, SIGMA, n), np.full(n, SIGMA), reference


def test_the_ratio_is_right_to_its_error_though_images_show_only_what_noise_lets_them():
    found = []
    for seed in range(60):
        x, y, flux, sigma, reference = stars(seed)
        seen = flux > 5 * sigma  # what a catalog of the image holds
        found.append(match_fluxes(x[seen], y[seen], flux[seen], sigma[seen], reference[seen], SHAPE).ratio)
    assert np.mean(found) == pytest.approx(RATIO, abs=4 * np.std(found) / np.sqrt(60))
    assert np.std(found) < 0.002


def test_a_ratio_that_changes_over_the_frame_is_followed():
    over = match_fluxes(*stars(3, n=4000, slope=0.02), SHAPE).over(SHAPE)
    assert over[1500, [10, 2990]] == pytest.approx([RATIO * 0.98, RATIO * 1.02], rel=0.004)


def test_nine_stars_are_too_few():
    x, y, flux, sigma, reference = stars(1, n=9)
    with pytest.raises(UnusableFrameError, match="10 needed"):
        match_fluxes(x, y, flux, sigma, 100 * reference, SHAPE)
