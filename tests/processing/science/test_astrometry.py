"""TPV and the astrometric solution."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.science import tpv
from processing.science.astrometry.solve import (
    AstrometryConfig,
    ReferenceStars,
    apply_proper_motion,
    match_nearest,
    solve_astrometry,
)
from processing.science.errors import NoAstrometryError
from tests.processing.science.starfield import distorted_wcs

SHAPE = (1024, 1024)


def cards_of(wcs):
    return {key: value for key, value, _ in tpv.header_cards(wcs)}


def test_pixel_to_sky_agrees_with_astropy_to_a_micro_arcsecond():
    wcs = distorted_wcs(SHAPE)
    header = Header(cards_of(wcs))
    x, y = np.random.default_rng(0).uniform(0, 1023, (2, 200))
    ra, dec = tpv.pixel_to_sky(wcs, x, y)
    expected_ra, expected_dec = WCS(header).all_pix2world(x, y, 0)
    np.testing.assert_allclose(ra, expected_ra, atol=3e-10)
    np.testing.assert_allclose(dec, expected_dec, atol=3e-10)


@given(st.floats(0, 359.9), st.floats(-89.5, 89.5), st.floats(-180, 180), st.floats(0, 3071), st.floats(0, 3079))
@settings(max_examples=60, deadline=None)
def test_pixels_survive_the_way_to_the_sky_and_back(ra, dec, rotation, x, y):
    wcs = distorted_wcs((3080, 3072), ra, dec, rotation)
    back = tpv.sky_to_pixel(wcs, *tpv.pixel_to_sky(wcs, np.array([x]), np.array([y])))
    np.testing.assert_allclose(np.ravel(back), [x, y], atol=1e-6)


def test_a_header_with_radial_terms_is_read_back_and_inverted():
    wcs = distorted_wcs(SHAPE)
    pv = wcs.pv.copy()
    pv[:, 3], pv[:, 11] = 1e-4, -2e-4
    wcs = tpv.from_header(cards_of(replace(wcs, pv=pv)))
    np.testing.assert_array_equal(wcs.pv, pv)
    x = np.array([3.0, 700.0])
    np.testing.assert_allclose(tpv.sky_to_pixel(wcs, *tpv.pixel_to_sky(wcs, x, x))[0], x, atol=1e-6)


def test_a_header_that_lacks_cards_says_which():
    with pytest.raises(ValueError, match="CD1_1, CD1_2"):
        tpv.from_header({"CRPIX1": 1, "CRPIX2": 1, "CRVAL1": 1, "CRVAL2": 1})
    with pytest.raises(ValueError, match="SIN"):
        tpv.from_header({"CTYPE1": "RA---SIN"})


def test_one_arcsecond_a_year_is_ten_arcseconds_in_ten_years_at_any_declination():
    for dec in (-60.0, 0.0, 89.9):
        one = np.ones(1)
        stars = ReferenceStars(one * 359.9999, one * dec, one, one * 1000.0, one * 0.0, 2016.0)
        ra, new_dec = apply_proper_motion(stars, 2026.0)
        step = (np.mod(ra - stars.ra + 180, 360) - 180) * np.cos(np.radians(dec)) * 3600
        assert abs(step[0] - 10.0) < 0.01 and abs(new_dec[0] - dec) * 3600 < 0.3


def sky_and_detections(n=400, seed=0, error=0.05, density=1.0):
    """Catalog stars and noisy detections of 3/4 of them, plus 1/4 detections without a star."""
    rng = np.random.default_rng(seed)
    true = distorted_wcs(SHAPE, 150.0, 35.0)
    x, y = rng.uniform(-200, 1223, (2, int(2 * n * density)))
    mag = rng.uniform(14, 20, len(x))
    ra, dec = tpv.pixel_to_sky(true, x, y)
    seen = rng.uniform(size=len(x)) < 0.75
    seen &= (x > 0) & (x < 1023) & (y > 0) & (y < 1023)
    k = seen.sum()
    dx = np.r_[x[seen] + rng.normal(0, error, k), rng.uniform(0, 1023, k // 3)]
    dy = np.r_[y[seen] + rng.normal(0, error, k), rng.uniform(0, 1023, k // 3)]
    flux = np.r_[10 ** (0.4 * (25 - mag[seen])), 10 ** (0.4 * (25 - rng.uniform(16, 20, k // 3)))]
    zero = np.zeros(len(ra))
    return true, ReferenceStars(ra, dec, mag, zero, zero, 2020.0), dx, dy, flux, np.full(len(dx), error)


def guess_of(true, dra=40.0, ddec=-25.0, rotation=0.15):
    c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    crval = true.crval + np.array([dra / np.cos(np.radians(true.crval[1])), ddec]) / 3600
    return replace(true, crval=crval, cd=true.cd @ np.array([[c, -s], [s, c]]), pv=tpv.identity_terms())


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (40.0, -25.0, 0.15), (-70.0, 60.0, -0.35)])
def test_the_solution_lies_within_ten_milliarcseconds_of_the_truth_over_the_whole_frame(offset):
    true, stars, x, y, flux, sigma = sky_and_detections()
    solved = solve_astrometry(x, y, flux, sigma, stars, guess_of(true, *offset), SHAPE, 2020.0)
    g = np.array([v.ravel() for v in np.meshgrid(np.linspace(20, 1000, 15), np.linspace(20, 1000, 15))])
    ra, dec = tpv.pixel_to_sky(solved.wcs, *g)
    true_ra, true_dec = tpv.pixel_to_sky(true, *g)
    error = np.hypot((ra - true_ra) * np.cos(np.radians(dec)), dec - true_dec) * 3.6e6
    assert np.sqrt(np.mean(error**2)) < 20
    assert solved.matched_stars > 65 and abs(solved.scale_change) < 0.1
    assert 0.7 < solved.chi2 < 1.4


def test_a_catalog_of_another_field_is_refused():
    true, _, x, y, flux, sigma = sky_and_detections()
    _, other, *_ = sky_and_detections(seed=99)
    with pytest.raises(NoAstrometryError) as problem:
        solve_astrometry(x, y, flux, sigma, other, guess_of(true), SHAPE, 2020.0)
    assert problem.value.measurements["astrometry_significance"] < 8


@pytest.mark.parametrize("seed", range(5))
def test_a_crowded_catalog_of_another_field_is_refused_as_well(seed):
    true, _, x, y, flux, sigma = sky_and_detections(seed=seed, density=6)
    _, other, *_ = sky_and_detections(seed=seed + 50, density=6)
    with pytest.raises(NoAstrometryError):
        solve_astrometry(x, y, flux, sigma, other, guess_of(true), SHAPE, 2020.0)


def test_a_pointing_error_beyond_the_search_is_refused():
    true, stars, x, y, flux, sigma = sky_and_detections()
    with pytest.raises(NoAstrometryError):
        solve_astrometry(x, y, flux, sigma, stars, guess_of(true, 400.0, 300.0), SHAPE, 2020.0)


def test_too_few_stars_are_refused_and_thirty_are_enough():
    true, stars, x, y, flux, sigma = sky_and_detections()
    with pytest.raises(NoAstrometryError, match="at least 8"):
        solve_astrometry(x[:5], y[:5], flux[:5], sigma[:5], stars, guess_of(true), SHAPE, 2020.0)
    few = slice(0, 30)
    solved = solve_astrometry(
        x[few], y[few], flux[few], sigma[few], stars, guess_of(true), SHAPE, 2020.0, AstrometryConfig()
    )
    assert len(solved.detection) >= 25


def test_matches_are_one_to_one():
    x, y = np.array([10.0, 10.4, 50.0]), np.array([10.0, 10.0, 50.0])
    i, j = match_nearest(x, y, np.array([10.1, 80.0]), np.array([10.0, 80.0]), 2.0)
    assert i.tolist() == [0] and j.tolist() == [0]
