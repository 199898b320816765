"""Residual maps: medians by place, magnitude, colour."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processing.science.photometry import residuals


@given(st.lists(st.tuples(st.integers(-1, 5), st.floats(-100, 100)), max_size=60))
def test_medians_of_groups_are_numpys(pairs):
    group = np.array([g for g, _ in pairs], int)
    value = np.array([v for _, v in pairs], float)
    found, count = residuals.medians(group, value, 5)
    for k in range(5):
        mine = value[group == k]
        assert count[k] == len(mine)
        assert found[k] == np.median(mine) if len(mine) else np.isnan(found[k])


def test_a_tilt_of_the_plate_and_a_run_with_magnitude_show():
    rng = np.random.default_rng(5)
    n, shape = 20_000, (1000, 800)
    x, y = rng.uniform(-0.5, 799.5, n), rng.uniform(-0.5, 999.5, n)
    magnitude, colour = rng.uniform(14, 20, n), rng.normal(0.7, 0.3, n)
    found = residuals.map_residuals(
        shape, (x, y), 40 * (x / 800), 0 * x, (x, y), 5 * (magnitude - 17), magnitude, colour
    )
    assert np.allclose(found.ra.mean(axis=0), 40 * (np.arange(8) + 0.5) / 8, atol=0.5)
    assert found.places.sum() == n and np.all(found.dec == 0)
    middle = 0.5 * (residuals.MAG_EDGES[1:] + residuals.MAG_EDGES[:-1])
    seen = found.by_mag_stars > 0
    assert np.allclose(found.by_mag[seen], 5 * (middle[seen] - 17), atol=0.3)
    told = residuals.summary(found)
    assert abs(told["residual_trend_mag"] - 13.75) < 0.3 and told["residual_map_dec"] == 0


def test_without_stars_nothing_is_claimed():
    none = np.zeros(0)
    found = residuals.map_residuals((100, 100), (none, none), none, none, (none, none), none, none, none)
    assert residuals.summary(found) == {} and np.isnan(found.mag).all()
