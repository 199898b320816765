"""Relative photometry recovers the zero points that were put in."""

import numpy as np
import pytest

from lightcurves.photometry.relative import relative_zero_points


def simulated(n_stars=400, n_images=80, filled=0.5, seed=2):
    """5 % variables of 0.3 mag, 1 % outliers of a magnitude, zero points scattered by 20 mmag."""
    rng = np.random.default_rng(seed)
    true_mag = rng.uniform(14, 19, n_stars)
    zero = rng.normal(0, 0.02, n_images)
    zero[rng.random(n_images) < 0.05] += 0.15
    star, image = np.nonzero(rng.random((n_stars, n_images)) < filled)
    err = np.hypot(0.005, 0.02 * 10 ** (0.4 * (true_mag[star] - 18.5)))
    mag = true_mag[star] + zero[image] + err * rng.standard_normal(star.size)
    variable = rng.random(n_stars) < 0.05
    mag += np.where(variable[star], 0.3 * np.sin(image * 2.3 + star), 0.0)
    outlier = rng.random(star.size) < 0.01
    mag[outlier] += rng.normal(0, 1, outlier.sum())
    return star, image, mag, err, zero - np.median(zero), variable


def test_zero_points_come_back_to_a_millimagnitude_despite_variables_and_outliers():
    star, image, mag, err, zero, variable = simulated()
    got = relative_zero_points(star, image, mag, err, 400, 80)
    assert np.std(got.zero_point - zero) < 0.001
    assert (got.variable & variable).sum() >= 0.8 * variable.sum()
    assert (got.variable & ~variable).sum() <= 4


def test_bright_stars_scatter_shrinks_from_the_zero_points_to_the_noise():
    star, image, mag, err, _, variable = simulated()
    got = relative_zero_points(star, image, mag, err, 400, 80)
    bright = (got.star_mag < 16)[star] & ~variable[star]
    before = mag - got.star_mag[star]
    after = before - got.zero_point[image]

    def robust(x):
        return 1.4826 * np.median(np.abs(x - np.median(x)))

    assert robust(before[bright]) > 0.015
    assert robust(after[bright]) < 0.0065


def test_images_without_a_star_and_stars_without_a_point_stay_nan():
    got = relative_zero_points([0, 0, 2], [0, 1, 1], [15.0, 15.1, 16.1], [0.01] * 3, 4, 3)
    assert np.isnan(got.zero_point).tolist() == [False, False, True]
    assert np.isnan(got.star_mag).tolist() == [False, True, False, True]
    assert got.n_used.tolist() == [1, 2, 0]
    assert got.zero_point[1] - got.zero_point[0] == pytest.approx(0.1, abs=1e-3)


def test_numbers_out_of_range_are_refused_by_name():
    with pytest.raises(ValueError, match="image runs 0 .. 7"):
        relative_zero_points([0, 1], [0, 7], [15.0, 16.0], [0.1, 0.1], 2, 3)
