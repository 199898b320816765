"""Stars that show only when their neighbours are gone, and what only looks like one."""

import numpy as np
import pytest

from processing.science.peaks import find_peaks, profile_along
from processing.science.psf.blends import BlendsConfig, find_blended, lasting
from processing.science.psf.model import build_psf
from processing.science.psf.photometry import fit_sources
from processing.science.psf.wings import Wings, wing_light
from tests.processing.science.starfield import GAIN, add_star, nearest

NOISE, SHAPE = 7.0, (512, 512)
FWHM = 2.3


def noisy(image, seed=0):
    spread = np.sqrt(NOISE**2 + image / GAIN)
    return (image + np.random.default_rng(seed).normal(0, 1, image.shape) * spread).astype(np.float32)


@pytest.fixture(scope="module")
def psf():
    rng = np.random.default_rng(4)
    places = np.arange(40.0, 480.0, 36.0)
    x, y = (v.ravel() + rng.uniform(-4, 4, v.size) for v in np.meshgrid(places, places))
    flux, image = 10 ** rng.uniform(4.2, 5.0, x.size), np.zeros(SHAPE)
    for star in zip(x, y, flux, strict=True):
        add_star(image, *star)
    image = noisy(image)
    ivar = (1 / (NOISE**2 + np.maximum(image, 0) / GAIN)).astype(np.float32)
    return build_psf(image, ivar, x, y, flux)


def pairs(apart, ratio, seed=1):
    """Bright stars with a fainter companion `apart` px away: image, places and fluxes of both."""
    rng = np.random.default_rng(seed)
    places = np.arange(30.0, 490.0, 30.0)
    x, y = (v.ravel() + rng.uniform(-3, 3, v.size) for v in np.meshgrid(places, places))
    angle = rng.uniform(0, 2 * np.pi, x.size)
    mate = x + apart * np.cos(angle), y + apart * np.sin(angle)
    image, flux = np.zeros(SHAPE), 6000.0
    for a, b, c, d in zip(x, y, *mate, strict=True):
        add_star(image, a, b, flux)
        add_star(image, c, d, flux * ratio)
    return noisy(image, seed), (x, y), mate, flux


def plain():
    return np.full(SHAPE, NOISE, np.float32), np.zeros(SHAPE, bool)


def test_nine_of_ten_companions_are_found_one_width_from_a_star_three_times_as_bright(psf):
    image, (x, y), mate, flux = pairs(FWHM, 1 / 3)
    noise, bad = plain()
    fit = fit_sources(image, noise, bad, x, y, np.full(x.size, flux), psf, GAIN, errors=False)
    found = find_blended(fit, image - fit.residual, noise, bad, psf, GAIN)
    _, which = nearest(found[0], found[1], *mate, radius=1.2)
    assert len(which) > 0.9 * x.size
    start = [np.r_[a, b] for a, b in zip((x, y, np.full(x.size, flux)), found, strict=True)]
    both = fit_sources(image, noise, bad, *start, psf, GAIN)
    kept = lasting(both, image - both.residual, x.size, psf)
    # A star fitted alone leans to its companion and leaves light on both sides; the wrong one does not last.
    assert kept[: x.size].all() and 0.9 * x.size < kept[x.size :].sum() < 1.05 * x.size
    i, _ = nearest(both.x[kept], both.y[kept], *mate, radius=0.8)
    assert np.median(both.flux[kept][i]) == pytest.approx(flux / 3, rel=0.05)


def test_single_stars_and_noise_have_no_companions(psf):
    image, (x, y), _, flux = pairs(0.0, 0.0)
    noise, bad = plain()
    fit = fit_sources(image, noise, bad, x, y, np.full(x.size, flux), psf, GAIN)
    found = find_blended(fit, image - fit.residual, noise, bad, psf, GAIN)
    assert len(found[0]) <= 2
    assert lasting(fit, image - fit.residual, x.size, psf).all()


