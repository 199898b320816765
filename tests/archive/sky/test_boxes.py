"""Search by box: four relations, exact on the sphere, against vector geometry that knows no tangent plane."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archive.models import RawImage
from archive.search.query import BadQueryError, ImageQuery, images
from archive.sky.boxes import RELATIONS, Box, ccd_corners
from archive.sky.sphere import unit_vectors
from archive.survey.camera import Camera, plane_to_sky
from tests import factories

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
PLACES = [(55.06, 33.35), (0.2, -12.0), (359.9, 45.0), (120.0, 88.5), (10.0, -89.05), (200.0, 0.0)]
SLACK = 1e-11


@pytest.fixture
def sky():
    """Images near the poles, at RA 0, and elsewhere, and the raw files of their exposures."""
    made = []
    for number, (ra, dec) in enumerate(PLACES):
        exposure = factories.exposure(jd=factories.JD + number, ra=ra, dec=dec)
        made += [factories.science_image(exposure, rcid) for rcid in (0, 21, 42, 50, 63)]
        for ccdid in (1, 6, 13, 16):
            RawImage.objects.create(exposure=exposure, ccdid=ccdid, **factories.PUBLIC)
    return made


def inward(corners: np.ndarray) -> np.ndarray:
    """Normals of a convex polygon's sides (4, 3), pointing inwards."""
    sides = np.cross(corners, np.roll(corners, -1, axis=0))
    return sides * np.sign(sides @ corners.sum(axis=0))[:, None]


def heights(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Heights of points inside a polygon: the least above any of its sides; the far side of the sky is out."""
    above = (points @ inward(corners).T).min(axis=1)
    return np.where(points @ corners.sum(axis=0) > 0, above, -1.0)


def sides_cross(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether any side of one polygon crosses any side of another."""
    for a, b in zip(one, np.roll(one, -1, axis=0), strict=True):
        for c, d in zip(other, np.roll(other, -1, axis=0), strict=True):
            line = np.cross(np.cross(a, b), np.cross(c, d))
            for point in (line, -line):
                between = [np.cross(a, b) @ np.cross(a, point), np.cross(a, b) @ np.cross(point, b)]
                between += [np.cross(c, d) @ np.cross(c, point), np.cross(c, d) @ np.cross(point, d)]
                if min(between) > 0:
                    return True
    return False


def truth(corners: np.ndarray, box: Box, relation: str) -> tuple[bool, float]:
    """Whether an image has a relation to a box, and how clear that is (0: on the border)."""
    centre = np.array([box.axes[0]])
    if relation == "CENTER" or box.is_point and relation != "ENCLOSED":
        height = heights(centre, corners)[0]
        return height > 0, abs(height)
    if relation == "COVERS":
        height = heights(box.corners, corners).min()
        return height > 0, abs(height)
    if relation == "ENCLOSED":
        if box.is_point or 0 in (box.width, box.height):
            return False, 1.0
        height = heights(corners, box.corners).min()
        return height > 0, abs(height)
    every = np.concatenate([heights(box.corners, corners), heights(corners, box.corners), heights(centre, corners)])
    return bool((every > 0).any()) or sides_cross(box.corners, corners), abs(every).min()


SIZES = st.one_of(st.just(0.0), st.floats(1e-3, 3.0), st.floats(3.0, 60.0))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, 29),
    east=st.floats(-1.5, 1.5),
    north=st.floats(-1.5, 1.5),
    size=st.tuples(SIZES, SIZES),
    relation=st.sampled_from(RELATIONS),
)
def test_a_box_finds_exactly_the_images_that_lie_to_it_as_asked(sky, number, east, north, size, relation):
    dec = float(np.clip(sky[number].dec + north, -90, 90))
    ra = (sky[number].ra + east / max(np.cos(np.radians(dec)), 0.01)) % 360
    assume(ra < 360)
    query = ImageQuery(ra=ra, dec=dec, width=size[0], height=size[1], intersect=relation)
    expected, unclear = set(), set()
    for image in sky:
        answers, margin = truth(unit_vectors(*np.transpose(image.corners)), query.box, relation)
        if answers:
            expected.add(image.pid)
        if margin < SLACK:
            unclear.add(image.pid)
    assert {image.pid for image in images(query)} - unclear == expected - unclear


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, 5), east=st.floats(-4.5, 4.5), north=st.floats(-4.5, 4.5), size=SIZES,
    relation=st.sampled_from(RELATIONS),
)  # fmt: skip
def test_raw_files_are_found_by_the_place_of_their_ccd(sky, number, east, north, size, relation):
    ra0, dec0 = PLACES[number]
    ra, dec = (float(value) for value in plane_to_sky(east, north, ra0, dec0))
    query = ImageQuery(family="raw", ra=ra, dec=dec, width=size, height=size, intersect=relation)
    expected, unclear = set(), set()
    for raw in RawImage.objects.select_related("exposure"):
        e, n = np.degrees(ccd_corners(Camera(), raw.ccdid)).T
        corners = unit_vectors(*plane_to_sky(e, n, raw.exposure.ra, raw.exposure.dec))
        answers, margin = truth(corners, query.box, relation)
        (expected if answers else set()).add(raw.pk)
        (unclear if margin < SLACK else set()).add(raw.pk)
    assert {raw.pk for raw in images(query)} - unclear == expected - unclear


