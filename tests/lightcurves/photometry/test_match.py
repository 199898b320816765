"""Matching on the sky against brute force, everywhere on the sphere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightcurves.photometry.match import Catalogue, match_sky


def around(ra, dec, n, size, rng):
    """Random positions within some degrees of a place, also over the pole and RA 0."""
    ra, dec = np.deg2rad([ra, dec])
    center = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    points = center + np.deg2rad(size) * rng.uniform(-1, 1, (n, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    return points


def degrees(points):
    return np.rad2deg(np.arctan2(points[:, 1], points[:, 0])) % 360, np.rad2deg(np.arcsin(points[:, 2]))


def brute(points, catalog, radius):
    distance = np.linalg.norm(points[:, None] - catalog[None], axis=2)
    chord = 2 * np.sin(np.deg2rad(radius / 3600) / 2)
    nearest = distance.argmin(axis=1)
    hit = distance.min(axis=1) <= chord
    return np.where(hit, nearest, -1), (distance <= chord).sum(axis=1)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0.05, 20.0), st.integers(0, 10**6))
def test_the_strip_finds_what_brute_force_finds_anywhere_on_the_sky(ra, dec, size, seed):
    rng = np.random.default_rng(seed)
    catalog = around(ra, dec, 150, size, rng)
    radius = 300.0
    moved = catalog[rng.integers(0, 150, 60)] + np.deg2rad(radius / 3600) * rng.normal(0, 0.6, (60, 3))
    points = moved / np.linalg.norm(moved, axis=1)[:, None]
    got = match_sky(*degrees(points), *degrees(catalog), radius)
    index, count = brute(points, catalog, radius)
    np.testing.assert_array_equal(got.index, index)
    shared = np.bincount(index[index >= 0], minlength=150)[index] > 1
    np.testing.assert_array_equal(got.ambiguous, (index >= 0) & ((count > 1) | shared))


@pytest.mark.parametrize("place", [(0.0, 0.0), (359.99, 45.0), (10.0, 89.99), (200.0, -90.0)])
def test_all_stars_shifted_by_a_tenth_of_an_arcsecond_are_found_at_that_distance(place):
    rng = np.random.default_rng(1)
    catalog = around(*place, 3000, 0.5, rng)
    across = np.cross(catalog, [0.3, 0.5, 0.8])
    across /= np.linalg.norm(across, axis=1)[:, None]
    points = catalog + np.deg2rad(0.1 / 3600) * across
    got = match_sky(*degrees(points), *degrees(catalog), 1.0)
    assert np.mean(got.index == np.arange(3000)) > 0.999
    np.testing.assert_allclose(got.separation[got.index == np.arange(3000)], 0.1, atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 360), st.floats(-90, 90), st.integers(0, 60), st.integers(0, 10**6))
def test_a_catalogue_whose_sources_moved_matches_as_one_that_is_made_anew(ra, dec, count, seed):
    rng = np.random.default_rng(seed)
    first, radius = around(ra, dec, 150, 2.0, rng), 300.0
    rows, second = rng.permutation(150)[:count], first.copy()
    second[rows] = around(ra, dec, count, 2.0, rng)
    points = degrees(around(ra, dec, 60, 2.0, rng))
    kept = Catalogue(*degrees(first))
    before = kept.match(*points, radius)
    moved = kept.moved(rows, *degrees(second[rows])).match(*points, radius)
    anew = match_sky(*points, *degrees(second), radius)
    np.testing.assert_array_equal(moved.index, anew.index)
    np.testing.assert_array_equal(moved.ambiguous, anew.ambiguous)
    np.testing.assert_array_equal(kept.match(*points, radius).index, before.index)


def test_a_double_star_within_the_radius_is_flagged_and_the_nearer_taken():
    got = match_sky([10.0], [20.0], [10.0, 10.0], [20.0 + 0.3 / 3600, 20.0 - 0.5 / 3600], 1.0)
    assert got.index[0] == 0
    assert got.ambiguous[0]
    assert got.separation[0] == pytest.approx(0.3, abs=1e-4)


def test_two_positions_that_claim_one_source_are_both_flagged():
    got = match_sky([10.0, 10.0], [20.0, 20.0 + 0.4 / 3600], [10.0], [20.0], 1.0)
    assert got.ambiguous.tolist() == [True, True]


def test_positions_on_the_other_side_of_the_sky_and_empty_lists_match_nothing():
    assert match_sky([190.0], [-20.0], [10.0], [20.0], 1.0).index.tolist() == [-1]
    assert match_sky([], [], [10.0], [20.0], 1.0).index.size == 0
    assert np.isnan(match_sky([10.0], [20.0], [], [], 1.0).separation[0])


def test_a_radius_of_zero_and_a_catalogue_of_the_whole_sky_are_refused():
    with pytest.raises(ValueError, match="radius=0"):
        match_sky([1.0], [1.0], [1.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="match it in parts"):
        match_sky([1.0], [1.0], [0.0, 120.0, 250.0], [10.0, 20.0, 30.0], 1.0)
