"""Image search: exact on the sphere, by place, time and metadata."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.search.query import BadQueryError, ImageQuery, images, query_of
from archive.sky.sphere import point_in_quadrilateral
from archive.survey.times import date_of_jd
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PLACES = [(55.06, 33.35), (0.2, -12.0), (359.9, 45.0), (120.0, 88.5), (10.0, -89.05), (200.0, 0.0)]


@pytest.fixture
def sky():
    """Images near the poles, at RA 0, and elsewhere."""
    made = []
    for number, (ra, dec) in enumerate(PLACES):
        exposure = factories.exposure(jd=factories.JD + number, ra=ra, dec=dec)
        made += [factories.science_image(exposure, rcid) for rcid in (0, 21, 42, 50, 63)]
    return made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 29), east=st.floats(-0.7, 0.7), north=st.floats(-0.7, 0.7))
def test_a_position_finds_exactly_the_images_whose_corners_enclose_it(sky, number, east, north):
    centre = sky[number]
    dec = float(np.clip(centre.dec + north, -90, 90))
    ra = (centre.ra + east / max(np.cos(np.radians(dec)), 0.01)) % 360
    truth = {image.pid for image in sky if point_in_quadrilateral(ra, dec, np.array(image.corners))}
    assert {image.pid for image in images(ImageQuery(ra=ra, dec=dec))} == truth


def test_every_image_is_found_by_its_own_centre(sky):
    for image in sky:
        assert image in images(ImageQuery(ra=image.ra, dec=image.dec))


def test_within_a_radius_the_nearest_centre_comes_with_its_distance(sky):
    found = list(images(ImageQuery(ra=sky[0].ra, dec=sky[0].dec, radius=0.01)))
    assert found == [sky[0]]
    assert found[0].distance == pytest.approx(0, abs=1e-9)


def test_time_is_a_half_open_span(sky):
    start = sky[0].obsdate
    assert set(images(ImageQuery(since=start, until=start + timedelta(seconds=1)))) >= set(sky[:5])
    assert not set(images(ImageQuery(until=start))) & set(sky)


def test_metadata_cuts_hold_together(sky):
    found = images(ImageQuery(field=655, ccdid=13, qid=3, filtercode="zr", seeing=2.5, maglimit=20.0, good=True))
    assert {image.rcid for image in found} == {50}


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"ra": 10.0}, "give both ra and dec"),
        ({"ra": 400.0, "dec": 0.0}, "ra: 400.0 is not within"),
        ({"ra": 10.0, "dec": 99.0}, "dec: 99.0 is not within"),
        ({"family": "cats"}, "family: 'cats' is not one of"),
        ({"family": "ref", "pid": 5}, "pid: references have no pid"),
        ({"order": "password"}, "order: 'password' is not a column"),
        ({"ra": 1.0, "dec": 1.0, "radius": -2.0}, "radius: -2.0 must be positive"),
    ],
)
def test_a_bad_question_names_the_part_and_the_value(parts, says):
    with pytest.raises(BadQueryError, match=says):
        ImageQuery(**parts)


def test_a_query_survives_being_stored():
    moment = date_of_jd(factories.JD)
    assert query_of({"field": 3, "since": moment.isoformat(), "colour": "red"}) == ImageQuery(field=3, since=moment)
