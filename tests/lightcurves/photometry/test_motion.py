"""Motions of stars against numpy's straight line, at the poles and across RA 0."""

import numpy as np
import pytest

from lightcurves.photometry import motion

RNG = np.random.default_rng(3)
NOISE = 50.0  # mas of a position


def star(n, ra, dec, pmra, pmdec, noise=NOISE):
    """Times, and positions (deg) of a star that moves (mas/yr)."""
    mjd = np.sort(RNG.uniform(58_200, 61_000, n))
    years = (mjd - mjd.mean()) / 365.25
    east, north = pmra * years + RNG.normal(0, noise, n), pmdec * years + RNG.normal(0, noise, n)
    return mjd, (ra + east * motion.MAS / np.cos(np.radians(dec))) % 360, dec + north * motion.MAS


def found(mjd, ra, dec, good=None):
    good = np.ones(len(mjd), bool) if good is None else good
    return {name: values[0] for name, values in motion.motions([0, len(mjd)], mjd, ra, dec, good).items()}


@pytest.mark.parametrize(("ra", "dec"), [(120.0, 10.0), (0.0, -30.0), (359.99999, 60.0), (45.0, 89.0)])
def test_it_is_the_straight_line_of_least_squares_with_its_errors(ra, dec):
    mjd, x, y = star(200, ra, dec, 340.0, -120.0)
    got = found(mjd, x, y)
    years = (mjd - mjd.mean()) / 365.25
    east = ((x - ra + 180) % 360 - 180) * np.cos(np.radians(y.mean())) / motion.MAS
    (slope_x, _), cov_x = np.polyfit(years, east, 1, cov=True)
    (slope_y, _), cov_y = np.polyfit(years, (y - dec) / motion.MAS, 1, cov=True)
    assert (got["pmra"], got["pmdec"]) == pytest.approx((slope_x, slope_y), abs=1e-3)
    assert (got["pmraerr"], got["pmdecerr"]) == pytest.approx((cov_x[0, 0] ** 0.5, cov_y[0, 0] ** 0.5), rel=1e-6)


def test_errors_hold_the_truth_as_often_as_they_say():
    pulls = []
    for _ in range(400):
        got = found(*star(60, 200.0, 30.0, 25.0, -8.0))
        pulls += [(got["pmra"] - 25.0) / got["pmraerr"], (got["pmdec"] + 8.0) / got["pmdecerr"]]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.08)


def test_a_line_goes_through_the_mean_place():
    mjd, x, y = star(50, 359.9999, 40.0, 800.0, 600.0, noise=0.0)
    got = found(mjd, x, y)
    ra, dec = motion.place_at(mjd[-1], *(got[name] for name in (*motion.MIDDLE, "pmra", "pmdec")))
    assert ((ra - x[-1] + 180) % 360 - 180, dec - y[-1]) == pytest.approx((0, 0), abs=1e-3 / 3600)


@pytest.mark.parametrize(("n", "days"), [(4, 1000), (50, 20)])
def test_too_few_points_or_too_short_a_time_tell_no_motion(n, days):
    mjd = np.linspace(59_000, 59_000 + days, n)
    got = found(mjd, np.full(n, 10.0), np.full(n, 20.0))
    assert np.isnan([got[name] for name in motion.MOTION]).all()
    assert (got["meanra"], got["meandec"]) == pytest.approx((10.0, 20.0))


def test_points_that_are_not_good_have_no_say():
    mjd, x, y = star(40, 10.0, 5.0, 100.0, 0.0)
    good = np.ones(40, bool)
    good[::7] = False
    y[~good] += 0.1
    assert found(mjd, x, y, good) == pytest.approx(found(mjd[good], x[good], y[good]))


def test_only_what_is_fast_and_sure_is_looked_for_elsewhere():
    assert motion.is_fast(np.array([150.0, 150.0, 60.0]), 0.0, np.array([5.0, 40.0, 1.0]), 1.0).tolist() == [
        True, False, False,
    ]  # fmt: skip
