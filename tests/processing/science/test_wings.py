"""The light beyond the PSF's tables: a star's flux is all of its light, whatever the seeing."""

import numpy as np
import pytest

from processing.science.detection import detect
from processing.science.photometry.apertures import aperture_fluxes
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import build_psf, select_psf_stars
from processing.science.psf.photometry import fit_sources
from processing.science.psf.wings import measure_wings, with_total

GAIN, NOISE, SIDE = 6.0, 6.0, 640
HALO = 0.12


def wide_star(x, y, fwhm, shape):
    """A Gaussian core and a halo of beta 2, twice as wide, over the whole frame; flux 1."""
    distance2 = (np.arange(shape[1]) - x) ** 2 + ((np.arange(shape[0]) - y) ** 2)[:, None]
    sigma2, alpha2 = (fwhm / 2.3548) ** 2, fwhm**2 / (np.sqrt(2) - 1)
    core = np.exp(-0.5 * distance2 / sigma2) / (2 * np.pi * sigma2)
    return (1 - HALO) * core + HALO / (np.pi * alpha2) * (1 + distance2 / alpha2) ** -2


def fitted_field(fwhm, seed=0):
    rng = np.random.default_rng(seed)
    grid = np.arange(40, SIDE - 39, 80.0)
    x, y = (v.ravel() + rng.uniform(-8, 8, v.size) for v in np.meshgrid(grid, grid))
    flux = 10 ** rng.uniform(4.4, 5.3, x.size)
    image = sum(f * wide_star(a, b, fwhm, (SIDE, SIDE)) for a, b, f in zip(x, y, flux, strict=True))
    image = image + rng.normal(0, 1, image.shape) * np.sqrt(NOISE**2 + image / GAIN)
    # The sky is measured in the frame: the wings of all stars are part of it.
    image = (image - np.median(image)).astype(np.float32)
    noise, bad = np.full(image.shape, NOISE, np.float32), np.zeros(image.shape, bool)
    sources = detect(image, noise, bad)
    small, sigma = (v[:, 0] for v in aperture_fluxes(image, noise, bad, sources["x"], sources["y"], GAIN, (6.0,)))
    stars = select_psf_stars(sources, small, small / sigma, bad, 1e9)
    ivar = (1 / (NOISE**2 + np.maximum(image, 0) / GAIN)).astype(np.float32)
    psf = build_psf(image, ivar, sources["x"][stars], sources["y"][stars], small[stars])
    return flux, psf, fit_sources(image, noise, bad, x, y, 0.9 * flux, psf, GAIN), bad


@pytest.mark.parametrize("fwhm", [1.8, 3.4])
def test_a_star_has_all_its_light_in_good_and_in_poor_seeing_to_four_millimagnitudes(fwhm):
    flux, psf, fit, bad = fitted_field(fwhm)
    found = measure_wings(fit, psf, NOISE, bad, np.arange(len(flux)))
    before, after = (-2.5 * np.log10(np.median(f * fit.flux / flux)) for f in (1.0, found.total))
    assert before > 0.005
    assert abs(after) < 0.004
    assert found.error < 0.002 and found.stars > 40
    whole = with_total(psf, found)
    assert psf_stamp(whole, 320.0, 320.0).sum() == pytest.approx(1 / found.total, abs=0.003)


def test_few_stars_say_nothing_about_wings():
    flux, psf, fit, bad = fitted_field(2.0)
    assert measure_wings(fit, psf, NOISE, bad, np.arange(5)) is None
