"""Cosmic rays, tracks, masks, detection, PSF, photometry, zero point, quality."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.survey.bits import InfoBit
from processing.science.detection import detect, matched_filter, measure_seeing
from processing.science.detector.cosmics import find_cosmic_rays
from processing.science.detector.tracks import find_tracks
from processing.science.errors import NoPhotometricCalibrationError, NoPsfModelError
from processing.science.photometry import quality
from processing.science.photometry.apertures import aperture_corrections, aperture_fluxes
from processing.science.photometry.zeropoint import Calibrators, ZeroPointConfig, band_and_colour, fit_zero_point
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import build_psf, select_psf_stars
from processing.science.psf.photometry import PsfFitConfig, fit_sources
from tests.processing.science.starfield import GAIN, READ_NOISE, SKY, add_star, nearest, psf_profile, star_field

NOISE = float(np.sqrt(SKY / GAIN + (READ_NOISE / GAIN) ** 2))


@pytest.fixture(scope="module")
def field():
    return star_field((512, 512), 350, seed=3)


@pytest.fixture(scope="module")
def measured(field):
    """Sky-subtracted image, noise, sources, fluxes, PSF of the field."""
    image = field.image - np.float32(SKY)
    noise, bad = np.full(image.shape, NOISE, np.float32), np.zeros(image.shape, bool)
    sources = detect(image, noise, bad)
    flux, sigma = (v[:, 0] for v in aperture_fluxes(image, noise, bad, sources["x"], sources["y"], GAIN, (6.0,)))
    stars = select_psf_stars(sources, flux, flux / sigma, bad, 50000.0)
    ivar = (1 / (NOISE**2 + np.maximum(image, 0) / GAIN)).astype(np.float32)
    psf = build_psf(image, ivar, sources["x"][stars], sources["y"][stars], flux[stars])
    return image, noise, bad, sources, flux, psf


def test_all_cosmic_ray_tracks_are_found_and_no_star_is_taken_for_one(field):
    rng = np.random.default_rng(0)
    image, tracks = field.image.copy(), []
    for _ in range(60):
        n, angle = rng.integers(1, 10), rng.uniform(0, np.pi)
        cx, cy = rng.uniform(20, 490, 2)
        x = np.rint(cx + np.arange(n) * np.cos(angle)).astype(int)
        y = np.rint(cy + np.arange(n) * np.sin(angle)).astype(int)
        image[y, x] += rng.uniform(80, 900)
        tracks.append((y, x))
    sky, noise = np.full(image.shape, SKY, np.float32), np.full(image.shape, NOISE, np.float32)
    hits, cleaned = find_cosmic_rays(image, np.zeros(image.shape, bool), sky, noise, GAIN)
    assert np.mean([hits[t].any() for t in tracks]) > 0.97
    truth = np.zeros(image.shape, bool)
    for t in tracks:
        truth[t] = True
    assert np.count_nonzero(hits & ~truth) < 0.2 * truth.sum()
    assert np.abs(cleaned - field.image)[truth].mean() < 5 * NOISE
    untouched, _ = find_cosmic_rays(field.image, np.zeros(image.shape, bool), sky, noise, GAIN)
    assert np.count_nonzero(untouched) <= 2


@pytest.mark.parametrize("signal", [1.0, 2.0, 6.0])
def test_a_satellite_trail_of_one_sigma_a_pixel_is_found_over_its_whole_length(signal):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:512, :512].astype(float)
    distance = ((x - 60) - 0.6 * y) / np.hypot(1, 0.6)
    residual = (rng.normal(0, 1, x.shape) + signal * np.exp(-0.5 * (distance / 1.2) ** 2)).astype(np.float32)
    mask, tracks = find_tracks(residual, np.ones_like(residual), np.zeros(x.shape, bool))
    assert len(tracks) == 1
    assert mask[np.abs(distance) < 1].mean() > 0.97
    assert not mask[np.abs(distance) > 14].any()


def test_noise_and_residuals_of_bright_stars_are_no_trails():
    rng = np.random.default_rng(5)
    for seed in range(3):
        residual = np.random.default_rng(seed).normal(0, 1, (512, 512)).astype(np.float32)
        for cx, cy in rng.uniform(20, 490, (12, 2)).astype(int):
            residual[cy - 4 : cy + 5, cx - 4 : cx + 5] += 6
        mask, tracks = find_tracks(residual, np.ones_like(residual), np.zeros(residual.shape, bool))
        assert tracks == [] and not mask.any()


def test_a_bright_spot_in_a_corner_is_no_trail():
    residual = np.random.default_rng(0).normal(0, 1, (512, 512)).astype(np.float32)
    residual[:40, :40] += 5
    assert find_tracks(residual, np.ones_like(residual), np.zeros(residual.shape, bool))[1] == []


def test_a_bright_last_row_of_the_detector_is_no_trail():
    residual = np.random.default_rng(0).normal(0, 1, (512, 512)).astype(np.float32)
    residual[-3:, 100:] += 4
    assert find_tracks(residual, np.ones_like(residual), np.zeros(residual.shape, bool))[1] == []


def test_the_psf_model_agrees_with_the_true_profile_to_half_a_percent_of_its_peak(field, measured):
    psf = measured[-1]
    assert psf.stars > 20
    for x, y in ((100.3, 100.7), (256.0, 256.0), (400.8, 300.1)):
        widen = 1 + 0.04 * (x / 512 - 0.5)
        half = 6
        ix, iy = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        truth = psf_profile(np.arange(ix - half, ix + half + 1), np.arange(iy - half, iy + half + 1), x, y, widen)
        assert np.abs(psf_stamp(psf, x, y, half) - truth).max() < 0.02 * truth.max()
    assert abs(psf_stamp(psf, 256.0, 256.0).sum() - 1) < 0.01


def test_too_few_stars_make_no_psf(field):
    image = field.image
    with pytest.raises(NoPsfModelError, match="at least 8"):
        build_psf(image, np.ones_like(image), np.zeros(3), np.zeros(3), np.ones(3))


def test_bright_stars_are_measured_to_a_percent_and_errors_are_honest(field, measured):
    image, noise, bad, sources, flux, psf = measured
    fit = fit_sources(image, noise, bad, sources["x"], sources["y"], flux, psf, GAIN)
    i, j = nearest(fit.x, fit.y, field.x, field.y, 0.7)
    dm = -2.5 * np.log10(fit.flux[i] / field.flux[j])
    bright = field.mag[j] < 17.0
    assert 1.4826 * np.median(np.abs(dm[bright] - np.median(dm[bright]))) < 0.012
    assert abs(np.median(dm[bright])) < 0.015
    middle = (field.mag[j] > 17) & (field.mag[j] < 19.5)
    pull = (fit.flux[i] - field.flux[j])[middle] / fit.sigma[i][middle]
    assert 0.75 < 1.4826 * np.median(np.abs(pull - np.median(pull))) < 1.35
    assert np.median(np.hypot(fit.x[i] - field.x[j], fit.y[i] - field.y[j])[bright]) < 0.02
    assert 0.8 < np.median(fit.chi[i][middle]) < 1.2
    assert abs(np.median(fit.sharp[i][middle])) < 0.1


def test_model_and_residual_together_are_the_image(measured):
    image, noise, bad, sources, flux, psf = measured
    fit = fit_sources(image, noise, bad, sources["x"], sources["y"], flux, psf, GAIN)
    np.testing.assert_allclose(fit.model + fit.residual, image, atol=0.02)


def test_two_stars_two_pixels_apart_are_separated_and_their_errors_grow(measured):
    psf = measured[-1]
    rng = np.random.default_rng(0)
    shape = psf.shape
    noise, bad = np.full(shape, NOISE, np.float32), np.zeros(shape, bool)
    x0, y0 = (v.ravel() for v in np.meshgrid(np.arange(40, 480, 40.0), np.arange(40, 480, 40.0)))
    x0, y0 = x0 + rng.uniform(-0.5, 0.5, x0.size), y0 + rng.uniform(-0.5, 0.5, x0.size)
    image = np.zeros(shape)
    for cx, cy in zip(x0, y0, strict=True):
        for dx in (0.0, 2.0):
            add_star(image, cx + dx, cy, 3000.0, 1 + 0.04 * (cx / 512 - 0.5))
    image = (image + rng.normal(0, 1, shape) * np.sqrt(NOISE**2 + image / GAIN)).astype(np.float32)
    config = PsfFitConfig(passes=12)
    fit = fit_sources(
        image, noise, bad, np.r_[x0, x0 + 2], np.r_[y0, y0], np.full(2 * x0.size, 2500.0), psf, GAIN, config
    )
    scatter = 1.4826 * np.median(np.abs(fit.flux - np.median(fit.flux)))
    assert abs(np.median(fit.flux) / 3000 - 1) < 0.02
    assert 0.75 < np.median(fit.sigma) / scatter < 1.4


@pytest.mark.parametrize("sigma", [0.6, 1.5])
def test_a_filter_of_the_stars_width_finds_half_as_many_again_in_poor_seeing_and_hardly_more_noise(sigma):
    rng, shape = np.random.default_rng(2), (512, 512)
    places = np.arange(20.0, 500.0, 16.0)
    x, y = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.meshgrid(places, places))
    # The noise of a matched sum is that of 4 pi sigma^2 pixels: S/N 6 for each star were it a Gaussian.
    flux, image = np.full(x.size, 6 * 2 * np.sqrt(np.pi) * np.hypot(sigma, 0.29)), rng.normal(0, 1, shape)
    flux[:30] *= 60
    for cx, cy, f in zip(x, y, flux, strict=True):
        add_star(image, cx, cy, f, widen=sigma / 0.85)
    image, noise, bad = image.astype(np.float32), np.ones(shape, np.float32), np.zeros(shape, bool)
    fwhm = measure_seeing(image, noise, bad)
    assert fwhm == pytest.approx(2.3548 * sigma, rel=0.2)
    found = []
    for width in (None, fwhm):
        sources = detect(image, noise, bad, fwhm=width)
        right, _ = nearest(sources["x"], sources["y"], x[30:], y[30:], 1.5)
        found.append(len(right))
        assert len(sources) - 30 - len(right) < 0.05 * len(sources)
    assert found[1] > (1.5 if sigma > 1 else 0.95) * found[0]
    assert measure_seeing(rng.normal(0, 1, shape).astype(np.float32), noise, bad) is None


def test_the_filter_has_the_stars_width_and_unit_sum():
    kernel = matched_filter(3.0)
    offset = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1, abs=1e-6) and len(kernel) % 2 == 1
    assert np.sqrt(kernel.sum(0) @ offset**2) * 2.3548 == pytest.approx(3.0, rel=0.05)


def test_the_fit_comes_to_rest_even_for_blends_edges_and_stars_detected_off_their_place(measured):
    psf = measured[-1]
    rng, shape = np.random.default_rng(3), psf.shape
    noise, bad = np.full(shape, NOISE, np.float32), np.zeros(shape, bool)
    x, y = rng.uniform(-1, 512, (2, 300))
    # Pairs 1.8 px apart, stars whose centres lie just outside the frame, and light that is no star's.
    x, y = np.r_[x, x[:40] + 1.8, rng.uniform(20, 490, 20)], np.r_[y, y[:40], np.full(20, 511.9)]
    flux = 10 ** rng.uniform(2.5, 5, x.size)
    image = np.zeros(shape)
    for cx, cy, f in zip(x, y, flux, strict=True):
        add_star(image, cx, cy, f)
    add_star(image, 256.0, 256.0, 3e5, widen=3.0, half=30)
    image = (image + rng.normal(0, 1, shape) * np.sqrt(NOISE**2 + image / GAIN)).astype(np.float32)
    off = rng.uniform(-0.9, 0.9, (2, x.size))
    start = (np.append(x + off[0], 258.0), np.append(y + off[1], 255.0), np.append(0.7 * flux, 1e5))
    short = fit_sources(image, noise, bad, *start, psf, GAIN, PsfFitConfig(max_passes=4))
    fit = fit_sources(image, noise, bad, *start, psf, GAIN)
    assert short.change > 2.0 and fit.change < 1.0
    assert 4 < fit.passes <= PsfFitConfig().max_passes
    assert np.abs(fit.x - start[0]).max() <= 1.5 and np.abs(fit.y - start[1]).max() <= 1.5
    lone = np.arange(40, 300)
    error = -2.5 * np.log10(fit.flux[lone] / flux[lone])
    bright = (flux[lone] > 1e4) & (x[lone] > 3) & (x[lone] < 508) & (y[lone] > 3) & (y[lone] < 508)
    assert 1.4826 * np.median(np.abs(error[bright] - np.median(error[bright]))) < 0.012


def test_aperture_corrections_are_the_magnitudes_that_the_aperture_misses():
    rng = np.random.default_rng(0)
    flux = rng.uniform(1e4, 1e5, 50)
    corrections = aperture_corrections(flux, np.column_stack([0.5 * flux, flux]))
    assert abs(corrections.correction[0] + 2.5 * np.log10(2)) < 1e-6
    assert abs(corrections.correction[1]) < 1e-9 and corrections.stars == 50
    assert np.isnan(aperture_corrections(flux[:2], flux[:2, None]).correction[0])


@given(st.floats(24, 28), st.floats(-0.2, 0.2), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_the_zero_point_is_recovered_within_its_own_error_despite_a_tenth_of_wild_stars(zp, slope, seed):
    rng = np.random.default_rng(seed)
    magnitude, colour = rng.uniform(14, 19, 300), rng.normal(0.6, 0.2, 300)
    instrumental = magnitude - zp - slope * colour + rng.normal(0, 0.015, 300)
    instrumental[:30] += rng.normal(0, 1.0, 30)
    fit = fit_zero_point(instrumental, np.full(300, 0.01), magnitude, colour)
    assert abs(fit.zp - zp) < 5 * fit.zp_unc < 0.05
    assert abs(fit.colour - slope) < 5 * fit.colour_unc
    assert fit.covariance < 0 and 0.012 < fit.rms < 0.018


def test_each_calibrator_counts_as_its_error_says():
    """Against numpy's own weighted fits: one constant without a spread of colours, a line with one."""
    rng, config = np.random.default_rng(7), ZeroPointConfig(clip=20.0)
    sigma = np.where(np.arange(200) < 50, 0.005, 0.05)
    magnitude, colour, weight = rng.uniform(14, 19, 200), rng.normal(0.6, 0.3, 200), 1 / np.hypot(sigma, config.floor)
    difference = 26.3 + 0.08 * colour + rng.normal(0, 1 / weight)
    line = fit_zero_point(magnitude - difference, sigma, magnitude, colour, config=config)
    slope, constant = np.polyfit(colour, difference, 1, w=weight)
    assert (line.zp, line.colour) == pytest.approx((constant, slope), abs=1e-4)
    same = fit_zero_point(magnitude - difference, sigma, magnitude, np.full(200, 0.6), config=config)
    assert same.zp == pytest.approx(np.average(difference, weights=weight**2), abs=1e-4)
    assert abs(same.zp - difference.mean()) > 1e-3  # so that the two means can be told apart


