"""The map of coverage: Mollweide's projection against its known places and its equal areas."""

import numpy as np
import pytest

from portal.plots.coverage import HEIGHT, WIDTH, coverage, mollweide


@pytest.mark.parametrize(
    ("place", "expected"),
    [((180, 0), (WIDTH / 2, HEIGHT / 2)), ((180, 90), (WIDTH / 2, 0)), ((180, -90), (WIDTH / 2, HEIGHT)),
     ((0, 0), (WIDTH, HEIGHT / 2)), ((360, 0), (0, HEIGHT / 2)), ((270, 0), (WIDTH / 4, HEIGHT / 2))],
)  # fmt: skip
def test_known_places(place, expected):
    x, y = mollweide(np.array([place[0]]), np.array([place[1]]))
    assert (x[0], y[0]) == pytest.approx(expected, abs=0.01)


def test_equal_areas_of_the_sky_are_equal_areas_of_the_map():
    """A band between two declinations has sin(d2) - sin(d1) of the sphere's half, and of the ellipse's area as well."""
    dec = np.linspace(-89.9, 89.9, 4001)
    left, y = mollweide(np.full(dec.size, 359.999), dec)
    right, _ = mollweide(np.full(dec.size, 0.001), dec)
    area = np.concatenate([[0], np.cumsum(-np.diff(y) * (right - left)[1:])])
    expected = (np.sin(np.radians(dec)) - np.sin(np.radians(dec[0]))) / 2
    np.testing.assert_allclose(area / (np.pi * WIDTH * HEIGHT / 4), expected, atol=2e-3)


def test_fields_are_shaded_by_their_visits():
    drawn = coverage({557: 24, 558: 1, 99999: 5})
    assert (drawn.fields, drawn.most) == (2, 24)
    assert drawn.levels[-1].count("M") == 1 and sum(level.count("M") for level in drawn.levels) == 2


def test_nothing_observed_is_no_map():
    assert coverage({}) is None
