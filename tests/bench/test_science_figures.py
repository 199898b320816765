"""Errors keep their sign: what a median hides is shown."""

from types import SimpleNamespace

import numpy as np
import pytest

from bench.science import figures, matching


def test_a_zero_point_that_leans_with_seeing_is_seen_although_its_median_is_right():
    quadrants = [
        SimpleNamespace(
            seeing=2.0 + shift,
            truth=SimpleNamespace(magzp=26.0),
            measured=SimpleNamespace(measurements={"zp": 26.0 + 0.006 * shift}),
        )
        for shift in (-1.0, -0.5, 0.0, 0.5, 1.0)
    ]
    found = figures.calibration_figures(quadrants)
    assert found["zero point minus truth, median"].value == pytest.approx(0, abs=1e-6)
    trend = found["zero point minus truth, from the best seeing to the worst"]
    assert trend.value == pytest.approx(12) and trend.met is False
    assert trend.peer["signed, mmag per px"] == pytest.approx(6) and trend.peer["at 1 px"] == pytest.approx(-6)


def test_the_worst_bin_keeps_its_sign():
    position = np.repeat(np.arange(4) + 0.5, 100)
    error = np.where(position < 1, -0.02, 0.01) + np.tile([-1e-4, 1e-4], 200)
    worst, _ = figures.trend(error, position, np.arange(5))
    assert worst == pytest.approx(-0.02, abs=1e-3)


def test_of_two_catalogs_the_one_with_more_true_and_fewer_false_is_better():
    truth = SimpleNamespace(star=np.ones(4, bool), mag=np.full(4, 18.0))
    few = matching.Match(np.array([0, 1, -1, -1]), np.array([0.1, 0.1, np.inf, np.inf]), np.ones(2, bool))
    all_found = matching.Match(np.arange(4), np.full(4, 0.1), np.ones(4, bool))
    assert matching.balance(truth, all_found, 20) == pytest.approx(1)
    assert matching.balance(truth, few, 20) == pytest.approx(2 / 3)
