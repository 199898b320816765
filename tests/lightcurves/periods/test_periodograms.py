"""Periodograms: each method against a plain formula or astropy, what leaves them unchanged, and bad input."""

import threading

import numpy as np
import pytest
from astropy.timeseries import BoxLeastSquares, LombScargle
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lightcurves.periods import (
    METHODS,
    NoSpanError,
    NoVariationError,
    Series,
    TooFewPointsError,
    analysis_of_variance,
    bootstrap_false_alarm,
    box_least_squares,
    conditional_entropy,
    false_alarm_probability,
    frequency_grid,
    harmonic_power,
    lomb_scargle,
    multiband_lomb_scargle,
    periodogram,
    phase_dispersion,
    plavchan,
    split_bands,
)
from lightcurves.periods.methods.significance import log_false_alarm

NORMALISATIONS = ("standard", "model", "log", "psd")


@pytest.fixture(scope="module")
def curve():
    """One band: t, y, err of a noisy sine of 0.5678 d."""
    rng = np.random.default_rng(400)
    t, err = np.sort(rng.uniform(58000, 60000, 400)), rng.uniform(0.01, 0.1, 400)
    return t, 15 + 0.1 * np.sin(2 * np.pi * t / 0.5678) + rng.normal(0, err), err


@pytest.fixture(scope="module")
def bands():
    """Two bands of a sawtooth, as split_bands gives them."""
    rng = np.random.default_rng(4)
    t = np.sort(rng.uniform(0, 300, 160))
    mag = 16 + (t / 0.61) % 1 + rng.normal(0, 0.05, 160)
    return split_bands(t, mag, np.full(160, 0.05), rng.integers(1, 3, 160))


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_lomb_scargle_equals_astropys_exact_sums_to_a_hundred_thousandth(curve, normalisation):
    grid = frequency_grid(2000.0, 0.001, 2.0)
    truth = LombScargle(*curve, normalization=normalisation).power(grid.frequencies(), method="cython")
    ours = lomb_scargle(*curve, grid, normalisation=normalisation)
    np.testing.assert_allclose(ours, truth, atol=1e-5 * max(1.0, truth.max()))


def test_single_precision_is_right_to_a_few_hundred_thousandths(curve):
    grid = frequency_grid(2000.0, 0.001, 10.0)
    np.testing.assert_allclose(lomb_scargle(*curve, grid, single=True), lomb_scargle(*curve, grid), atol=5e-5)


def test_the_power_does_not_depend_on_how_the_grid_falls_into_chunks(curve):
    long, short = frequency_grid(2000.0, 0.01, 8.0), frequency_grid(2000.0, 0.01, 0.5)
    np.testing.assert_allclose(lomb_scargle(*curve, long)[: short.n], lomb_scargle(*curve, short), atol=1e-6)


def test_threads_that_search_at_once_get_the_same_answers():
    rng = np.random.default_rng(3)
    series = [(rng.uniform(0, 500, 100), rng.normal(15, 0.1, 100)) for _ in range(4)]
    grid = frequency_grid(500.0, 0.01, 20.0)
    alone = [lomb_scargle(t, y, 0.1, grid) for t, y in series]
    together = [None] * 4

    def work(k):
        for _ in range(3):
            together[k] = lomb_scargle(*series[k], 0.1, grid)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_two_bands_together_take_away_the_chi2_that_they_take_away_alone(bands):
    grid = frequency_grid(300.0, 0.1, 3.0)
    powers = [lomb_scargle(one.t, one.y, one.err, grid) for one in bands]
    expected = np.average(powers, axis=0, weights=[one.chi2 for one in bands])
    ours = multiband_lomb_scargle([(one.t, one.y, one.err) for one in bands], grid)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_shared_sine_with_a_mean_per_band_is_the_least_squares_fit(bands):
    grid = frequency_grid(300.0, 1.0, 2.0)
    ours = multiband_lomb_scargle([(one.t, one.y, one.err) for one in bands], grid, shape="shared")
    t, y, err = (np.concatenate([getattr(one, name) for one in bands]) for name in ("t", "y", "err"))
    first = np.repeat([1.0, 0.0], [one.t.size for one in bands])
    constant = np.stack([first, 1 - first], axis=1) / err[:, None]
    chi2 = lambda design: np.sum((y / err - design @ np.linalg.lstsq(design, y / err, rcond=None)[0]) ** 2)  # noqa: E731
    for k in range(0, grid.n, 97):
        angle = 2 * np.pi * grid.frequencies()[k] * t
        sine = np.stack([np.cos(angle), np.sin(angle)], axis=1) / err[:, None]
        assert ours[k] == pytest.approx(1 - chi2(np.hstack([constant, sine])) / chi2(constant), abs=1e-5)


