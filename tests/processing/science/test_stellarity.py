"""Stars and galaxies told apart by concentration."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processing.science.photometry.stellarity import half_light_radius, stellarity


def test_a_bright_star_is_sure_and_a_bright_galaxy_too():
    assert stellarity(np.array([0.0, 0.3]), np.array([0.01, 0.01])).round(3).tolist() == [0.973, 0.0]


def test_what_is_too_faint_to_tell_stays_near_one_half():
    unsure = stellarity(np.array([0.0, 0.4, 0.8]), np.array([1.0, 1.0, 1.0]))
    assert np.all(np.abs(unsure - 0.5) < 0.1)


@given(st.floats(-5, 5), st.floats(1e-3, 3))
def test_it_is_a_probability_that_falls_with_extent(excess, sigma):
    here, wider = stellarity(np.array([excess, excess + 0.1]), np.array([sigma, sigma]))
    assert 0 <= wider <= here + 1e-9 <= 1 + 2e-9


def test_the_half_light_radius_of_a_gaussian_is_1_1774_sigma():
    sigma, diameters = 1.7, np.arange(1.0, 15.0, 0.25)
    flux = 1 - np.exp(-0.5 * (diameters / 2 / sigma) ** 2)
    assert abs(half_light_radius(flux[None], diameters, np.array([1.0]))[0] - 1.1774 * sigma) < 5e-3
    assert np.isnan(half_light_radius(flux[None], diameters, np.array([9.0]))[0])
