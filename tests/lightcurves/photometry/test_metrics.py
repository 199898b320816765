"""Every metric against a plain formula in numpy or scipy, on random light curves."""

import numpy as np
import pytest
from scipy import stats

from lightcurves.photometry.columns import LEAST_POINTS, METRICS, PERCENTILE_NAMES, PERCENTILES
from lightcurves.photometry.metrics import light_curve_metrics


def random_curve(n, seed):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 100, n))
    t[1::3] = t[::3][: t[1::3].size] + 0.02
    t.sort()
    err = rng.uniform(0.01, 0.2, n)
    mag = 17 + rng.gamma(1.0, 0.3, n) + rng.normal(0, err)
    return t, mag, err, 180 + rng.normal(0, 3e-5, n), 30 + rng.normal(0, 3e-5, n)


def longest_run(flags):
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best


def plain(t, m, e, ra, dec):
    """The definitions, written down as they read."""
    n = m.size
    w = 1 / e**2
    mean, std, median = m.mean(), m.std(ddof=1), np.median(m)
    wmean = np.average(m, weights=w)
    delta = np.sqrt(n / (n - 1)) * (m - wmean) / e
    pairs, k = [], 0
    while k < n:
        if k + 1 < n and t[k + 1] - t[k] <= 1.0:
            pairs.append(delta[k] * delta[k + 1])
            k += 2
        else:
            pairs.append(delta[k] ** 2 - 1)
            k += 1
    pairs = np.array(pairs)
    beyond = np.abs(m - median) > 2 * std
    expected = {
        "ngoodobs": n,
        "meanmag": mean,
        "medianmag": median,
        "minmag": m.min(),
        "maxmag": m.max(),
        "medmagerr": np.median(e),
        "weightedmeanmag": wmean,
        "medianabsdev": np.median(np.abs(m - median)),
        "magrms": std,
        "weightedmagrms": np.sqrt(np.average((m - wmean) ** 2, weights=w)),
        "chisq": np.sum(((m - mean) / e) ** 2) / (n - 1),
        "lineartrend": np.polyfit(t - t.mean(), m, 1)[0],
        "maxslope": np.max(np.abs(np.diff(m) / np.diff(t))),
        "skewness": stats.skew(m),
        "smallkurtosis": stats.kurtosis(m, bias=False),
        "stetsonj": np.mean(np.sign(pairs) * np.sqrt(np.abs(pairs))),
        "stetsonk": np.mean(np.abs(delta)) / np.sqrt(np.mean(delta**2)),
        "vonneumannratio": np.mean(np.diff(m) ** 2) / m.var(ddof=1),
        "con": (sum(beyond[k : k + 3].all() for k in range(n - 2)) + 1) / n,
        "nmedianbufferrange": np.sum(np.abs(m - wmean) > 0.2 * np.ptp(m)),
        "npairposslope": np.sum(np.diff(m) > 0),
        "astrometricrms": np.sqrt(np.var(ra) * np.cos(np.deg2rad(dec.mean())) ** 2 + np.var(dec)),
    }
    for k in (1, 3, 5):
        expected[f"nabovemeanbystd_{k}"] = np.sum(m > mean + k * std)
        expected[f"nbelowmeanbystd_{k}"] = np.sum(m < mean - k * std)
        expected[f"nconsecabovemeanbystd_{k}"] = longest_run(m > mean + k * std)
        expected[f"nconsecbelowmeanbystd_{k}"] = longest_run(m < mean - k * std)
        expected[f"nconsecfrommeanbystd_{k}"] = longest_run(np.abs(m - mean) > k * std)
    expected.update(zip(PERCENTILE_NAMES, np.percentile(m, PERCENTILES), strict=True))
    return expected


def test_every_metric_equals_its_plain_formula():
    curves = [random_curve(n, n) for n in (5, 17, 60, 241)]
    offsets = np.cumsum([0] + [c[0].size for c in curves])
    columns = [np.concatenate(part) for part in zip(*curves, strict=True)]
    got = light_curve_metrics(offsets, *columns, np.ones(offsets[-1], bool))
    for i, curve in enumerate(curves):
        expected = plain(*curve)
        assert set(expected) == set(METRICS) | set(PERCENTILE_NAMES)
        for name, value in expected.items():
            assert got[name][i] == pytest.approx(value, rel=1e-6, abs=1e-9), (name, curve[0].size)


