"""The prior of a quadrant's projection, from frames that were solved."""

from dataclasses import replace

import numpy as np
import pytest

from archive.survey.camera import Camera, nominal_wcs
from processing.science import tpv
from processing.science.astrometry.distortion import distortion_prior
from processing.science.astrometry.solve import ReferenceStars, solve_astrometry
from processing.science.errors import UnusableFrameError

CAMERA = Camera()
SHAPE = (CAMERA.ny, CAMERA.nx)
RNG = np.random.default_rng(7)
DISTORTION = RNG.normal(0, 1, (2, tpv.N_TERMS)) * np.where(np.arange(tpv.N_TERMS) > 3, 3e-4, 0)


def frame(ra: float, dec: float, rng) -> tuple[tpv.Tpv, tpv.Tpv]:
    """Nominal and true projection: the quadrant lies 30 arcsec off, turned by 0.05 deg, 0.2 % larger; pointing errs by
    5 arcsec, and the distortion by a hundredth of itself."""
    nominal = tpv.from_header(nominal_wcs(CAMERA, 8, 2, ra, dec))
    shift = np.array([30.0, -20.0]) / 3600 + rng.normal(0, 5 / 3600, 2)
    angle = np.radians(0.05 + rng.normal(0, 0.003))
    turn = 1.002 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    pv = tpv.identity_terms() + DISTORTION * rng.normal(1, 0.01)
    crval = np.array(tpv.deproject(*shift, nominal.crval), float)
    return nominal, replace(nominal, crval=crval, cd=turn @ nominal.cd, pv=pv)


@pytest.mark.parametrize("dec", [-30.0, 20.0, 88.0])
def test_a_prior_foretells_where_another_frames_pixels_lie_to_its_pointing_error(dec):
    rng = np.random.default_rng(3)
    frames = [frame(rng.uniform(0, 360), dec, rng) for _ in range(12)]
    prior = distortion_prior(*zip(*frames, strict=True), SHAPE)
    assert prior.scatter < 0.05
    nominal, true = frame(359.99, dec, rng)
    x, y = np.array([0.0, 3071.0, 1500.0, 0.0]), np.array([0.0, 3079.0, 100.0, 3079.0])
    guessed = tpv.sky_to_pixel(prior.applied(nominal), *tpv.pixel_to_sky(true, x, y))
    assert np.hypot(guessed[0] - x, guessed[1] - y).max() < 25
    plain = tpv.sky_to_pixel(nominal, *tpv.pixel_to_sky(true, x, y))
    assert np.hypot(plain[0] - x, plain[1] - y).min() > 25


def test_fourteen_stars_keep_a_distortion_that_they_cannot_measure():
    rng = np.random.default_rng(5)
    frames = [frame(150.0, 20.0, rng) for _ in range(12)]
    prior = distortion_prior(*zip(*frames, strict=True), SHAPE)
    nominal, true = frame(150.0, 20.0, rng)
    x, y = rng.uniform(50, 3000, 14), rng.uniform(50, 3000, 14)
    stars = ReferenceStars(*tpv.pixel_to_sky(true, x, y), np.linspace(14, 18, 14), np.zeros(14), np.zeros(14))
    grid = (v.ravel() for v in np.meshgrid(np.linspace(50, 3000, 9), np.linspace(50, 3000, 9)))
    gx, gy = grid
    errors = {}
    for name, guess in (("nominal", nominal), ("prior", prior.applied(nominal))):
        flux, sigma = 10 ** (-0.4 * stars.mag), np.full(14, 0.02)
        found = solve_astrometry(x, y, flux, sigma, stars, guess, SHAPE, 2016.0)
        ra, dec = tpv.pixel_to_sky(found.wcs, gx, gy)
        true_ra, true_dec = tpv.pixel_to_sky(true, gx, gy)
        apart = np.hypot((ra - true_ra) * np.cos(np.radians(dec)), dec - true_dec)
        errors[name] = 3600 * float(np.sqrt(np.mean(apart**2)))
    assert errors["prior"] < 0.03 < 3 * errors["prior"] < errors["nominal"]


def test_too_few_frames_are_refused():
    frames = [frame(10.0, 0.0, RNG) for _ in range(3)]
    with pytest.raises(UnusableFrameError, match="3 solved frames"):
        distortion_prior(*zip(*frames, strict=True), SHAPE)