@pytest.mark.parametrize("terms", [1, 2, 4])
def test_several_harmonics_take_what_a_least_squares_fourier_series_takes(curve, terms):
    frequencies = np.random.default_rng(1).uniform(0.5, 4.0, 40)
    truth = LombScargle(*curve, nterms=terms).power(frequencies, method="chi2")
    ours = harmonic_power([Series(*curve)], frequencies, terms)
    np.testing.assert_allclose(ours, truth, atol=1e-5)


def test_box_search_equals_astropys_where_the_box_is_the_same():
    rng = np.random.default_rng(6)
    t = np.sort(rng.uniform(0, 120, 1500))
    y = rng.normal(15, 0.004, t.size) + 0.02 * (((t - 1.0) % 4.321) < 0.25)
    periods = np.linspace(4.0, 4.6, 400)
    ours = box_least_squares(t, y, 0.004, 1 / periods, durations=0.25, n_bins=1000)
    theirs = BoxLeastSquares(t, -y, 0.004).power(periods, 0.25, oversample=50, objective="snr")
    best = np.argmax(ours.power)
    assert periods[best] == pytest.approx(4.321, abs=0.005)
    assert ours.depth[best] == pytest.approx(theirs.depth[best], rel=0.03)
    assert ours.snr[best] == pytest.approx(theirs.depth_snr[best], rel=0.03)
    assert (ours.epoch[best] - 1.125 + 2) % 4.321 == pytest.approx(2.0, abs=0.03)
    np.testing.assert_allclose(ours.snr[::20], theirs.depth_snr[::20], rtol=0.1)


def test_a_box_s_power_is_the_chi2_that_it_takes_away(curve):
    t, y, err = curve
    found = box_least_squares(t, y, err, [1.3], qmin=0.1, qmax=0.1)
    phase = (1.3 * (t - found.epoch[0]) + 0.5) % 1.0 - 0.5
    bins = 50
    first = 1.3 * (found.epoch[0] - t[0]) * bins - 2.5
    box = np.round(first + np.arange(5)).astype(int) % bins
    inside = np.isin((1.3 * (t - t[0]) % 1 * bins).astype(int), box)
    w = 1 / err**2
    mean = lambda rows: np.sum(w[rows] * y[rows]) / np.sum(w[rows])  # noqa: E731
    model = np.where(inside, mean(inside), mean(~inside))
    whole = np.sum(w * (y - np.average(y, weights=w)) ** 2)
    assert found.power[0] == pytest.approx(1 - np.sum(w * (y - model) ** 2) / whole, abs=1e-9)
    assert found.depth[0] == pytest.approx(mean(inside) - mean(~inside))
    assert np.abs(phase[inside]).max() < 0.06


def test_analysis_of_variance_and_dispersion_are_their_plain_formulas(curve):
    t, y, _ = curve
    for frequency in (0.7, 1 / 0.5678, 3.3):
        groups = [y[np.floor((t - t[0]) * frequency % 1 * 8) == k] for k in range(8)]
        assert analysis_of_variance(t, y, 1.0, [frequency], 8)[0] == pytest.approx(stats.f_oneway(*groups).statistic)
    # Two covers: the mean of two binnings, each as Stellingwerf has it for equal weights.
    thetas = []
    for shift in (0.0, 1 / 16):
        groups = [y[np.floor((((t - t[0]) * 0.7 + shift) % 1) * 8) == k] for k in range(8)]
        thetas.append(sum(np.sum((one - one.mean()) ** 2) for one in groups) / (t.size - 8) / y.var(ddof=1))
    assert phase_dispersion(t, y, 1.0, [0.7], 8)[0] == pytest.approx(np.mean(thetas))


