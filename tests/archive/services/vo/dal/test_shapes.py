"""Regions on the sphere: what they hold, what overlaps them, at the poles and across RA 0."""

import numpy as np
import pytest
from django.db import connections

from archive.access.reading import ANYONE, reading
from archive.models import Exposure
from archive.services.vo.obscore.overlap import overlaps
from archive.sky.shapes import BadShapeError, Circle, Polygon, Range, read_interval, read_pos
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PLACES = [(10, 20), (0.2, -30), (359.9, 45), (120, 89.3), (200, 88.0), (300, -60), (0, 0), (180, 70)]
HIDDEN = (77.0, 5.0)
SAMPLES = 36
_KNOWN: dict[int, np.ndarray] = {}


@pytest.fixture(scope="module")
def footprints(committed):
    """Images around each place, and one that is not public; their corners (n, 4, 2) by pid."""
    rng = np.random.default_rng(3)
    known = {}
    for ra, dec in PLACES:
        for n in range(6):
            image = factories.science_image(
                factories.exposure(ra=ra, dec=dec), rcid=int(rng.integers(64)), **_near(ra, dec, rng, n)
            )
            known[image.pid] = np.array(image.corners)
    factories.science_image(factories.exposure(programid=2, public_date=None), **factories.footprint(*HIDDEN, 50))
    yield known
    Exposure.objects.all().delete()


def _near(ra, dec, rng, n) -> dict:
    values = factories.footprint(ra, dec, 50)
    scale = 1 / max(np.cos(np.radians(dec)), 0.02)
    place = ((ra + rng.uniform(-1, 1) * scale) % 360, float(np.clip(dec + rng.uniform(-1, 1), -89.9, 89.9)))
    return factories.footprint(*place, 50) if n else values


def found(shape) -> set[int]:
    sql, values = overlaps(shape)
    with reading(ANYONE), connections["reader"].cursor() as cursor:
        cursor.execute(f"SELECT o.number FROM tap_data.obscore AS o WHERE o.family = 'sci' AND {sql}", values)
        return {number for (number,) in cursor.fetchall()}


def inside(corners: np.ndarray) -> np.ndarray:
    """Places all over a footprint, its edge among them."""
    vectors = unit(corners)
    along = np.linspace(0, 1, SAMPLES)
    a, b = np.meshgrid(along, along)
    weights = np.stack([(1 - a) * (1 - b), a * (1 - b), a * b, (1 - a) * b], axis=-1).reshape(-1, 4)
    x, y, z = (weights @ vectors).T
    return np.degrees(np.stack([np.arctan2(y, x) % (2 * np.pi), np.arctan2(z, np.hypot(x, y))], axis=1))


def unit(places: np.ndarray) -> np.ndarray:
    ra, dec = np.radians(places).T
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)


def touched(footprints, shape) -> set[int]:
    """Footprints of which some place lies in the shape."""
    held = shape.holds(np.concatenate([_places(pid, footprints) for pid in footprints]))
    return {pid for pid, some in zip(footprints, held.reshape(len(footprints), -1).any(axis=1), strict=True) if some}


def _places(pid: int, footprints) -> np.ndarray:
    if pid not in _KNOWN:
        _KNOWN[pid] = inside(footprints[pid])
    return _KNOWN[pid]


