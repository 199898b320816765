"""The table of numbered asteroids and the demonstration field that it was chosen for."""

import numpy as np
import pytest

from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.numbered import DEMO_ASTEROIDS, NUMBERED, by_designation
from archive.sky.sphere import unit_vectors

DEMO_CENTER = (51.145, 18.628)
FIRST_NIGHT_08_UT = 2461338.5 + 8 / 24
"""2026-10-25 08:00 UTC."""


@pytest.mark.parametrize(("number", "nights", "vmag"), [(310, 3, 14.6), (1202, 3, 15.2), (2069, 4, 15.6)])
def test_each_demonstration_asteroid_spends_its_nights_in_the_ccd(number, nights, vmag):
    assert number in DEMO_ASTEROIDS
    got = ephemeris(NUMBERED[number], FIRST_NIGHT_08_UT + np.arange(12))
    east = (got.ra - DEMO_CENTER[0]) * np.cos(np.deg2rad(got.dec))
    inside = (np.abs(east) < 0.3) & (np.abs(got.dec - DEMO_CENTER[1]) < 0.3)
    assert inside.sum() == nights
    assert got.vmag[inside].mean() == pytest.approx(vmag, abs=0.15)


def test_psyche_stands_in_taurus_at_its_opposition_of_december_2020():
    """2020-12-07 at RA 4 h 56 m, Dec +18, magnitude 9.4: two years back from the epoch of the elements."""
    got = ephemeris(NUMBERED[16], 2459190.5, "500")
    assert unit_vectors(got.ra[0], got.dec[0]) @ unit_vectors(74.0, 18.5) > np.cos(np.deg2rad(3.0))
    assert got.vmag[0] == pytest.approx(9.4, abs=0.3)


def test_a_number_is_matched_exactly_and_a_name_without_regard_to_case():
    assert by_designation("3").name == "Juno"
    assert by_designation("(1) CERES").number == 1
    assert by_designation("31") is None
    assert by_designation("1 Pallas") is None