def test_the_threshold_counts_sigmas_of_a_stars_flux(psf):
    rng = np.random.default_rng(8)
    places = np.arange(16.0, 500.0, 16.0)
    x, y = (v.ravel() for v in np.meshgrid(places, places))
    # Twice the threshold everywhere: none is missed; nothing: chance allows one in a million.
    stars = np.zeros(SHAPE)
    for a, b in zip(x, y, strict=True):
        add_star(stars, a, b, 9.0 * NOISE * np.sqrt(psf.noise_area))
    noise, bad = plain()
    dark = np.zeros(SHAPE, np.float32)
    found = find_peaks(noisy(stars), dark, noise, bad, GAIN, FWHM, 4.5, 0.0)
    assert len(nearest(found[0], found[1], x, y, radius=1.0)[0]) > 0.995 * x.size
    assert np.median(found[2]) == pytest.approx(9.0 * NOISE * np.sqrt(psf.noise_area), rel=0.15)
    empty = rng.normal(0, NOISE, SHAPE).astype(np.float32)
    assert len(find_peaks(empty, dark, noise, bad, GAIN, FWHM, 4.5, 0.0)[0]) <= 2


def test_peaks_beside_bad_pixels_and_slight_ones_on_bright_light_are_not_believed(psf):
    image = np.zeros(SHAPE)
    add_star(image, 100.0, 100.0, 3000.0)
    add_star(image, 300.0, 300.0, 3000.0)
    noise, bad = plain()
    none = np.zeros(0)
    image = noisy(image)
    fit = fit_sources(image, noise, bad, none, none, none, psf, GAIN)
    config = BlendsConfig(threshold=7.0)
    assert len(find_blended(fit, np.zeros_like(image), noise, bad, psf, GAIN, config)[0]) == 2
    bad[98:100, 101] = True
    x, y, _ = find_blended(fit, np.zeros_like(image), noise, bad, psf, GAIN, config)
    assert len(x) == 1 and x[0] == pytest.approx(300, abs=0.3)
    # 3000 DN peak at some 500 DN: a tenth of 20,000 DN is more.
    bright = np.full(SHAPE, 20000.0, np.float32)
    assert len(find_blended(fit, bright, noise, bad, psf, GAIN, BlendsConfig(profile_error=0.0))[0]) == 0


def test_pieces_of_a_galaxy_do_not_last_where_stars_are_rare(psf):
    rng = np.random.default_rng(2)
    places = np.arange(40.0, 480.0, 60.0)
    x, y = (v.ravel() + rng.uniform(-3, 3, v.size) for v in np.meshgrid(places, places))
    image = np.zeros(SHAPE)
    for a, b in zip(x, y, strict=True):
        add_star(image, a, b, 20000.0, widen=2.5, half=25)
    image, (noise, bad) = noisy(image), plain()
    fit = fit_sources(image, noise, bad, x, y, np.full(x.size, 1e4), psf, GAIN, errors=False)
    found = find_blended(fit, image - fit.residual, noise, bad, psf, GAIN)
    assert len(found[0]) > x.size
    start = [np.r_[a, b] for a, b in zip((fit.x, fit.y, fit.flux), found, strict=True)]
    pieces = fit_sources(image, noise, bad, *start, psf, GAIN)
    kept = lasting(pieces, image - pieces.residual, x.size, psf)
    assert kept[: x.size].mean() > 0.9
    assert kept[x.size :].mean() < 0.5


def test_bright_stars_shine_beyond_their_table_as_far_as_it_counts():
    profile = np.where(np.arange(121) > 9, 3e-2 * np.maximum(np.arange(121.0), 1) ** -3, 0.0)
    wings = Wings(1.02, 0.001, 3.0, 50, profile)
    light = wing_light(SHAPE, np.array([200.0, 400.0]), np.array([200.0, 400.0]), np.array([1e6, 1e3]), wings, 0.5)
    assert light[200, 220] == pytest.approx(1e6 * profile[20], rel=0.01)
    assert light[200, 205] == 0 and light[200, 200 + 60] == 0
    assert not light[350:450, 350:450].any()


def test_the_profile_along_an_axis_sums_to_one_and_is_symmetric():
    kernel = profile_along(FWHM)
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(kernel, kernel[::-1])


def test_a_warm_start_ends_where_a_cold_one_ends(psf):
    image, (x, y), mate, flux = pairs(3.0, 0.5)
    noise, bad = plain()
    start = np.r_[x, mate[0]], np.r_[y, mate[1]], np.full(2 * x.size, 0.7 * flux)
    cold = fit_sources(image, noise, bad, *start, psf, GAIN)
    warm = fit_sources(image, noise, bad, cold.x, cold.y, cold.flux, psf, GAIN)
    assert np.median(np.abs(warm.flux - cold.flux) / cold.sigma) < 0.02
    assert np.isnan(fit_sources(image, noise, bad, *start, psf, GAIN, errors=False).sigma).all()
