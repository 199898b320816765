"""Period search: exact where a formula is known, right where the truth is simulated or published."""

import csv
import threading
from pathlib import Path

import numpy as np
import pytest
from astropy.timeseries import BoxLeastSquares, LombScargle

from lightcurves.periods import (
    TooFewPoints,
    analysis_of_variance,
    box_least_squares,
    conditional_entropy,
    false_alarm_probability,
    find_period,
    frequency_grid,
    lomb_scargle,
    multiband_lomb_scargle,
    phase_dispersion,
)

REAL = Path(__file__).parents[3] / "shared/data/lightcurves"


def night_times(n, rng, days=1500.0):
    """Times as a survey takes them: a few hours around local midnight, 60 % of the year."""
    nights = rng.choice(np.arange(int(days)), n, replace=True)
    nights = np.where(nights % 365 > 220, nights - 150, nights)
    return np.sort(nights + rng.normal(0.0, 0.08, n))


def rr_lyrae(phase):
    """A sawtooth-like RRab curve, amplitude about one magnitude."""
    return (
        0.35 * np.sin(2 * np.pi * phase)
        + 0.17 * np.sin(4 * np.pi * phase + 0.4)
        + 0.10 * np.sin(6 * np.pi * phase + 0.9)
        + 0.05 * np.sin(8 * np.pi * phase + 1.3)
    )


def eclipses(phase, width=0.02, primary=0.5, secondary=0.2):
    """A detached binary: two eclipses half a cycle apart."""
    first, second = (phase + 0.5) % 1 - 0.5, phase % 1 - 0.5
    return primary * np.exp(-0.5 * (first / width) ** 2) + secondary * np.exp(-0.5 * (second / width) ** 2)


def observed(curve, period, rng, counts=(120, 150), scatter=0.03):
    """Two bands of a periodic curve: t, mag, err, band."""
    parts = []
    for band, n in enumerate(counts, start=1):
        t = night_times(n, rng)
        parts.append((t, 17 - 0.4 * band + curve(t / period) + rng.normal(0, scatter, n), np.full(n, band)))
    t, mag, band = (np.concatenate(column) for column in zip(*parts, strict=True))
    return t, mag, np.full(t.size, scatter), band


@pytest.mark.parametrize("n", [12, 400])
def test_lomb_scargle_equals_astropys_exact_sums_to_a_hundred_thousandth(n):
    rng = np.random.default_rng(n)
    t, err = rng.uniform(58000, 60000, n), rng.uniform(0.01, 0.1, n)
    y = 15 + 0.3 * np.sin(2 * np.pi * t / 0.5678) + rng.normal(0, err)
    grid = frequency_grid(2000.0, 0.001, 5.0)
    truth = LombScargle(t, y, err).power(grid.frequencies(), method="cython")
    np.testing.assert_allclose(lomb_scargle(t, y, err, grid), truth, atol=1e-5)


def test_the_power_does_not_depend_on_how_the_grid_falls_into_chunks():
    rng = np.random.default_rng(2)
    t, y = rng.uniform(0, 300, 80), rng.normal(15, 0.1, 80)
    long = frequency_grid(300.0, 0.01, 40.0)
    short = frequency_grid(300.0, 0.01, 0.5)
    np.testing.assert_allclose(lomb_scargle(t, y, 0.1, long)[: short.n], lomb_scargle(t, y, 0.1, short), atol=1e-7)


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


def test_two_bands_together_take_away_the_chi2_that_they_take_away_alone():
    rng = np.random.default_rng(4)
    t, mag, err, band = observed(rr_lyrae, 0.61, rng)
    grid = frequency_grid(np.ptp(t), 0.1, 3.0)
    bands = [(t[band == b], mag[band == b], err[band == b]) for b in (1, 2)]
    powers = [lomb_scargle(*one, grid) for one in bands]
    chi2 = [np.sum(((m - np.average(m)) / e) ** 2) for _, m, e in bands]
    np.testing.assert_allclose(multiband_lomb_scargle(bands, grid), np.average(powers, axis=0, weights=chi2), atol=1e-9)


def test_noise_rarely_passes_the_one_percent_false_alarm_level():
    rng = np.random.default_rng(5)
    grid = frequency_grid(200.0, 0.01, 2.0, oversample=4)
    passed = 0
    for _ in range(200):
        t, y = rng.uniform(0, 200, 60), rng.normal(0, 1, 60)
        passed += false_alarm_probability(lomb_scargle(t, y, 1.0, grid).max(), 60, 200.0, 2.0) < 0.01
    assert passed <= 6


