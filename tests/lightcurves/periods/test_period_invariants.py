"""Invariants of every light curve and every method: the range, finite powers in their bounds, points that count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.variable_stars import draw, nights, observe
from lightcurves.irsa import periodogram as irsa
from lightcurves.periods import (
    METHODS,
    PeriodConfig,
    Periodogram,
    Series,
    UnusableLightCurveError,
    analysis_of_variance,
    conditional_entropy,
    find_period,
    harmonic_power,
    multiband,
    periodogram,
    phase_dispersion,
    plavchan,
    split_bands,
)

SHARES = ("ls", "harmonics", "bls")  # powers that are shares of chi-square: 0 to 1
EVERY = [*METHODS, "search"]


@st.composite
def light_curves(draw_):
    """Few or many points, some of one night, some with magnitudes alike, some with errors that say nothing."""
    n = draw_(st.integers(5, 60))
    rng = np.random.default_rng(draw_(st.integers(0, 10_000)))
    t = np.sort(rng.choice(60, n)) + draw_(st.sampled_from([0.0, 0.02])) * rng.normal(size=n)
    mag = np.round(15 + rng.normal(0, 0.2, n), draw_(st.integers(1, 4)))
    err = rng.choice([0.02, 0.1, 0.0, -1.0, np.nan, np.inf], n, p=[0.6, 0.2, 0.05, 0.05, 0.05, 0.05])
    return t, mag, err, rng.integers(1, 3, n), rng.integers(0, 3, n)


@pytest.mark.parametrize("method", EVERY)
@settings(max_examples=25, deadline=None)
@given(curve=light_curves(), fmin=st.floats(0.02, 1.0), more=st.floats(0.05, 3.0))
def test_the_period_and_every_peak_lie_in_the_range_asked_and_powers_are_finite(method, curve, fmin, more):
    t, mag, err, band, oid = curve
    fmax = fmin + more
    try:
        found = multiband.periodogram(t, mag, err, band, method, fmin, fmax, oid)
    except UnusableLightCurveError:
        return  # too few points were left; other tests hold what is refused
    periods = np.array([found.period, *(peak.period for peak in found.peaks)])
    assert np.all((periods >= (1 - 1e-12) / fmax) & (periods <= (1 + 1e-12) / fmin))
    assert np.isfinite(found.power).all()
    assert all(np.isfinite([peak.power, peak.period_error]).all() and peak.period_error > 0 for peak in found.peaks)
    if method in SHARES:
        tops = np.array([peak.power for peak in found.peaks])
        assert np.all((found.power >= 0) & (found.power <= 1)) and np.all(tops <= 1)
    if method == "search":
        assert 0 <= found.confidence <= 1


@pytest.mark.parametrize("method", EVERY)
def test_points_without_a_positive_error_count_as_if_they_were_not_there(method):
    rng = np.random.default_rng(31)
    t, mag, err, band = observe(draw("RRc", rng), nights(120, rng, 200.0), rng)
    bad = rng.choice(120, 12, replace=False)
    wrong_err, wrong_mag = err.copy(), mag.copy()
    wrong_err[bad] = np.tile([0.0, -0.1, np.nan, np.inf], 3)
    wrong_mag[bad] += 5.0
    kept = np.delete(np.arange(120), bad)
    with_them = multiband.periodogram(t, wrong_mag, wrong_err, band, method, fmax=4.0)
    without = multiband.periodogram(t[kept], mag[kept], err[kept], band[kept], method, fmax=4.0)
    assert with_them.n_points == 108
    assert with_them.period == without.period
    np.testing.assert_array_equal(with_them.power, without.power)


@pytest.mark.parametrize("method", METHODS)
def test_offsets_between_the_bands_change_no_power(method):
    rng = np.random.default_rng(32)
    t, mag, err, band = observe(draw("RRab", rng), nights(150, rng, 200.0), rng)
    frequencies = np.linspace(0.5, 3.0, 200)
    plain = periodogram(t, mag, err, band, method, frequencies)
    moved = periodogram(t, mag + np.where(band == 1, 1.25, -0.5), err, band, method, frequencies)
    np.testing.assert_allclose(moved.power, plain.power, rtol=1e-6, atol=1e-8)


def test_plavchans_power_is_bounded_where_every_point_is_alone_in_its_box():
    t = np.array([0.0, 1.13, 2.31, 3.57, 4.79, 6.01])
    y = np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5])
    frequencies = np.linspace(0.05, 3, 4000)
    power = plavchan(t, y, 0.1, frequencies)
    assert np.isfinite(power).all()
    assert power.max() < 6**2 * 6  # as many points squared for each of the points looked at
    alone = [np.diff(np.sort(np.r_[phase := np.sort(f * t % 1), phase[0] + 1])).min() > 0.06 for f in frequencies]
    assert np.any(alone)
    np.testing.assert_allclose(power[alone], np.sum((y - y.mean()) ** 2) / np.sum((y - y.mean()) ** 2))


def test_no_frequency_is_crowned_by_plavchan_on_sparse_noise():
    """The cadence alone must not name the period: of 60 sparse noisy stars no fold wins more than a few."""
    rng = np.random.default_rng(33)
    cadence = nights(16, rng, 120.0, bands=(1,))
    best = []
    for _ in range(60):
        mag = 17 + rng.normal(0, 0.1, 16)
        best.append(periodogram(cadence.t, mag, 0.1, None, "plav", fmin=0.05, fmax=5.0).peaks(1)[0].frequency)
    counts, _ = np.histogram(best, bins=np.arange(0.0, 5.1, 0.02))
    assert counts.max() <= 4


def test_sparse_bins_tell_nothing_in_any_folding_method():
    t = np.array([0.0, 1.13, 2.31, 3.57, 4.79, 6.01])
    y = np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5])
    phase = np.linspace(0.05, 3, 4000)[:, None] * t % 1
    alone = [all(len(set((turned * 30 % 30).astype(int))) == 6 for turned in (row, row + 1 / 60)) for row in phase]
    f = np.linspace(0.05, 3, 4000)[alone]
    assert f.size > 10
    assert np.all(phase_dispersion(t, y, 0.1, f, 30) == 1)
    assert np.all(analysis_of_variance(t, y, 0.1, f, 30) == 0)
    entropy = conditional_entropy(t, y, f, 30, 5)
    assert np.all(entropy == entropy[0]) and entropy[0] > 1  # that of the magnitudes alone


@settings(max_examples=30, deadline=None)
@given(n=st.integers(5, 30), terms=st.integers(1, 12), seed=st.integers(0, 1000))
def test_harmonics_of_sparse_curves_leave_something_unexplained(n, terms, seed):
    rng = np.random.default_rng(seed)
    one = Series(np.sort(rng.uniform(0, 40, n)), rng.normal(0, 1, n), np.ones(n))
    power = harmonic_power([one], np.linspace(0.3, 2.0, 500), terms)
    assert np.all((power >= 0) & (power <= 1))
    assert np.median(power) < 0.9  # noise: a series of as many numbers as points would take all of it


def test_the_peak_of_a_perfect_harmonic_fit_has_an_error_that_is_not_zero():
    t = np.sort(np.random.default_rng(34).uniform(0, 30, 80))
    y = np.sin(2 * np.pi * t / 0.7) + 0.3 * np.sin(4 * np.pi * t / 0.7)
    best = periodogram(t, y, 0.01, None, "harmonics", fmin=1.0, fmax=2.0).peaks(1)[0]
    assert best.power <= 1.0
    assert best.period == pytest.approx(0.7, abs=5 * best.period_error)
    assert 1e-8 < best.period_error < 1e-3


@pytest.mark.parametrize("fmin", [1 / 45, 0.3, 1.0])
def test_a_star_of_a_longer_period_gets_one_in_the_range_and_no_confidence(fmin):
    rng = np.random.default_rng(35)
    star = draw("LPV", rng)
    t, mag, err, band = observe(star, nights(300, rng), rng)
    found = find_period(t, mag, err, band, PeriodConfig(fmin=fmin, fmax=5.0))
    assert 0.2 <= found.period <= 1 / fmin
    assert all(0.2 <= one.period <= 1 / fmin for one in found.candidates)
    assert found.frequencies.min() == fmin and found.frequencies.max() <= 5.0


def test_light_curves_of_one_filter_are_one_band_whose_offsets_are_fitted():
    rng = np.random.default_rng(36)
    star = draw("RRab", rng)
    t, mag, err, band = observe(star, nights(120, rng), rng)
    oid = rng.integers(0, 4, 120)
    moved = mag + np.array([0.0, 0.3, -0.4, 0.8])[oid]
    together = find_period(t, moved, err, band, None, oid)
    assert together.period == pytest.approx(star.period, rel=1e-4)
    assert (together.n_points, together.n_bands) == (120, 2)
    # the offsets leave the curve as it is without them
    assert together.theta == pytest.approx(find_period(t, mag, err, band).theta, rel=0.4)


@settings(max_examples=15, deadline=None)
@given(offsets=st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_offsets_of_light_curves_change_no_power_of_least_squares(offsets):
    rng = np.random.default_rng(37)
    t, mag, err, band = observe(draw("RRc", rng), nights(90, rng, 200.0), rng)
    oid = rng.integers(0, 3, 90)
    frequencies = np.linspace(2.0, 4.0, 60)
    for method in ("ls", "harmonics"):
        plain = periodogram(t, mag, err, band, method, frequencies, curve=oid)
        moved = periodogram(t, mag + np.array(offsets)[oid], err, band, method, frequencies, curve=oid)
        np.testing.assert_allclose(moved.power, plain.power, atol=1e-6)


def test_a_light_curve_of_too_few_points_to_tell_its_offset_is_left_out():
    rng = np.random.default_rng(38)
    t, mag, err, _ = observe(draw("RRc", rng), nights(60, rng, 200.0, bands=(1,)), rng)
    oid = np.where(np.arange(60) < 4, 7, 8)
    (one,) = split_bands(t, mag, err, None, 0.0, oid)
    assert one.t.size == 56 and one.n_curves == 1


@pytest.mark.parametrize("alg", irsa.ALGORITHMS)
@pytest.mark.parametrize("step_method", ["fixedf", "exp"])
def test_irsas_service_takes_filters_as_bands_and_objects_as_light_curves(alg, step_method):
    rng = np.random.default_rng(39)
    star = draw("RRab", rng)
    t, mag, _, band = observe(star, nights(150, rng, 200.0), rng)
    oid = 2 * band + rng.integers(0, 2, 150)
    asked = irsa.Asked(alg=alg, step_method=step_method, pmin=0.3, pmax=1.1, step_size=2e-4)
    plain = irsa.compute(t, mag, asked, band, oid)
    moved = irsa.compute(t, mag + np.linspace(-1, 1, 10)[oid], asked, band, oid)
    np.testing.assert_allclose(moved.power, plain.power, rtol=1e-6, atol=1e-6)
    assert np.isfinite(plain.power).all()
    assert plain.peak_period[0] == pytest.approx(star.period, rel=3e-3)


def test_the_top_between_frequencies_of_a_share_is_no_more_than_all():
    frequency, power = np.linspace(1.0, 2.0, 5), np.array([0.0, 0.97, 0.97, 0.28, 0.0])
    assert Periodogram("bls", frequency, power, 6, 1, 50.0).peaks(1)[0].power > 1.0
    assert Periodogram("bls", frequency, power, 6, 1, 50.0, most=1.0).peaks(1)[0].power == 1.0
    assert METHODS["bls"].most == 1.0
