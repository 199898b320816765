"""Forced photometry on pixels: fluxes and errors against truth, and what stands where nothing can be measured."""

from dataclasses import replace

import numpy as np
import pytest

from archive.survey.bits import BAD_PIXEL_MASK
from processing.science.forced import photometry
from processing.science.forced.photometry import Section, Stars, bounds, measure, stars_within
from processing.science.forced.psf import LocalPsf
from processing.science.forced.systematics import mean_and_excess
from tests.processing.forced import epochs
from tests.processing.science.starfield import GAIN, ZERO_POINT, psf_profile

NOBODY = Stars(*(np.zeros(0) for _ in range(6)))
CENTRAL = psf_profile(np.arange(25), np.arange(25), 12, 12)


@pytest.fixture(scope="module")
def section():
    """The new star on the science image."""
    files = epochs.made().science
    part = bounds(*epochs.NEW, epochs.SHAPE, 400)
    bad = (files["mskimg.fits"].data[part] & BAD_PIXEL_MASK) != 0
    x, y = epochs.NEW[0] - part[1].start, epochs.NEW[1] - part[0].start
    stars = stars_within(files["psfcat.fits"].data, part)
    return Section(files["sciimg.fits"].data[part], bad, x, y, stars, GAIN, 5e4)


def noise(flux: float, places: int, seed: int = 0):
    """Sky with a star at each of many places, and the places."""
    rng, side = np.random.default_rng(seed), 40
    image = np.full((side * places, 90), 250.0)
    at = [(44.5 + rng.uniform(-0.5, 0.5), side * k + 19.5 + rng.uniform(-0.5, 0.5)) for k in range(places)]
    for x, y in at:
        rows = slice(round(y) - 12, round(y) + 13)
        image[rows, 32:58] += flux * psf_profile(np.arange(32, 58), np.arange(rows.start, rows.stop), x, y)
    noisy = rng.poisson(image * GAIN) / GAIN + rng.normal(0, 1.5, image.shape)
    return noisy.astype(np.float32), at


def of(image, x, y, **more):
    rows = bounds(x, y, image.shape, 70)[0]
    part = image[rows]
    return Section(part, np.zeros(part.shape, bool), x, y - rows.start, NOBODY, GAIN, 5e4, CENTRAL, **more)


# A stamp moved by splines loses half a per cent of its peak, a quarter of sigma at S/N 40.
@pytest.mark.parametrize(("flux", "bias"), [(0.0, 0.2), (1000.0, 0.4)])
def test_residuals_over_errors_have_unit_width_and_no_bias(flux, bias):
    image, at = noise(flux, 120)
    config = photometry.ForcedConfig(unknown_error=0.0, star_radius=8)
    found = [measure(of(image, x, y), config=config) for x, y in at]
    pull = np.array([(one.flux - flux) / one.sigma for one in found])
    assert pull.std() == pytest.approx(1, abs=0.15)
    assert abs(pull.mean()) < bias
    assert np.median([one.chi2 for one in found]) == pytest.approx(1, abs=0.08)


SKY_VARIANCE = 250.0 / GAIN + 1.5**2  # of a pixel of `flat_sky`, DN^2
FLUX_RADIUS = 4.25  # px, two FWHM of CENTRAL: pixels that the fit uses
WITHIN = np.hypot(*np.mgrid[-12:13, -12:13]) <= FLUX_RADIUS


def flat_sky(seed: int = 0, side: int = 141) -> np.ndarray:
    """Sky of a known noise and nothing else."""
    rng = np.random.default_rng(seed)
    return (250.0 + rng.normal(0, np.sqrt(SKY_VARIANCE), (side, side))).astype(np.float32)


def with_star(image: np.ndarray, flux: float, x: int = 70, y: int = 70) -> np.ndarray:
    made = image.copy()
    made[y - 12 : y + 13, x - 12 : x + 13] += np.float32(flux) * CENTRAL.astype(np.float32)
    return made