def test_a_zero_point_from_four_stars_or_from_chaos_is_refused():
    rng = np.random.default_rng(0)
    ones = np.ones(4)
    with pytest.raises(NoPhotometricCalibrationError, match="at least 5"):
        fit_zero_point(-10 * ones, 0.01 * ones, 16 * ones, 0.5 * ones)
    magnitude = rng.uniform(14, 19, 200)
    with pytest.raises(NoPhotometricCalibrationError, match="scatter"):
        fit_zero_point(rng.uniform(-16, -6, 200), np.full(200, 0.01), magnitude, rng.uniform(0, 1, 200))


def test_the_colour_of_each_filter_is_that_of_the_survey():
    one = np.ones(1)
    stars = Calibrators(one, one, 17 * one, 16.5 * one, 16.3 * one)
    assert [band_and_colour(stars, code)[1][0].round(3) for code in ("zg", "zr", "zi")] == [0.5, 0.5, 0.2]
    with pytest.raises(ValueError, match="zg, zr or zi"):
        band_and_colour(stars, "zu")


def test_the_depth_is_where_a_source_has_five_sigma():
    sigma = np.full(100, 20.0)
    depth = quality.limiting_magnitude(26.0, np.linspace(70, 200, 100), sigma)
    assert abs(depth - (26 - 2.5 * np.log10(100))) < 1e-6
    assert np.isnan(quality.limiting_magnitude(26.0, np.full(3, 100.0), np.full(3, 20.0)))


def test_what_was_impossible_sets_its_bit_and_status_zero():
    bits = quality.assess({"background": 100, "noise": 5, "saturated_percent": 0, "sex_sources": 3})
    assert bits & InfoBit.NO_PSF and bits & InfoBit.NO_ASTROMETRY and bits & InfoBit.NO_PHOTCAL
    assert bits & InfoBit.FEW_SEX_SOURCES and not bits & InfoBit.BACKGROUND_HIGH
    assert quality.status(bits) == 0 and quality.status(InfoBit.BACKGROUND_HIGH) == 1
