"""Resampling and co-adding: flux, positions, noise, outliers."""

from dataclasses import replace

import numpy as np
import pytest

from archive.survey.bits import MaskBit
from processing.science import tpv
from processing.science.coadd import coadd
from processing.science.coadd.coadd import CoaddFrame
from processing.science.coadd.resample import map_pixels, resample, rows_needed
from processing.science.errors import UnusableFrameError
from tests.processing.science.starfield import add_star, distorted_wcs

SHAPE = (400, 400)
ARCSEC = 1 / 3600


def tangent_plane(side, scale=ARCSEC, wcs=None):
    wcs = wcs or distorted_wcs(SHAPE)
    cd = np.array([[-scale, 0.0], [0.0, scale]])
    return tpv.Tpv(np.array([(side + 1) / 2 + 0.3] * 2), wcs.crval, cd, tpv.identity_terms())


def stars(shape=SHAPE, spacing=40, flux=1e4, seed=1):
    rng = np.random.default_rng(seed)
    image = np.zeros(shape)
    grid = np.arange(spacing, shape[0] - spacing + 1, spacing)
    x, y = (v.ravel() + rng.uniform(-0.5, 0.5, v.size) for v in np.meshgrid(grid, grid))
    for a, b in zip(x, y, strict=True):
        add_star(image, a, b, flux)
    return image.astype(np.float32), x, y


def box_flux(image, x, y, half=15):
    columns, rows = np.rint(x).astype(int), np.rint(y).astype(int)
    return np.array(
        [image[b - half : b + half + 1, a - half : a + half + 1].sum() for a, b in zip(columns, rows, strict=True)]
    )


def resampled(scale):
    image, x, y = stars()
    wcs, target = distorted_wcs(SHAPE), tangent_plane(440, scale)
    out, _ = resample(image, np.zeros(SHAPE, bool), map_pixels(target, wcs, (440, 440)), (440, 440))
    u, v = tpv.sky_to_pixel(target, *tpv.pixel_to_sky(wcs, x, y))
    return box_flux(out, u, v) / box_flux(image, x, y), out, u, v


def test_resampling_keeps_the_flux_of_stars_to_two_in_ten_thousand():
    ratio, *_ = resampled(1.012 * ARCSEC)
    assert abs(ratio.mean() - 1) < 2e-4
    assert ratio.std() < 2e-4


def test_a_change_of_scale_keeps_the_mean_flux_and_ripples_by_a_tenth_of_a_percent():
    ratio, *_ = resampled(1.0 * ARCSEC)
    assert abs(ratio.mean() - 1) < 6e-4
    assert ratio.std() < 2e-3


def test_resampled_stars_stand_where_the_projection_puts_them():
    _, out, u, v = resampled(1.0 * ARCSEC)
    for a, b in list(zip(u, v, strict=True))[:20]:
        i, j = int(round(a)), int(round(b))
        part = out[j - 8 : j + 9, i - 8 : i + 9]
        rows, columns = np.mgrid[j - 8 : j + 9, i - 8 : i + 9]
        assert (part * columns).sum() / part.sum() == pytest.approx(a, abs=0.02)
        assert (part * rows).sum() / part.sum() == pytest.approx(b, abs=0.02)


def test_rows_resampled_in_blocks_are_those_of_the_whole():
    image, _, _ = stars()
    wcs, target = distorted_wcs(SHAPE), tangent_plane(440)
    mapping, bad = map_pixels(target, wcs, (440, 440)), np.zeros(SHAPE, bool)
    whole, seen = resample(image, bad, mapping, (440, 440))
    first, last = rows_needed(mapping, 100, 164, SHAPE[0])
    part, there = resample(image[first:last], bad[first:last], mapping, (64, 440), 100, first)
    np.testing.assert_allclose(part, whole[100:164], atol=1e-3)
    assert np.array_equal(there, seen[100:164])


def test_a_bad_pixel_spoils_what_is_made_of_it_and_no_more():
    wcs = distorted_wcs(SHAPE)
    bad = np.zeros(SHAPE, bool)
    bad[200, 200] = True
    shifted = replace(wcs, crpix=wcs.crpix + 0.4)
    _, valid = resample(np.zeros(SHAPE, np.float32), bad, map_pixels(shifted, wcs, SHAPE), SHAPE)
    inner = ~valid[50:350, 50:350]
    assert 9 <= inner.sum() <= 16


def frames(n, noise=5.0, seed=0, extra=None):
    """Dithered frames of one star field, each with a cosmic ray that no mask knows."""
    rng, base = np.random.default_rng(seed), distorted_wcs(SHAPE)
    made = []
    for k in range(n):
        shift = rng.uniform(-5, 5, 2)
        image, sky = np.zeros(SHAPE), 200.0 + 0.1 * np.arange(SHAPE[1])
        _, x, y = stars()
        for a, b in zip(x, y, strict=True):
            add_star(image, a + shift[0], b + shift[1], 2e4, widen=1 + 0.1 * (k % 3))
        image += sky + rng.normal(0, noise, SHAPE)
        image[60 + 7 * k, 210 + 11 * k] += 3000.0
        mask = np.zeros(SHAPE, np.int16)
        mask[300, :] = int(MaskBit.DEAD)
        image[300, :] = -1000.0
        wcs = replace(base, crpix=base.crpix + shift)
        made.append(CoaddFrame(image.astype(">f4"), mask.astype(">i2"), wcs, 1.0, 6.0, 2.0 + 0.1 * (k % 3)))
    return made


@pytest.fixture(scope="module")
def average():
    made = frames(12)
    skies = [coadd.measure_sky(frame) for frame in made]
    return coadd.coadd_frames(made, skies, distorted_wcs(SHAPE), SHAPE, relative=0.2)


def test_twelve_frames_are_deeper_by_the_root_of_twelve(average):
    blank = np.s_[45:75, 45:75]
    inner = average.coverage[30:370, 30:370] >= 10
    assert inner.mean() > 0.97
    expected = 5.0 / np.sqrt(12)
    assert np.median(average.uncertainty[blank]) == pytest.approx(expected, rel=0.1)
    # Interpolation smooths: the scatter of pixels lies somewhat below the error of a mean.
    scatter = 1.4826 * np.median(np.abs(average.image[30:370, 30:370]))
    assert 0.75 * expected < scatter < 1.2 * expected


def test_cosmic_rays_that_no_mask_knows_are_clipped(average):
    _, x, y = stars()
    rows, columns = np.mgrid[:400, :400]
    near = np.zeros(SHAPE, bool)
    for a, b in zip(x, y, strict=True):
        near |= np.hypot(columns - a, rows - b) < 15
    blank = average.image[30:370, 30:370][~near[30:370, 30:370]]
    assert np.abs(blank).max() < 8 * 5.0 / np.sqrt(12)


def test_stars_of_differing_seeing_keep_their_flux(average):
    _, x, y = stars()
    inside = (x > 60) & (x < 340) & (y > 60) & (y < 270)
    flux = box_flux(average.image, x[inside], y[inside], 12)
    assert np.median(flux) == pytest.approx(2e4, rel=0.01)


def test_nothing_to_average_is_refused():
    with pytest.raises(UnusableFrameError, match="at least one"):
        coadd.coadd_frames([], [], distorted_wcs(SHAPE), SHAPE)