def centres(footprints, seed: int) -> list[tuple[float, float]]:
    """Places beside the middles of all footprints."""
    rng = np.random.default_rng(seed)
    middles = [inside(corners)[SAMPLES * SAMPLES // 2] for corners in footprints.values()]
    moved = [(ra + rng.uniform(-1, 1), dec + rng.uniform(-1, 1)) for ra, dec in middles]
    return [(float(ra % 360), float(np.clip(dec, -90, 90))) for ra, dec in moved]


@pytest.mark.parametrize("radius", [0.0, 0.02, 0.7, 4.0, 40.0])
def test_a_circle_finds_the_images_that_it_touches_and_no_others(footprints, radius):
    for ra, dec in centres(footprints, int(100 * radius))[::2]:
        answer = found(Circle(ra, dec, radius))
        assert touched(footprints, Circle(ra, dec, max(0.0, radius - 0.03))) <= answer
        assert answer <= touched(footprints, Circle(ra, dec, radius + 0.03))
        assert answer or radius < 2


def test_a_point_within_a_footprint_finds_it_and_one_beside_it_does_not(footprints):
    for pid, corners in footprints.items():
        places = inside(corners)
        assert pid in found(Circle(*places[SAMPLES * SAMPLES // 2 + 7], 0))
        ra, dec = places[0]
        assert pid not in found(Circle(ra, dec - 2 * np.sign(dec or 1), 0))


@pytest.mark.parametrize("size", [0.05, 0.5, 3.0, 20.0])
def test_a_polygon_finds_the_images_that_it_touches_and_no_others(footprints, size):
    rng = np.random.default_rng(int(100 * size))
    for ra, dec in centres(footprints, 5)[::3]:
        corner = Circle(ra, dec, size).outline()[1:]
        chosen = np.sort(rng.choice(len(corner), 5, replace=False))
        shape = Polygon(tuple(map(tuple, corner[chosen].tolist())))
        answer = found(shape)
        assert touched(footprints, shape) <= answer
        assert answer <= touched(footprints, Circle(ra, dec, size * 1.01 + 0.05))


@pytest.mark.parametrize(
    "limits",
    [(9, 11, 19, 21), (0, 360, -90, 90), (0, 1, -31, -29), (358, 360, 44, 46), (0, 360, 87, 90), (100, 140, 88, 90)]
    + [(299.9, 300.1, -60.1, -59.9), (0, 360, 69.9, 70.1), (200, 200, 88, 88), (40, 60, -10, 10)],
)
def test_a_range_finds_the_images_that_it_touches(footprints, limits):
    shape, grown = Range(*limits), Range(limits[0] - 1, limits[1] + 1, limits[2] - 0.1, limits[3] + 0.1)
    answer = found(shape)
    assert touched(footprints, shape) <= answer
    near_pole = {pid for pid, corners in footprints.items() if corners[:, 1].max() > 88.5}
    assert answer - near_pole <= touched(footprints, grown)


def test_what_is_not_public_is_found_by_no_shape(footprints):
    ra, dec = HIDDEN
    for shape in (Circle(ra, dec, 1), Range(76, 78, 4, 6), Polygon(((76, 4), (78, 4), (78, 6)))):
        assert found(shape) == set()


def test_a_circle_s_edge_lies_at_its_radius_even_around_a_pole():
    for ra, dec, radius in ((10, 20, 3), (10, 90, 2), (0, -89.5, 1), (359.99, 0, 80)):
        edge = unit(Circle(ra, dec, radius).outline()[1:])
        angle = np.degrees(np.arccos(np.clip(edge @ unit(np.array([[ra, dec]]))[0], -1, 1)))
        np.testing.assert_allclose(angle, radius, atol=1e-6)


@pytest.mark.parametrize(
    "text, shape",
    [
        ("CIRCLE 10 20 0.5", Circle(10, 20, 0.5)),
        ("circle 360 -90 0", Circle(0, -90, 0)),
        ("RANGE 10 12 -Inf +Inf", Range(10, 12, -90, 90)),
        ("RANGE -Inf +Inf 1e1 2e1", Range(0, 360, 10, 20)),
        ("RANGE 350 10 -1 1", Range(350, 370, -1, 1)),
        ("RANGE -10 10 -1 1", Range(350, 370, -1, 1)),
        ("RANGE 350 360 -1 1", Range(350, 360, -1, 1)),
        ("RANGE 0 360 -1 1", Range(0, 360, -1, 1)),
        ("RANGE -Inf 10 -1 1", Range(0, 10, -1, 1)),
        ("RANGE 350 +Inf -1 1", Range(350, 360, -1, 1)),
        ("POLYGON 10 10 11 10 11 11", Polygon(((10, 10), (11, 10), (11, 11)))),
        ("POLYGON 10 10 11 10 11 11 10 10", Polygon(((10, 10), (11, 10), (11, 11)))),
        ("POLYGON 10 10 11 10 11 10 11 11", Polygon(((10, 10), (11, 10), (11, 10), (11, 11)))),
        ("POLYGON 10 10 12 10 12 12 11 10.5", Polygon(((10, 10), (12, 10), (12, 12), (11, 10.5)))),
    ],
)
def test_regions_are_read_as_dali_writes_them(text, shape):
    assert read_pos(text) == shape


@pytest.mark.parametrize(
    "text",
    ["", "BOX 1 2 3 4", "CIRCLE 10 20", "CIRCLE 10 95 1", "CIRCLE 40000 0 1", "CIRCLE 10 20 -1", "CIRCLE 10 20 NaN"]
    + [
        "RANGE 12 10 1 0",
        "RANGE 10 20 -100 0",
        "RANGE +Inf 10 0 1",
        "RANGE 1 2 3",
        "POLYGON 1 2 3 4",
        "POLYGON 1 2 3 4 5",
        "POLYGON 0 0 180 0 90 0",
        "CIRCLE a b c",
    ]
    + ["CIRCLE Inf 0 1", "POLYGON 0 0 120 0 240 0", "POLYGON 10 10 11 11 11 10 10 11", "POLYGON 10 0 11 0 12 0"]
    + ["POLYGON 1 2 1 2 1 2", "POLYGON" + " 10 10 11 10 11 11" * 400],
)
def test_what_is_no_region_is_refused_by_its_own_words(text):
    with pytest.raises(BadShapeError, match="POS="):
        read_pos(text)


def test_intervals_may_be_open_or_one_number():
    assert read_interval("BAND", "5e-7") == (5e-7, 5e-7)
    assert read_interval("TIME", "-Inf 55000") == (-np.inf, 55000)
    for text in ("", "3 2", "1 2 3", "x", "NaN"):
        with pytest.raises(BadShapeError, match="TIME="):
            read_interval("TIME", text)
