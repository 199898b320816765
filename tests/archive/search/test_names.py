# ruff: noqa: E501 - tables of queries and texts read better on one line
"""Names as people type them, and their meanings."""

import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.search.names import BadPositionError, NameNotFoundError, parse_position, resolve

M101 = (210.80208333, 54.34888889)


@pytest.mark.parametrize(
    "text",
    [
        "210.80208333 54.34888889", "210.80208333, +54.34888889", "210.80208333+54.34888889", "14.0534722222h 54.34888889d",
        "14:03:12.5 +54:20:56", "14 03 12.5 54 20 56", "14h03m12.5s +54d20m56s", "14h 03m 12.5s, +54° 20′ 56″",
        "210d48m07.5s +54d20m56s", "  14:03:12.50\t+54:20:56.0 ",
    ],
)  # fmt: skip
def test_the_usual_notations_of_one_place_agree_to_a_tenth_of_an_arcsecond(text):
    place = parse_position(text)
    assert place.ra == pytest.approx(M101[0], abs=3e-5)
    assert place.dec == pytest.approx(M101[1], abs=3e-5)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 359.999), st.floats(-89.99, 89.99))
def test_sexagesimal_written_by_astropy_is_read_back(ra, dec):
    text = SkyCoord(ra, dec, unit="deg").to_string("hmsdms", precision=6, sep=":")
    place = parse_position(text)
    assert abs((place.ra - ra + 180) % 360 - 180) < 1e-7
    assert place.dec == pytest.approx(dec, abs=1e-7)


def test_minus_zero_degrees_is_south():
    assert parse_position("12:00:00 -00:30:00").dec == -0.5
    assert parse_position("0.5 -0.25").dec == -0.25


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 360), st.floats(-89, 89))
def test_galactic_positions_agree_with_astropy(l, b):
    place = parse_position(f"gal {l:.8f} {b:.8f}")
    truth = SkyCoord(round(l, 8), round(b, 8), unit="deg", frame="galactic").icrs
    # astropy goes through FK5, which is tied to the ICRS within some 25 mas
    assert SkyCoord(place.ra, place.dec, unit="deg").separation(truth).arcsec < 0.05
    assert parse_position(f"l={l:.8f} b={b:.8f}") == place


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("12 95", "declination 95"), ("36001 12", "right ascension 36001"), ("25:00:00 1:00:00", "25 hours"),
        ("1:61:00 1:00:00", "below 60"), ("gal 10 100", "latitude"), ("1 2 3", "not a position"), ("12.5", "not a position"),
    ],
)  # fmt: skip
def test_positions_that_cannot_be_are_refused_with_the_reason(text, why):
    with pytest.raises(BadPositionError, match=why):
        resolve(text)


@pytest.mark.parametrize("text", ["M31", "m 31", "NGC 224", "ngc0224", "Andromeda Galaxy", "andromeda galaxy"])
def test_messier_ngc_and_popular_names_lead_to_the_same_galaxy(text):
    got = resolve(text)
    assert (got.kind, got.name) == ("deepsky", "NGC0224")
    assert got.ra == pytest.approx(10.6847, abs=1e-3)
    assert got.dec == pytest.approx(41.2690, abs=1e-3)


def test_an_object_just_south_of_the_equator_keeps_its_sign():
    # NGC 1068 (M 77) lies at -00 00 48
    assert resolve("M77").dec == pytest.approx(-0.0133, abs=1e-3)


@pytest.mark.parametrize("text", ["16", "Psyche", "(16) Psyche", "16 Psyche", "psyche"])
def test_asteroids_resolve_to_their_orbit_and_not_to_a_place(text):
    got = resolve(text)
    assert (got.kind, got.name, got.orbit.number, got.ra) == ("asteroid", "16 Psyche", 16, None)


@pytest.mark.parametrize("text", ["no such thing", "NGC 99999", "", "16 Ceres", "3200"])
def test_unknown_names_say_what_is_known(text):
    with pytest.raises((NameNotFoundError, BadPositionError), match="known|empty|position"):
        resolve(text)