def test_conditional_entropy_is_its_plain_formula(curve):
    t, y, _ = curve
    low, high = np.percentile(y, [2, 98])
    level = np.clip(np.floor((y - low) / (high - low) * 5), 0, 4)
    phase = np.floor((t - t[0]) * 0.7 % 1 * 10)
    table, _, _ = np.histogram2d(phase, level, bins=[np.arange(11), np.arange(6)])
    p, p_phase = table / t.size, table.sum(axis=1) / t.size
    expected = np.nansum(p * np.log(p_phase[:, None] / np.where(p > 0, p, np.nan)))
    assert conditional_entropy(t, y, [0.7], 10, 5)[0] == pytest.approx(expected)


@pytest.mark.parametrize("frequency", [0.0123, 0.7, 1 / 0.5678])
def test_plavchan_is_its_plain_formula(curve, frequency):
    t, y, _ = (column[:80] for column in curve)
    phase = (t - t[0]) * frequency % 1
    apart = np.abs(phase[:, None] - phase)
    near = np.minimum(apart, 1 - apart) <= 0.05
    others = near & ~np.eye(80, dtype=bool)  # the mean stands in for the point itself
    smooth = (others @ y + y.mean()) / near.sum(axis=1)
    worst = np.argsort(-np.abs(y - y.mean()))[:10]
    expected = np.sum((y - y.mean())[worst] ** 2) / np.sum((y - smooth)[worst] ** 2)
    assert plavchan(t, y, 1.0, [frequency], width=0.1)[0] == pytest.approx(expected, rel=1e-9)


def test_the_false_alarm_probability_is_baluevs_as_astropy_has_it(curve):
    t, y, err = curve
    theirs = LombScargle(t, y, err)
    span = np.ptp(t)
    for power in (0.01, 0.05, 0.1):
        expected = theirs.false_alarm_probability(power, method="baluev", maximum_frequency=2.0)
        assert false_alarm_probability(power, 400, span, 2.0) == pytest.approx(expected, rel=0.1)
    # far out the logarithm goes on where the number ends
    far = log_false_alarm(np.array([0.9, 0.99, 0.9999]), 2000, span, 2.0)
    assert np.all(np.isfinite(far)) and np.all(np.diff(far) < 0) and far[-1] < -800


def test_noise_passes_the_ten_percent_level_of_both_estimates_about_so_often():
    rng = np.random.default_rng(5)
    grid = frequency_grid(100.0, 0.01, 1.0, oversample=4)
    estimates = []
    for seed in range(40):
        t, y = rng.uniform(0, 100, 50), rng.normal(0, 1, 50)
        power = lomb_scargle(t, y, 1.0, grid).max()
        shuffled = bootstrap_false_alarm(power, split_bands(t, y, np.ones(50)), grid, draws=50, seed=seed)
        estimates.append((false_alarm_probability(power, 50, 100.0, 1.0), shuffled))
    passed = np.mean(np.array(estimates) < 0.1, axis=0)
    assert np.all(passed < 0.25)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8, deadline=None)
@given(shift=st.floats(-1e4, 1e4), offset=st.floats(-3, 3), turn=st.booleans())
def test_time_zero_magnitude_zero_and_order_of_bands_change_nothing(method, shift, offset, turn):
    rng = np.random.default_rng(12)
    t = np.sort(rng.uniform(0, 50, 90))
    mag, err, band = 15 + (t / 0.83) % 1 + rng.normal(0, 0.02, 90), rng.uniform(0.01, 0.03, 90), rng.integers(1, 3, 90)
    frequencies = np.linspace(1.0, 1.4, 25)
    names = np.where(band == 1, 9, 2) if turn else band
    plain = periodogram(t, mag, err, band, method, frequencies)
    moved = periodogram(t, mag + offset, err, names, method, frequencies)
    np.testing.assert_allclose(moved.power, plain.power, rtol=1e-6, atol=1e-8)
    later = periodogram(t + shift, mag, err, band, method, frequencies)
    if method in ("ls", "harmonics"):
        np.testing.assert_allclose(later.power, plain.power, rtol=1e-5, atol=1e-6)
    assert np.argmax(later.power) == np.argmax(plain.power)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_peaks_at_the_period_with_an_error_that_covers_it(method):
    rng = np.random.default_rng(7)
    t = np.sort(rng.uniform(0, 60, 240))
    dip = np.abs((t / 0.7313) % 1 - 0.5) < 0.06
    y = 16 + (0.5 * dip if method == "bls" else 0.3 * np.cos(2 * np.pi * t / 0.7313)) + rng.normal(0, 0.03, 240)
    found = periodogram(t, y, 0.03, method=method, fmin=1.0, fmax=2.0)
    best = found.peaks(3)[0]
    assert best.period == pytest.approx(0.7313, abs=2e-3)
    assert abs(best.period - 0.7313) < 4 * best.period_error
    assert 0 < best.period_error < 0.01


