"""The combined search: true periods of simulated and real stars, their multiples, their errors, its confidence."""

import numpy as np
import pytest

from bench.variable_stars import ECLIPSE, Star, draw, nights, observe
from lightcurves.periods import NoSpanError, PeriodConfig, TooFewPointsError, find_period, split_bands
from lightcurves.periods.search.cycles import alternation
from lightcurves.periods.search.eclipses import single_dip


def dips(depth: float, other: float, width: float = 0.04) -> Star:
    """Two eclipses of given depths, half a cycle apart."""

    def curve(phase):
        one, two = (phase + 0.5) % 1 - 0.5, phase % 1 - 0.5
        return depth * np.exp(-((one / width) ** 2)) + other * np.exp(-((two / width) ** 2))

    return Star("EA", 2.3456, curve, ECLIPSE)


def seen(star: Star, n: int = 700, seed: int = 1, **more) -> tuple:
    rng = np.random.default_rng(seed)
    return observe(star, nights(n, rng), rng, **more)


@pytest.mark.parametrize("kind", ["RRab", "RRc", "Cepheid", "EW"])
def test_simulated_stars_come_back_at_their_period(kind):
    rng = np.random.default_rng(9)
    stars = [draw(kind, rng) for _ in range(10)]
    found = [find_period(*observe(star, nights(250, rng), rng)).period for star in stars]
    right = np.abs(np.array(found) / [star.period for star in stars] - 1) < 1e-3
    assert right.sum() >= {"EW": 8}.get(kind, 10)


def test_unequal_eclipses_come_back_at_the_full_period_though_a_sine_finds_half():
    star = dips(0.5, 0.3)
    found = find_period(*seen(star))
    assert found.period == pytest.approx(star.period, rel=1e-4)
    assert found.shape == "dip" or found.confidence > 0.8


def test_a_deep_lone_eclipse_is_not_doubled_and_a_shallow_one_between_twins_is():
    # 1.2 mag cannot be each of two eclipses: both stars together have no more light to lose
    assert find_period(*seen(dips(1.2, 0.0))).period == pytest.approx(2.3456, rel=1e-4)
    twins = find_period(*seen(dips(0.4, 0.36), 1500))
    assert twins.period == pytest.approx(2.3456, rel=1e-4)


def test_alternation_is_seen_where_it_is_and_not_where_it_is_not():
    for star, alternates in ((dips(0.5, 0.25), True), (dips(0.5, 0.5), False)):
        bands = split_bands(*seen(star))
        found = alternation(bands, 2 / star.period, 2, 48)
        assert (found.margin > 0.4) == alternates


def test_the_evidence_of_a_lone_dip_is_that_of_its_ratio():
    odds = {}
    for name, star, frequency in (
        ("twins folded at half", dips(0.4, 0.39), 2 / 2.3456),
        ("one of 1.5 mag", dips(1.5, 0.0), 1 / 2.3456),
    ):
        odds[name] = single_dip(split_bands(*seen(star, 1500)), frequency, 64).log_odds
    assert odds["twins folded at half"] > 0
    assert odds["one of 1.5 mag"] < 0


def test_the_error_covers_the_difference():
    rng = np.random.default_rng(3)
    pulls = []
    for _ in range(24):
        star = draw("RRab", rng)
        found = find_period(*observe(star, nights(200, rng), rng))
        pulls.append((found.period - star.period) / found.period_error)
    assert 0.2 < 1.4826 * np.median(np.abs(pulls)) < 1.5


@pytest.mark.parametrize("kind", ["EA", "EW", "Cepheid"])
def test_the_error_covers_the_difference_of_every_shape_at_any_number_of_points(kind):
    rng = np.random.default_rng(14)
    pulls = []
    for n in (80, 250, 600) * 4:
        star = draw(kind, rng)
        found = find_period(*observe(star, nights(n, rng), rng, scatter=2.0))
        if abs(found.period / star.period - 1) < 1e-3:
            pulls.append(abs(found.period - star.period) / found.period_error)
    assert len(pulls) >= 6
    assert 0.05 < np.median(pulls) < 1.0
    assert max(pulls) < 4.0


def test_a_certain_period_has_high_confidence_and_noise_has_none():
    rng = np.random.default_rng(11)
    t, mag, err, band = observe(draw("RRab", rng), nights(270, rng), rng)
    sure = find_period(t, mag, err, band)
    noise = [find_period(t, 17 + rng.normal(0, err), err, band) for _ in range(4)]
    assert sure.confidence > 0.95
    assert sure.false_alarm < 1e-10
    assert max(one.confidence for one in noise) < 0.3
    assert sure.candidates[0].period == sure.period
    assert sure.power.size == sure.frequencies.size
    assert (sure.n_points, sure.n_bands) == (270, 2)


def test_time_zero_offsets_and_names_of_bands_do_not_change_the_period():
    rng = np.random.default_rng(5)
    t, mag, err, band = observe(draw("RRab", rng), nights(200, rng), rng)
    first = find_period(t, mag, err, band)
    other = find_period(t - 58000.3, mag + np.where(band == 1, 0.7, -0.2), err, np.where(band == 1, "z", "a"))
    assert other.period == pytest.approx(first.period, rel=1e-6)
    assert other.confidence == pytest.approx(first.confidence, abs=0.05)


def test_light_curves_that_cannot_have_a_period_are_refused_with_the_reason():
    with pytest.raises(TooFewPointsError, match="3 usable"):
        find_period([1.0, 2.0, 3.0, np.nan], [1, 2, 3, 4], 0.1)
    with pytest.raises(ValueError, match="one moment"):
        find_period(np.ones(10), np.arange(10.0), 0.1)
    with pytest.raises(TooFewPointsError, match="0 usable points of 10: .* positive uncertainty"):
        find_period(np.arange(10.0), np.arange(10.0), 0.0)
    with pytest.raises(TooFewPointsError, match="4 usable points in the fullest of 2 light curves"):
        find_period(np.arange(7.0), np.arange(7.0), 0.1, curve=np.repeat([1, 2], [3, 4]))
    with pytest.raises(NoSpanError, match="span 0.009 days: a period of 1/10 days needs half of it"):
        find_period(np.arange(10.0) * 1e-3, np.arange(10.0), 0.1)
    with pytest.raises(ValueError, match="fmin=5"):
        find_period(np.arange(10.0), np.arange(10.0), 0.1, config=PeriodConfig(fmin=5.0, fmax=2.0))
    with pytest.raises(ValueError, match="are 15"):
        find_period(np.arange(10.0), np.full(10, 15.0), 0.1)


@pytest.mark.parametrize("n", [5, 6, 8, 12, 20])
def test_short_light_curves_give_finite_answers_of_little_confidence(n):
    rng = np.random.default_rng(n)
    t = np.sort(rng.uniform(0, 40, n))
    found = find_period(t, rng.normal(15, 0.1, n), np.full(n, 0.1), config=PeriodConfig(fmax=5.0))
    numbers = (found.period, found.period_error, found.confidence, found.log_false_alarm, found.theta, found.amplitude)
    assert np.isfinite(numbers).all()
    assert found.confidence < 0.5
