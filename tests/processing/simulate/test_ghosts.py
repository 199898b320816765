"""Light that is no source: where the simulated camera throws ghosts and halos, the pipeline's masks expect them."""

import numpy as np
import pytest

from archive.survey.camera import Camera, ccd_quadrant, plane_to_sky, quadrant_centre
from processing.science import masks, tpv
from processing.simulate import optics
from processing.simulate.conditions import Conditions
from processing.simulate.randomness import stream
from processing.simulate.render import render_scene
from processing.simulate.sky import VISIBLE_DTYPE
from processing.simulate.survey import ghost_offset

CAMERA = Camera().scaled(1024, 1024)
BORESIGHT = (150.0, 35.0)
CONDITIONS = Conditions(2.0, 183.0, 26.2, 0.0, 1.1)


def rendered(channel: int, x: float, y: float, mag: float):
    """A quadrant with one bright star at a pixel: its light without the sky, its projection, the star's place."""
    rng = stream(1, "ghost")
    pointing = optics.draw_pointing(rng, *BORESIGHT)
    cards = optics.true_wcs(CAMERA, channel, pointing)
    wcs = tpv.from_header(cards)
    star = np.zeros(1, VISIBLE_DTYPE)
    ra, dec = tpv.pixel_to_sky(wcs, np.array([x]), np.array([y]))
    star["ra"], star["dec"], star["mag"] = ra, dec, mag
    psf = optics.draw_point_spread(rng, channel, 2.0)
    offset = ghost_offset(CAMERA, quadrant_centre(CAMERA, *ccd_quadrant(channel)))
    images = [render_scene(CAMERA, part, cards, psf, CONDITIONS, 26.2, offset).electrons for part in (star, star[:0])]
    return images[0] - images[1], wcs, ra, dec


@pytest.mark.parametrize(("channel", "x", "y"), [(0, 300.0, 500.0), (12, 500.0, 500.0), (63, 800.0, 200.0)])
def test_a_ghost_falls_on_the_pixels_that_the_mask_foretells(channel, x, y):
    light, wcs, ra, dec = rendered(channel, x, y, 6.8)
    _, ghost = masks.halos_and_ghosts(light.shape, wcs, ra, dec, np.array([6.8]), BORESIGHT)
    jy, jx = np.indices(light.shape)
    away = np.hypot(jx - x, jy - y) > 150  # from the star's own wings
    inside, outside = light[ghost & away], light[~ghost & away]
    # Nine tenths of what shines beyond the star and its halo's even light lies in the mask.
    extra = np.clip(light - np.median(outside), 0, None)
    bright = away & (extra > 0.3 * (np.percentile(inside, 90) - np.median(outside)))
    assert (bright & ghost).sum() > 0.9 * bright.sum() > 1000


def test_the_halo_of_a_naked_eye_star_ends_where_the_mask_does():
    light, wcs, ra, dec = rendered(21, 500.0, 500.0, 5.5)
    halo, _ = masks.halos_and_ghosts(light.shape, wcs, ra, dec, np.array([5.5]), None)
    row = light[500]
    inside, outside = row[500 + 340 : 500 + 350].mean(), row[500 + 375 : 500 + 385].mean()
    assert halo[500, 845] and not halo[500, 880] and inside > 1.3 * outside


def test_the_field_s_centre_is_where_the_quadrants_meet():
    centre = plane_to_sky(0.0, 0.0, *BORESIGHT)
    assert np.allclose(np.ravel(centre), BORESIGHT)
