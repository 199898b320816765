"""Offsets between light curves of one star."""

import numpy as np
import pytest

from lightcurves.photometry.offsets import fitted_offsets

RNG = np.random.default_rng(3)


def columns(*curves) -> dict:
    """curves : (oid, filter, times, magnitudes)"""
    return {
        "oid": np.concatenate([np.full(len(t), oid) for oid, _, t, _ in curves]),
        "filtercode": np.concatenate([np.full(len(t), band) for _, band, t, _ in curves]),
        "mjd": np.concatenate([t for *_, t, _ in curves]),
        "mag": np.concatenate([m for *_, m in curves]),
        "catflags": np.zeros(sum(len(t) for _, _, t, _ in curves), int),
    }


def rising(t) -> np.ndarray:
    return 18 - 0.02 * (t - 59000) + 0.3 * np.sin(t / 9)


def test_a_variable_star_s_offset_is_found_to_its_error_though_its_curves_cover_other_times():
    long, short = np.arange(59000.0, 59200), np.arange(59150.1, 59190, 2)
    a, b = rising(long) + RNG.normal(0, 0.01, len(long)), rising(short) + 0.123 + RNG.normal(0, 0.01, len(short))
    found = fitted_offsets(columns((1, "zr", long, a), (2, "zr", short, b)))
    assert found[1].value == 0 and found[2].reference == 1 and found[2].pairs == len(short)
    assert found[2].value == pytest.approx(0.123, abs=4 * found[2].error) and found[2].error < 0.01


def test_an_outlier_moves_it_hardly():
    t = np.arange(59000.0, 59020)
    flat, other = np.full(20, 17.0), np.full(15, 17.05)
    other[4] = 12.0
    found = fitted_offsets(columns((1, "zg", t, flat), (2, "zg", t[:15] + 0.1, other)))
    assert found[2].value == pytest.approx(0.05)


def test_where_no_points_are_near_in_time_medians_are_compared_and_no_error_is_claimed():
    early, late = np.arange(59000.0, 59010), np.arange(59500.0, 59505)
    found = fitted_offsets(columns((1, "zr", early, np.full(10, 16.0)), (2, "zr", late, np.full(5, 16.2))))
    assert found[2].value == pytest.approx(0.2) and found[2].error is None and found[2].pairs == 0


def test_filters_are_not_moved_against_each_other_and_flagged_points_do_not_count():
    t = np.arange(59000.0, 59005)
    table = columns((1, "zr", t, np.full(5, 16.0)), (2, "zg", t, np.full(5, 17.0)), (3, "zr", t, np.full(5, 16.5)))
    table["catflags"][10:] = 1
    assert {oid: one.value for oid, one in fitted_offsets(table).items()} == {1: 0.0, 2: 0.0}


def test_a_curve_of_one_point_has_an_offset_too():
    t = np.arange(59000.0, 59005)
    found = fitted_offsets(columns((1, "zr", t, np.full(5, 16.0)), (2, "zr", t[:1] + 0.2, np.array([16.1]))))
    assert found[2].value == pytest.approx(0.1) and found[2].pairs == 0