def test_box_search_finds_a_transit_where_astropy_does():
    rng = np.random.default_rng(6)
    t = np.sort(rng.uniform(0, 120, 2500))
    y = rng.normal(15, 0.004, t.size) + 0.02 * (((t - 1.0) % 4.321) < 0.25)
    frequencies = 1 / np.linspace(4.0, 4.6, 1200)
    power, duration, phase = box_least_squares(t, y, 0.004, frequencies)
    best = np.argmax(power)
    astropys = BoxLeastSquares(t, -y, 0.004).power(1 / frequencies, 0.25)
    assert 1 / frequencies[best] == pytest.approx(4.321, abs=0.005)
    assert 1 / frequencies[best] == pytest.approx(astropys.period[np.argmax(astropys.power)], abs=0.01)
    assert duration[best] == pytest.approx(0.25 / 4.321, abs=0.01)
    begins = t[0] + phase[best] / frequencies[best]
    assert (begins - 1.0 + 2.16) % 4.321 - 2.16 == pytest.approx(0.0, abs=0.15)


def test_folding_statistics_all_turn_at_the_true_period():
    rng = np.random.default_rng(7)
    t = night_times(300, rng)
    y = 16 + rr_lyrae(t / 0.5713) + rng.normal(0, 0.05, 300)
    frequencies = 1 / 0.5713 + np.linspace(-0.05, 0.05, 2001)
    for best in (
        np.argmin(phase_dispersion(t, y, 0.05, frequencies)),
        np.argmax(analysis_of_variance(t, y, 0.05, frequencies)),
        np.argmin(conditional_entropy(t, y, frequencies)),
    ):
        assert abs(frequencies[best] - 1 / 0.5713) < 1e-3


def test_phase_dispersion_of_noise_is_one_and_aov_follows_fishers_f():
    rng = np.random.default_rng(8)
    t, y = rng.uniform(0, 1000, 400), rng.normal(15, 0.1, 400)
    frequencies = rng.uniform(0.1, 10, 3000)
    assert phase_dispersion(t, y, 0.1, frequencies).mean() == pytest.approx(1.0, abs=0.02)
    # mean of F(19, 380) is 380 / 378
    assert analysis_of_variance(t, y, 0.1, frequencies).mean() == pytest.approx(380 / 378, abs=0.05)


def test_rr_lyrae_periods_come_back_to_a_part_in_ten_thousand():
    rng = np.random.default_rng(9)
    periods = rng.uniform(0.4, 0.9, 12)
    found = [find_period(*observed(rr_lyrae, p, rng)).period for p in periods]
    right = np.abs(np.array(found) / periods - 1) < 1e-4
    assert right.sum() >= 11


def test_eclipsing_binaries_come_back_at_the_full_period_not_half():
    rng = np.random.default_rng(10)
    periods = rng.uniform(0.5, 6.0, 8)
    found = [find_period(*observed(eclipses, p, rng, (300, 400))).period for p in periods]
    right = np.abs(np.array(found) / periods - 1) < 1e-3
    assert right.sum() >= 7


def test_a_certain_period_has_high_confidence_and_noise_has_none():
    rng = np.random.default_rng(11)
    t, mag, err, band = observed(rr_lyrae, 0.55, rng)
    sure = find_period(t, mag, err, band)
    noise = find_period(t, rng.permutation(mag * 0 + rng.normal(17, 0.1, mag.size)), err, band)
    assert sure.confidence > 0.5
    assert sure.false_alarm < 1e-10
    assert noise.confidence < 0.2
    assert sure.candidates[0].period == sure.period
    assert sure.power.size == sure.frequencies.size


def test_light_curves_that_cannot_have_a_period_are_refused_with_the_reason():
    with pytest.raises(TooFewPoints, match="3 usable"):
        find_period([1.0, 2.0, 3.0, np.nan], [1, 2, 3, 4], 0.1)
    with pytest.raises(ValueError, match="one moment"):
        find_period(np.ones(10), np.arange(10.0), 0.1)
    with pytest.raises(ValueError, match="positive"):
        find_period(np.arange(10.0), np.arange(10.0), 0.0)


@pytest.mark.realdata
def test_published_periods_of_real_variables_are_found():
    if not REAL.exists():
        pytest.skip(f"no light curves at {REAL}")
    right, listed, total = 0, 0, 0
    with (REAL / "periods.tsv").open() as table:
        for row in csv.DictReader(table, delimiter="\t"):
            columns = []
            for k, path in enumerate(sorted(REAL.glob(f"{row['nick']}-z*.csv"))):
                data = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding=None)
                data = data[data["catflags"] < 32768]
                columns.append((data["hjd"], data["mag"], data["magerr"], np.full(data.size, k)))
            result = find_period(*(np.concatenate(c) for c in zip(*columns, strict=True)))
            published = float(row["P"])
            total += 1
            right += abs(result.period / published - 1) < 1e-3
            listed += any(abs(c.period / published - 1) < 1e-3 for c in result.candidates)
    print(f"{right} of {total} published periods first, {listed} among the candidates")
    assert right >= 12
    assert listed >= 14
