"""The place and the days of the guide's ten tasks are the demonstration's."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from archive.survey.camera import quadrant_centre, sky_to_plane
from archive.survey.fields import field_centre
from portal import demo

GUIDE = (Path(settings.BASE_DIR) / "docs" / "guide" / "tasks.md").read_text()
README = (Path(settings.BASE_DIR) / "README.md").read_text()


def test_the_place_lies_well_within_a_quadrant_that_the_demonstration_has():
    (place,) = set(re.findall(r'ZTF_PLACE="([^"]+)"', GUIDE))
    assert place in README
    ra, dec = map(float, place.split())
    (ccdid,) = demo.CAMERA.ccds
    east, north = sky_to_plane(ra, dec, *field_centre(demo.PLAN.field))
    centre = quadrant_centre(demo.CAMERA, ccdid, 1)
    assert abs(east - centre[0]) < 0.1 and abs(north - centre[1]) < 0.1  # deg, of a half width of 0.14


def test_the_days_are_those_of_the_demonstration():
    since, until = (re.search(rf"{name}=(\S+)", GUIDE)[1] for name in ("ZTF_SINCE", "ZTF_UNTIL"))
    first = demo.PLAN.first_night
    assert (since, until) == (str(first), str(first + timedelta(days=demo.PLAN.nights)))


@pytest.mark.parametrize("text", [GUIDE, README], ids=["guide", "README"])
def test_the_field_is_named(text):
    assert f"field {demo.PLAN.field}" in text