def test_points_that_are_bad_or_not_finite_do_not_count():
    t, mag, err, ra, dec = random_curve(40, 1)
    spoiled = [np.concatenate([x, [y]]) for x, y in zip((t, mag, err, ra, dec), (101, np.nan, 0.1, 0, 0), strict=True)]
    good = np.ones(41, bool)
    good[3] = False
    got = light_curve_metrics([0, 41], *spoiled, good)
    keep = np.arange(40) != 3
    assert got["ngoodobs"][0] == 39
    assert got["magrms"][0] == pytest.approx(mag[keep].std(ddof=1))


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_metrics_with_too_few_points_are_nan(n):
    curve = [column[:n] for column in random_curve(5, 3)]
    got = light_curve_metrics([0, n], *curve, np.ones(n, bool))
    for name in METRICS:
        assert np.isnan(got[name][0]) == (n < LEAST_POINTS[name]), name
    assert np.isnan(got["percentiles_05"][0]) == (n == 0)


def test_a_star_that_does_not_change_has_no_shape():
    """Scatter and counts are truly 0; whatever is divided by the scatter is not a number."""
    n, t = 6, np.arange(6.0)
    got = light_curve_metrics([0, n], t, np.full(n, 17.0), np.full(n, 0.1), np.full(n, 5.0), np.full(n, 5.0), t >= 0)
    for name in ("magrms", "chisq", "medianabsdev", "maxslope", "nabovemeanbystd_1", "npairposslope"):
        assert got[name][0] == 0, name
    for name in ("skewness", "smallkurtosis", "stetsonk", "vonneumannratio"):
        assert np.isnan(got[name][0]), name


def test_points_of_one_moment_have_no_slope():
    n = 5
    got = light_curve_metrics([0, n], np.zeros(n), 17 + 0.1 * np.arange(n), *np.full((3, n), 0.1), np.ones(n, bool))
    assert np.isnan(got["maxslope"][0]) and np.isnan(got["lineartrend"][0])
    assert got["magrms"][0] > 0


def test_the_light_curve_package_finds_the_same():
    """Features that mean the same in both: https://github.com/light-curve/light-curve-python"""
    import light_curve as lc

    t, m, e, ra, dec = random_curve(150, 12)
    got = {
        name: value[0] for name, value in light_curve_metrics([0, 150], t, m, e, ra, dec, np.ones(150, bool)).items()
    }
    same = {
        "meanmag": lc.Mean(), "medianmag": lc.Median(), "magrms": lc.StandardDeviation(), "skewness": lc.Skew(),
        "smallkurtosis": lc.Kurtosis(), "stetsonk": lc.StetsonK(), "vonneumannratio": lc.Eta(),
        "maxslope": lc.MaximumSlope(), "medianabsdev": lc.MedianAbsoluteDeviation(),
        "weightedmeanmag": lc.WeightedMean(),
    }  # fmt: skip
    for name, feature in same.items():
        expected = feature(t, m, e)[0]
        if name == "skewness":  # theirs is for small samples
            expected *= (150 - 2) / np.sqrt(150 * (150 - 1))
        assert got[name] == pytest.approx(expected, rel=1e-6), name
    assert got["lineartrend"] == pytest.approx(lc.LinearTrend()(t, m, e)[0], rel=1e-6)
    assert (got["maxmag"] - got["minmag"]) / 2 == pytest.approx(lc.Amplitude()(t, m, e)[0], rel=1e-9)
    beyond = (got["nabovemeanbystd_1"] + got["nbelowmeanbystd_1"]) / 150
    assert beyond == pytest.approx(lc.BeyondNStd(1)(t, m, e)[0])


def test_a_star_on_ra_zero_has_the_astrometric_scatter_of_any_other():
    _, mag, err, ra, dec = random_curve(50, 4)
    t = np.arange(50.0)
    here = light_curve_metrics([0, 50], t, mag, err, ra, dec, np.ones(50, bool))
    there = light_curve_metrics([0, 50], t, mag, err, (ra - 180) % 360, dec, np.ones(50, bool))
    assert there["astrometricrms"][0] == pytest.approx(here["astrometricrms"][0], rel=1e-6)


def test_times_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="backwards"):
        light_curve_metrics([0, 2], [2.0, 1.0], [1, 1], [1, 1], [0, 0], [0, 0], [True, True])
