"""Masks: saturation, spilled charge, halos, ghosts, flags of sources."""

import numpy as np
import pytest

from archive.survey.bits import MaskBit
from processing.science import masks, tpv


def test_saturation_grows_by_whole_pixels():
    saturated = np.zeros((200, 200), bool)
    saturated[90:110, 95:105] = True
    saturated[20, 20] = True
    grown = masks.grow_saturation(saturated, 2)
    assert grown.sum() == 24 * 14 + 25


def test_charge_spills_beside_a_column_that_overflows_into_the_register():
    saturated = np.zeros((200, 200), bool)
    saturated[90:190, 50] = True  # long, but it ends before the register
    saturated[185:200, 150] = True
    spilled = masks.charge_spillage(saturated)
    rows, columns = np.nonzero(spilled)
    assert rows.min() == 184 and rows.max() == 199
    assert columns.min() == 110 and columns.max() == 190 and not spilled[saturated].any()


def plain_wcs(ra: float, dec: float, scale: float = 1.0):
    """A tangent plane with (ra, dec) in the centre of 500 x 500 px; x to the west, y to the south; arcsec/px."""
    step = scale / 3600
    return tpv.Tpv(np.array([250.5, 250.5]), np.array([ra, dec]), np.diag([-step, -step]), tpv.identity_terms())


def test_a_halo_of_a_star_outside_the_frame_reaches_in():
    wcs = plain_wcs(150.0, 0.0)
    ra, dec = tpv.pixel_to_sky(wcs, np.array([-100.0]), np.array([250.0]))
    halo, ghost = masks.halos_and_ghosts((500, 500), wcs, ra, dec, np.array([5.0]), None)
    assert halo[250, 266] and not halo[250, 268] and not ghost.any()
    halo, _ = masks.halos_and_ghosts((500, 500), wcs, ra, dec, np.array([6.6]), None)
    assert not halo.any()


def test_a_ghost_lies_farther_from_the_boresight_than_its_star():
    wcs, boresight = plain_wcs(150.0, 60.0), (152.0, 60.0)  # 1 degree on the sky, 3600 px, to the east
    ra, dec = tpv.pixel_to_sky(wcs, np.array([200.0]), np.array([250.0]))
    _, ghost = masks.halos_and_ghosts((500, 500), wcs, ra, dec, np.array([7.0]), boresight)
    rows, columns = np.nonzero(ghost)
    distance = np.hypot(*(3600 * v[0] for v in tpv.project(ra, dec, np.array(boresight))))
    assert abs(columns.mean() - (200 + 0.04 * distance)) < 1.5
    assert abs(ghost.sum() / (np.pi * 62.0**2) - 1) < 0.01


@pytest.mark.parametrize("dec", [-89.9, 0.0, 89.9])
def test_a_star_at_the_boresight_has_its_ghost_upon_itself(dec):
    places = masks.ghost_places(np.array([0.01]), np.array([dec]), (0.01, dec), 0.04)
    assert np.allclose(places, ([0.01], [dec]))


def test_flags_are_the_or_of_five_by_five_pixels_and_minus_one_at_the_edge():
    mask = np.zeros((50, 50), np.int16)
    mask[12, 12], mask[8, 10] = int(MaskBit.SPIKE), int(MaskBit.NOISY)
    flags = masks.flag_sources(mask, np.array([10.0, 13.4, 30.0, 1.0]), np.array([10.0, 10.4, 30.0, 30.0]))
    assert flags.tolist() == [int(MaskBit.SPIKE | MaskBit.NOISY), int(MaskBit.SPIKE), 0, -1]
