"""One table of notations against the one module that knows them."""

import math

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.given.positions import BadPositionError, Position, at, pair, parse_position
from archive.search.names import NameNotFoundError, resolve
from tests.archive.given.notations import EXACT, FRAMES_APART, REFUSED, two_mass

RAS, DECS = st.floats(0, 359.999999), st.floats(-89.999, 89.999)


def apart(place: Position, truth: SkyCoord) -> u.Quantity:
    return SkyCoord(place.ra, place.dec, unit="deg").separation(truth)


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=40, deadline=None)
@given(RAS, DECS)
def test_a_position_written_in_a_notation_is_read_back(name, ra, dec):
    truth = SkyCoord(ra, dec, unit="deg")
    text = EXACT[name](truth)
    framed = "gal" in name.lower() or name == "J2000"
    assert apart(parse_position(text), truth) < (FRAMES_APART if framed else 0.01 * u.arcsec), text
    assert resolve(text).kind == "position"


@settings(max_examples=60, deadline=None)
@given(RAS, DECS)
def test_a_designation_of_2mass_is_as_good_as_its_digits(ra, dec):
    truth = SkyCoord(ra, dec, unit="deg")
    assert apart(parse_position(two_mass(truth)), truth) < 0.25 * u.arcsec


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_position_or_may_be_several_is_refused_with_its_value(text):
    with pytest.raises(BadPositionError) as refused:
        parse_position(text)
    assert repr(text[:70])[:-1] in str(refused.value)
    with pytest.raises((BadPositionError, NameNotFoundError)):
        resolve(text)


@settings(max_examples=400, deadline=None)
@given(st.text(st.one_of(st.characters(), st.sampled_from("0123456789+-−–.:,; hmsd°'\"eE=()")), max_size=40))
def test_any_text_is_one_position_or_refused(text):
    for read in (parse_position, lambda it: pair(it, "1"), lambda it: pair("1", it)):
        try:
            place = read(text)
        except BadPositionError:
            continue
        assert 0 <= place.ra < 360 and -90 <= place.dec <= 90


@settings(max_examples=200, deadline=None)
@given(st.floats(-36000, 36000), st.floats(-90, 90))
def test_a_right_ascension_of_any_turn_is_that_of_the_first(ra, dec):
    place = at(ra, dec)
    assert 0 <= place.ra < 360 and place.dec == dec
    assert math.cos(math.radians(place.ra - ra)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    "text", ["Messier 31", "messier31", "M-31", "N.G.C. 224", "NGC_224", "New General Catalogue 224"]
)
def test_other_spellings_of_catalogues_lead_to_the_same_galaxy(text):
    assert resolve(text).name == "NGC0224"


def test_two_columns_have_the_same_rules_as_a_text():
    assert pair("10:00:24", "+02:12:00") == pair("150.1", "2.2") == parse_position("150.1 2.2")
    assert pair("10.00666666666666667", "2.2", "hours").ra == pytest.approx(150.1)
    for ra, dec, unit in (("10:00:24", "2.2", ""), ("10:00:24", "2:12:00", "degrees"), ("10 20", "30h", "")):
        with pytest.raises(BadPositionError):
            pair(ra, dec, unit)
