"""Period search in light curves with slow trends, wild points, and cycles that differ for another reason."""

import numpy as np
import pytest

from bench.variable_stars import draw, nights, observe
from lightcurves.periods import find_period, split_bands
from lightcurves.periods.search.candidates import nightly
from lightcurves.periods.search.trends import calmed, steady


def drifting(t, size: float) -> np.ndarray:
    """A change of `size` mag that does not come back: a line with a bend."""
    x = (t - t.min()) / np.ptp(t)
    return size * (0.7 * x + 0.3 * x**2)


@pytest.mark.parametrize("kind", ["RRab", "RRc", "Cepheid", "EB", "EW"])
@pytest.mark.parametrize("size", [0.3, 1.0])
def test_a_slow_trend_does_not_win_over_a_short_period(kind, size):
    rng = np.random.default_rng(41)
    right = 0
    for _ in range(6):
        star = draw(kind, rng)
        t, mag, err, band = observe(star, nights(250, rng, 2000.0), rng)
        found = find_period(t, mag + drifting(t, size), err, band)
        right += abs(found.period / star.period - 1) < 1e-3
    assert right >= 5


@pytest.mark.parametrize("period", [0.3320, 0.3340, 0.4990, 0.9950])
def test_a_period_next_to_whole_cycles_per_day_is_no_trend(period):
    """Seen at night only, it drifts slowly through its phases from night to night."""
    rng = np.random.default_rng(48)
    right = 0
    for _ in range(5):
        cadence = nights(250, rng, 2000.0)
        phase = cadence.t / period
        mag = 16 + 0.2 * np.sin(2 * np.pi * phase) + 0.05 * np.sin(4 * np.pi * phase + 1) + rng.normal(0, cadence.err)
        found = find_period(cadence.t, mag, cadence.err, cadence.band)
        right += abs(found.period / period - 1) < 1e-3
    assert right >= 4


def test_a_star_that_only_drifts_gets_no_confident_period():
    rng = np.random.default_rng(42)
    for _ in range(6):
        cadence = nights(200, rng, 2000.0)
        mag = 17 + drifting(cadence.t, 0.5) + rng.normal(0, cadence.err)
        assert find_period(cadence.t, mag, cadence.err, cadence.band).confidence < 0.9


def test_a_long_period_is_no_trend():
    rng = np.random.default_rng(43)
    for _ in range(5):
        star = draw("LPV", rng)
        found = find_period(*observe(star, nights(250, rng, 2500.0), rng))
        assert found.period == pytest.approx(star.period, rel=1e-2)


def test_a_multiple_may_be_longer_than_what_a_trend_leaves_is_searched_for():
    """Eclipses of two depths every 20 days on a drift: half of 40 days is found in what the trend leaves."""
    rng = np.random.default_rng(47)
    t = np.sort(rng.uniform(0, 2000, 1500))
    cycle = t / 40.0 % 1
    mag = 16 + 0.8 * (np.abs(cycle - 0.25) < 0.02) + 0.35 * (np.abs(cycle - 0.75) < 0.02) + drifting(t, 0.8)
    found = find_period(t, mag + rng.normal(0, 0.02, 1500), np.full(1500, 0.02))
    assert found.period == pytest.approx(40.0, rel=1e-3)


def test_two_wild_points_name_no_period():
    rng = np.random.default_rng(44)
    star = draw("RRc", rng)
    t, mag, err, band = observe(star, nights(500, rng), rng)
    wild = mag.copy()
    wild[[100, 101]] += 6.0
    assert find_period(t, wild, err, band).period == pytest.approx(star.period, rel=1e-4)


def test_eclipses_are_no_wild_points():
    rng = np.random.default_rng(45)
    t = np.sort(rng.uniform(0, 1000, 800))
    mag = 16 + 0.8 * ((t / 3.3) % 1 < 0.03) + rng.normal(0, 0.02, 800)
    (one,) = split_bands(t, mag, np.full(800, 0.02))
    np.testing.assert_array_equal(calmed(one).y, one.y)


def test_the_trend_that_is_taken_away_is_the_trend():
    rng = np.random.default_rng(46)
    star = draw("EA", rng)
    t, mag, err, band = observe(star, nights(600, rng, 2000.0), rng)
    plain, moved = split_bands(t, mag, err, band), split_bands(t, mag + drifting(t, 1.0), err, band)
    assert steady(plain) is None
    flat = steady(moved)
    for one, other in zip(flat.bands, plain, strict=True):
        assert np.std(one.residuals - other.residuals) < 0.05
    assert 0 < flat.share < 0.5


def test_aliases_of_slow_changes_are_known_as_such():
    assert all(nightly(frequency, 0.02) for frequency in (0.995, 1.01, 2.0, 0.505, 1.5, 3.01))
    assert not any(nightly(frequency, 0.02) for frequency in (0.01, 0.3, 0.9, 1.25, 2.7))