def expected_sigma(photons: float, sky_pixels: float) -> float:
    """Error of the best linear estimate of a PSF's amplitude, and of the median that is its sky.

    photons : light (e-) of everything that has the target's place, over the square of its gain
    """
    profile = CENTRAL[WITHIN] / CENTRAL.sum()
    weight = profile / (SKY_VARIANCE + photons * profile)
    norm = (weight * profile).sum()
    level = np.sqrt(np.pi / 2 * SKY_VARIANCE / sky_pixels) * weight.sum() / norm
    return float(np.hypot(norm**-0.5, level))


RING = np.hypot(*np.mgrid[-70:71, -70:71])
FEW = photometry.ForcedConfig(
    unknown_error=0.0, sky_outer=14.0, min_sky=60, places=20
)  # so that the sky's error counts
MANY = photometry.ForcedConfig(unknown_error=0.0, places=20)  # 41 x 41 px: too few to tell a correlation


@pytest.mark.parametrize("config", [FEW, MANY], ids=["few pixels of sky", "many pixels of sky"])
@pytest.mark.parametrize("flux", [0.0, 4000.0])
def test_the_error_is_that_of_photons_and_of_the_sky_s_level(config, flux):
    image = flat_sky()
    count = ((RING > 13) & (config.sky_outer > RING)).sum()
    found = measure(Section(with_star(image, flux), RING < 0, 70.0, 70.0, NOBODY, GAIN, 5e4, CENTRAL), config=config)
    assert found.sigma == pytest.approx(expected_sigma(flux / GAIN, count), rel=0.03)
    assert abs(found.flux - flux) < 4 * found.sigma
    # Without a star: the limit is five times the error of an empty place whose sky is known.
    assert found.limit == pytest.approx(5 * expected_sigma(0.0, np.inf), rel=0.03)
    part = (CENTRAL * (np.hypot(*np.mgrid[-12:13, -12:13]) <= 4.5)).sum() / CENTRAL.sum()
    aperture = np.sqrt(np.pi * 4.5**2 * SKY_VARIANCE + part * flux / GAIN) / part
    assert found.ap_sigma == pytest.approx(aperture, rel=0.03)


def on_difference(image: np.ndarray, stars: Stars = NOBODY, **more) -> Section:
    return Section(flat_sky(1), RING < 0, 70.0, 70.0, stars, GAIN, 5e4, CENTRAL, image, CENTRAL, **more)


def test_photons_of_the_reference_and_of_the_science_image_s_star_widen_the_error_on_a_difference():
    bright = {"reference_flux": 30_000.0, "reference_gain": 60.0}
    count = ((RING > 13) & (RING < 30)).sum()
    found = measure(on_difference(flat_sky() - 250, **bright), config=MANY)
    assert found.sigma == pytest.approx(expected_sigma(30_000.0 / 60, count), rel=0.03)
    target = Stars(*(np.array([value]) for value in (70.0, 70.0, 30_000.0, 100.0, 0.0, 0.0)))
    found = measure(on_difference(flat_sky() - 250, target, **bright), config=MANY)
    assert found.sigma == pytest.approx(expected_sigma(30_000.0 / 60 + 30_000.0 / GAIN, count), rel=0.03)


def test_what_subtraction_leaves_of_constant_stars_is_taken_off_and_its_scatter_is_in_the_error():
    """Of each star the difference holds 2 % of its light, give or take 1 %: so of the target, had it not changed."""
    rng = np.random.default_rng(4)
    at = [(x, y) for x in range(30, 380, 30) for y in range(30, 380, 30) if (x, y) != (210, 210)]
    stars = Stars(*(np.full(len(at), value) for value in (0.0, 0.0, 20_000.0, 100.0, 0.0, 0.0)))
    stars = replace(stars, x=np.array([x for x, _ in at], float), y=np.array([y for _, y in at], float))
    image = rng.normal(0, np.sqrt(SKY_VARIANCE), (420, 420)).astype(np.float32)
    for x, y in at:
        image = with_star(image, 20_000 * rng.normal(0.02, 0.01), x, y)
    image = with_star(image, 500.0 + 0.02 * 40_000, 210, 210)
    psf = LocalPsf(None, CENTRAL / CENTRAL.sum(), 1.0, 0.0, len(at), tuple(range(len(at))))
    light = {"reference_flux": 40_000.0, "reference_gain": 1e9}
    section = Section(
        image + 250, np.zeros(image.shape, bool), 210.0, 210.0, stars, GAIN, 5e4, CENTRAL, image, CENTRAL, **light
    )
    found = measure(section, psf, MANY)
    assert found.flux == pytest.approx(500, abs=200)
    assert found.sigma == pytest.approx(0.01 * 40_000, rel=0.2)
    alone = measure(replace(section, stars=NOBODY), replace(psf, rows=()), MANY)
    assert alone.flux == pytest.approx(1300, abs=200) and alone.sigma < 100


