"""Geometry on the sphere, against astropy's."""

from __future__ import annotations

import astropy.units as u
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from archive.sky.sphere import mean_direction, separation, to_ra_dec, unit_vectors

RA, DEC = st.floats(0, 359.999999), st.floats(-90, 90)


@given(RA, DEC, RA, DEC)
def test_separations_are_astropy_s(ra1, dec1, ra2, dec2):
    want = SkyCoord(ra1, dec1, unit="deg").separation(SkyCoord(ra2, dec2, unit="deg")).deg
    assert separation(ra1, dec1, ra2, dec2) == pytest.approx(want, abs=2e-6)  # haversine is loose at antipodes alone


@given(RA, st.floats(-89.9, 89.9), st.floats(0.001, 100), st.floats(0, 360))
def test_small_separations_are_exact(ra, dec, arcsec, angle):
    start = SkyCoord(ra, dec, unit="deg")
    end = start.directional_offset_by(angle * u.deg, arcsec * u.arcsec)
    assert separation(ra, dec, end.ra.deg, end.dec.deg) * 3600 == pytest.approx(arcsec, rel=1e-6)


@given(RA, st.floats(-89.999, 89.999), st.floats(0.1, 10))
def test_a_vector_of_any_length_leads_back_to_its_position(ra, dec, length):
    longitude, latitude = to_ra_dec(length * unit_vectors(ra, dec))
    assert separation(ra, dec, longitude, latitude) * 3600 < 1e-6 and 0 <= longitude < 360


def test_the_mean_direction_across_ra_0_and_at_the_pole():
    assert mean_direction([359.0, 1.0], [10.0, 10.0])[0] % 360 == pytest.approx(0, abs=1e-9)
    assert mean_direction([0, 90, 180, 270], [89.0] * 4)[1] == pytest.approx(90)