def test_a_ccd_encloses_its_quadrants():
    for ccdid in (1, 6, 13):
        corners = unit_vectors(*plane_to_sky(*np.degrees(ccd_corners(Camera(), ccdid)).T, 30.0, 10.0))
        for qid in (1, 2, 3, 4):
            quadrant = factories.quadrant_corners(Camera(), ccdid, qid, 30.0, 10.0)
            assert heights(unit_vectors(*np.transpose(quadrant)), corners).min() > -1e-5


def test_the_most_centred_image_is_the_one_whose_centre_is_nearest(sky):
    found = list(images(ImageQuery(ra=sky[3].ra, dec=sky[3].dec, centred=True)))
    assert found == [sky[3]]
    exposure = factories.exposure(jd=factories.JD + 50, ra=PLACES[0][0] + 0.01, dec=PLACES[0][1])
    factories.science_image(exposure, 50)
    assert list(images(ImageQuery(ra=sky[3].ra, dec=sky[3].dec, centred=True))) == [sky[3]]
    assert len(images(ImageQuery(ra=sky[3].ra, dec=sky[3].dec, centred=True, width=0.1))) == 2


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"width": -1.0}, "size: -1.0 must be 0 to 90"),
        ({"width": 1.0, "height": 100.0}, "size: 100.0"),
        ({"intersect": "TOUCHES"}, "'TOUCHES' is not one of COVERS"),
        ({"family": "cal"}, "calibrations have no place"),
        ({"family": "raw", "radius": 1.0}, "raw files are searched by position or box"),
    ],
)
def test_a_bad_box_names_the_part_and_the_value(parts, says):
    with pytest.raises(BadQueryError, match=says):
        ImageQuery(**{"ra": 1.0, "dec": 1.0} | parts)


@pytest.mark.parametrize("nx", [512, 1024, 3072])
def test_raw_frames_of_a_smaller_camera_lie_where_its_science_images_lie(nx):
    """By search and by the row itself; a place that only the real camera sees has none."""
    camera = Camera().scaled(nx, nx)
    exposure = factories.exposure(ra=210.0, dec=54.0)
    raw = RawImage.objects.create(exposure=exposure, ccdid=13, nx=nx, **factories.PUBLIC)
    raw.refresh_from_db()
    quadrants = [factories.footprint(210.0, 54.0, 4 * 12 + n, camera) for n in range(4)]
    centre = unit_vectors(np.array([one["ra"] for one in quadrants]), np.array([one["dec"] for one in quadrants]))
    middle = centre.sum(axis=0) / np.linalg.norm(centre.sum(axis=0))
    assert np.degrees(np.linalg.norm(unit_vectors(raw.ra, raw.dec) - middle)) < 0.01 * nx / 3072
    for one in quadrants:
        assert [row.pk for row in images(ImageQuery(family="raw", ra=one["ra"], dec=one["dec"]))] == [raw.pk]
    real = factories.footprint(210.0, 54.0, 4 * 12, Camera())
    found = images(ImageQuery(family="raw", ra=real["ra"], dec=real["dec"]))
    assert [row.pk for row in found] == ([raw.pk] if nx == 3072 else [])