def test_a_star_among_others_has_its_flux_and_its_neighbours_do_not_count(section):
    found, truth = measure(section), 10 ** (-0.4 * (epochs.NEW_MAG - ZERO_POINT))
    assert found.stars >= 8 and found.status == ()
    assert found.flux == pytest.approx(truth, rel=0.03)
    assert found.ap == pytest.approx(found.flux, rel=0.04)
    assert 2.0 < found.fwhm < 2.5


def test_bad_pixels_are_left_out_and_said(section):
    bad = section.bad.copy()
    row, column = round(section.y), round(section.x)
    bad[row + 1, column + 1] = True
    some, spoiled = replace(section, bad=bad), section.science.copy()
    spoiled[row + 1, column + 1] = 1e6
    found = measure(replace(some, science=spoiled))
    assert found.status == (photometry.SOME_BAD,)
    assert found.flux == pytest.approx(measure(section).flux, rel=0.03)
    bad[row - 5 : row + 1, column - 6 : column + 7] = True
    found = measure(replace(some, bad=bad))
    assert found.status == (photometry.MOSTLY_BAD,) and np.isnan(found.flux)


def test_a_stamp_beyond_the_edge_is_measured_and_said():
    image, _ = noise(0.0, 4)
    assert measure(of(image, 44.0, 3.0)).status == (photometry.OFF_EDGE,)


def test_without_sky_or_psf_there_is_no_flux():
    image, _ = noise(0.0, 4)
    one = of(image, 44.0, 60.0)
    few = measure(replace(one, bad=np.ones_like(one.bad)))
    assert few.status == (photometry.FEW_SKY,) and np.isnan(few.flux)
    assert measure(replace(one, central_psf=None)).status == (photometry.FAILED,)


def test_noise_that_is_correlated_widens_the_error():
    image, _ = noise(0.0, 8)
    smooth = (image + np.roll(image, 1, 1)) / 2
    factor = photometry.correlation(smooth, np.zeros(smooth.shape, bool), CENTRAL, photometry.ForcedConfig())
    white = photometry.correlation(image, np.zeros(image.shape, bool), CENTRAL, photometry.ForcedConfig())
    assert white == pytest.approx(1, abs=0.06) and 1.2 < factor < 1.42


def test_light_of_the_reference_is_that_of_the_nearest_source():
    catalog = {"ra": np.array([10.0, 10.0]), "dec": np.array([0.0, 1 / 3600]), "flux": np.array([500.0, 80.0])}
    light = photometry.reference_light(catalog, 10.0, 0.9 / 3600, 2.0, 60.0)
    assert light == {"reference_flux": 160.0, "reference_gain": 30.0}
    assert photometry.reference_light(catalog, 11.0, 0.0, 2.0, 60.0)["reference_flux"] == 0.0


@pytest.mark.parametrize("excess", [0.0, 0.004])
def test_the_mean_of_constant_stars_and_their_scatter_beyond_the_noise_are_found(excess):
    rng, pulls, found = np.random.default_rng(3), [], []
    for _ in range(200):
        noises = rng.uniform(0.002, 0.02, 80)
        values = 0.003 + rng.normal(0, np.hypot(noises, excess))
        values[:4] = rng.uniform(0.1, 0.3, 4)  # stars that vary
        mean, error, scatter = mean_and_excess(values, noises, 0.0005)
        pulls.append((mean - 0.003) / error)
        found.append(scatter)
    assert np.std(pulls) == pytest.approx(1, abs=0.2) and abs(np.mean(pulls)) < 0.25
    assert np.median(found) == pytest.approx(max(excess, 0.0005), rel=0.15, abs=0.0006)