def test_the_error_of_a_lomb_scargle_period_is_the_scatter_over_noise():
    rng = np.random.default_rng(8)
    t = np.sort(rng.uniform(0, 100, 120))
    found = []
    for _ in range(60):
        y = 0.1 * np.sin(2 * np.pi * t / 0.9) + rng.normal(0, 0.03, t.size)
        found.append(periodogram(t, y, 0.03, fmin=1.0, fmax=1.2, oversample=20).peaks(1)[0])
    errors, periods = (np.array([getattr(one, name) for one in found]) for name in ("period_error", "period"))
    assert np.std(periods) == pytest.approx(np.median(errors), rel=0.35)
    assert np.mean(periods) == pytest.approx(0.9, abs=3e-4)


@pytest.mark.parametrize("n", range(5))
@pytest.mark.parametrize("method", METHODS)
def test_fewer_than_five_points_are_refused_with_their_number(method, n):
    with pytest.raises(TooFewPointsError, match=rf"{n} usable|no points"):
        periodogram(np.arange(float(n)), np.arange(float(n)), np.ones(n), method=method)


@pytest.mark.parametrize(
    ("error", "message", "changed"),
    [
        (TooFewPointsError, "0 usable points of 9: .* positive uncertainty", {"err": np.zeros(9)}),
        (TooFewPointsError, "0 usable points of 9", {"err": np.full(9, -1.0)}),
        (ValueError, "curve has 2 values: must have 9", {"curve": np.arange(2)}),
        (TooFewPointsError, "0 usable points", {"mag": np.full(9, np.nan)}),
        (TooFewPointsError, "4 usable points", {"t": np.r_[np.arange(4.0), np.full(5, np.inf)]}),
        (NoVariationError, "all magnitudes are 15", {"mag": np.full(9, 15.0)}),
        (NoSpanError, "one moment", {"t": np.ones(9)}),
        (ValueError, "one length", {"mag": np.arange(8.0)}),
        (ValueError, "band has 3 values: must have 9", {"band": np.arange(3)}),
        (ValueError, "method='fft': use one of ls", {"method": "fft"}),
        (ValueError, "fmin=5", {"fmin": 5.0, "fmax": 1.0}),
        (ValueError, "positive numbers of cycles", {"frequencies": np.array([1.0, -1.0])}),
        (ValueError, "terms=99", {"method": "harmonics", "terms": 99}),
        (ValueError, "qmin=0.5", {"method": "bls", "qmin": 0.5, "qmax": 0.1}),
        (ValueError, "width=2", {"method": "plav", "width": 2.0}),
        (ValueError, "normalisation='x'", {"normalisation": "x"}),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused_and_named(error, message, changed):
    t = np.arange(9.0)
    given_ = {"t": t, "mag": np.sin(t), "err": np.full(9, 0.1), "fmax": 2.0} | changed
    with pytest.raises(error, match=message):
        periodogram(**given_)


def test_equal_errors_scale_out():
    t = np.arange(9.0) ** 1.1
    one, ten = (periodogram(t, np.sin(t), np.full(9, err), fmax=1.0) for err in (0.1, 1.0))
    np.testing.assert_allclose(one.power, ten.power, atol=1e-9)
    assert np.isfinite(one.power).all()
