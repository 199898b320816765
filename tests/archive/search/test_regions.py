"""Regions of the sky as conditions: circles, polygons, positions and MOCs against footprints, exact on the sphere."""

import re
import tracemalloc

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import Latitude, Longitude
from django.db import connection
from mocpy import MOC

from archive.models import Alert, ReferenceImage, ScienceImage
from archive.models.images import LARGEST_RADIUS
from archive.search.query import NEAR, BadQueryError, ImageQuery, images
from archive.search.region_conditions import FAR
from archive.sky.regions import MOST_CELLS, as_positions, read_region
from archive.sky.shapes import BadShapeError, Polygon
from archive.sky.sphere import separation
from tests import factories

pytestmark = pytest.mark.django_db
AXES = ((51.3, 18.9), (52.6, 18.9), (0.1, 3.0), (359.6, 3.0), (120.0, 88.5), (300.0, -20.0))  # of the telescope


@pytest.fixture
def sky():
    """Images of several fields, also at RA 0 and near the pole."""
    found = []
    for k, (ra, dec) in enumerate(
        [(51.3, 18.9), (52.6, 18.9), (0.1, 3.0), (359.6, 3.0), (120.0, 88.5), (300.0, -20.0)]
    ):
        exposure = factories.exposure(jd=factories.JD + k, ra=ra, dec=dec)
        found += [factories.science_image(exposure, rcid=rcid) for rcid in (0, 27, 36, 63)]
    return found


def found(region: str, family: str = "sci") -> set[int]:
    return {one.pk for one in images(ImageQuery(family=family, region=region))}


def corners(image) -> list[tuple[float, float]]:
    return list(image.corners)


def truth(places: np.ndarray, sky) -> set[int]:
    """Images that hold one of many points of a region."""
    return {one.pk for one in sky if Polygon(tuple(corners(one))).holds(places).any()}


def scattered(centre: tuple[float, float], radius: float, inside) -> np.ndarray:
    """Points of the sphere around a place, of which `inside` (n,) tells which belong to the region."""
    rng = np.random.default_rng(7)
    ra0, dec0 = np.radians(centre)
    r, angle = np.radians(radius) * np.sqrt(rng.uniform(size=60_000)), rng.uniform(0, 2 * np.pi, 60_000)
    axis = np.array([np.cos(dec0) * np.cos(ra0), np.cos(dec0) * np.sin(ra0), np.sin(dec0)])
    east = np.array([-np.sin(ra0), np.cos(ra0), 0.0])
    north = np.cross(axis, east)
    xyz = (
        np.outer(np.cos(r), axis)
        + np.outer(np.sin(r) * np.cos(angle), east)
        + np.outer(np.sin(r) * np.sin(angle), north)
    )
    places = np.stack([np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0])) % 360, np.degrees(np.arcsin(xyz[:, 2]))], axis=1)
    return places[inside(places)]


@pytest.mark.parametrize(("ra", "dec"), [(51.9, 18.9), (0.0, 3.0), (0.0, 90.0), (300.0, -20.0), (100.0, 0.0)])
@pytest.mark.parametrize("radius", [0.3, 1.5, 6.0])
def test_a_circle_finds_what_it_touches(sky, ra, dec, radius):
    places = scattered((ra, dec), radius, lambda places: separation(ra, dec, *places.T) <= radius)
    assert found(f"CIRCLE {ra} {dec} {radius}") == truth(places, sky)


@pytest.mark.parametrize(
    "text",
    [
        "51 18 54 18.2 53 20 51.5 19.5",
        "358 1 2 1 2 5 358 5",
        "0 88 90 88 180 88 270 88",
        "50 15 55 15 55 22 52.6 15.3",
    ],
)
def test_a_polygon_finds_what_it_touches(sky, text):
    polygon = Polygon(tuple(zip(*[iter(map(float, text.split()))] * 2, strict=True)))
    places = scattered(polygon.middle, polygon.radius, polygon.holds)
    assert found(f"POLYGON {text}") == truth(places, sky)


def test_positions_find_what_covers_one_of_them(sky):
    inside = [(sky[0].ra, sky[0].dec), (sky[9].ra, sky[9].dec)]
    assert found(as_positions([*inside, (200.0, 40.0)])) == truth(np.array(inside), sky)
    assert found(as_positions([(200.0, 40.0)])) == set()


@pytest.mark.parametrize(
    ("ra", "dec", "order"), [(51.9, 18.9, 6), (51.9, 18.9, 9), (0.0, 3.0, 8), (0.0, 90.0, 5), (300.0, -20.0, 3)]
)
def test_a_moc_finds_what_its_cells_touch(sky, ra, dec, order):
    moc = MOC.from_cone(Longitude(ra * u.deg), Latitude(dec * u.deg), radius=0.4 * u.deg, max_depth=order)

    def inside(places):
        return moc.contains_lonlat(places[:, 0] * u.deg, places[:, 1] * u.deg)

    text = "MOC " + " ".join(moc.to_string("ascii").split())
    assert found(text) == truth(scattered((ra, dec), 20.0 / (order - 2), inside), sky)


def test_cells_of_all_orders_are_the_same_sky(sky):
    everything = {one.pk for one in sky}
    assert found("MOC 0/0-11") == everything == found("MOC 3/0-767") == found("moc  1/0-20,21-47")


def test_the_widest_cells_find_the_same_places_as_distances_do():
    """All cells of the coarsest order, and the poles, with the margin for footprints: far wider than FAR."""
    pieces = read_region("MOC 0/0-11").pieces
    radius = max(one.radius for one in pieces) + LARGEST_RADIUS
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
    centres = [(one.ra, one.dec) for one in pieces[::13]] + [(0.0, 90.0), (10.0, -90.0), (45.0, 35.26), (135.0, -35.26)]
    sql = """SELECT count(*), count(*) FILTER (WHERE joined), count(*) FILTER (WHERE joined AND NOT near)
        FROM (SELECT q3c_join(c.ra, c.dec, t.ra, t.dec, %s) AS joined, q3c_dist(c.ra, c.dec, t.ra, t.dec) < %s AS near
              FROM unnest(%s::float8[], %s::float8[]) AS c(ra, dec), unnest(%s::float8[], %s::float8[]) AS t(ra, dec)
             ) AS pairs WHERE joined OR near"""
    columns = [*map(list, zip(*centres, strict=True)), ra.tolist(), dec.tolist()]
    with connection.cursor() as cursor:
        cursor.execute(sql, [radius, radius, *columns])
        either, joined, wrong = cursor.fetchone()
    assert radius > 2 * FAR and either == joined > 100 and wrong == 0


def test_cells_of_the_coarsest_order_are_looked_up_by_the_index(sky):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = images(ImageQuery(region="MOC 3/100-120")).order_by().explain()  # not by what the newest are found by
    assert re.search(r"Index Cond: .*q3c_ang2ipix\(.* >= q3c_nearby_it\(", plan)


def test_regions_that_are_remembered_take_little_memory():
    cells = " ".join(map(str, range(MOST_CELLS)))
    tracemalloc.start()
    read_region(f"MOC 5/{cells}")
    one = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert one > 10**5 and one * read_region.cache_info().maxsize < 32 * 2**20


def test_other_families_are_found_by_region(sky):
    assert found(f"CIRCLE {sky[0].ra} {sky[0].dec} 0.1", "ref") == set()
    reference = factories.reference_image(rcid=0, ra=51.3, dec=18.9)
    assert found(f"CIRCLE {sky[0].ra} {sky[0].dec} 0.1", "ref") == {reference.pk}
    assert ReferenceImage.objects.count() == 1
    for family in ("diff", "lc", "alert"):
        assert found(f"CIRCLE {sky[0].ra} {sky[0].dec} 0.1", family) == set()
    with pytest.raises(BadQueryError, match="raw files are searched by position or box"):
        found("CIRCLE 1 1 1", "raw")
    with pytest.raises(BadQueryError, match="no place on the sky"):
        found("CIRCLE 1 1 1", "cal")


def test_alerts_lie_in_a_region_or_near_a_listed_position(sky):
    place = {"ra": 51.3, "dec": 18.9, "field": 655, "rcid": 0, "fid": 2}
    packet = factories.product_file(path="alert/test/regions.avro", family="alert", suffix="avro")
    alert = Alert.objects.create(
        candid=7, objectid="ZTF18abcdefg", pid=sky[0].pid, nid=sky[0].nid, jd=factories.JD, magpsf=19.0, sigmapsf=0.1,
        isdiffpos=True, programid=1, public_date=sky[0].public_date, packet=packet, packet_index=0, **place,
    )  # fmt: skip
    for text in ("CIRCLE 51.3 18.95 0.06", "POLYGON 51 18 52 18 52 19 51 19", f"POSITIONS 51.3 {18.9 + NEAR / 2} 1 1"):
        assert found(text, "alert") == {alert.pk}, text
    for text in ("CIRCLE 51.3 18.95 0.04", "POLYGON 52 18 53 18 53 19", f"POSITIONS 51.3 {18.9 + NEAR * 1.1}"):
        assert found(text, "alert") == set(), text


def test_a_region_goes_with_other_conditions(sky):
    whole = f"CIRCLE {sky[0].ra} {sky[0].dec} 3"
    ScienceImage.objects.filter(pk=sky[0].pk).update(seeing=1.0)
    assert {one.pk for one in images(ImageQuery(region=whole, where="seeing < 1.1"))} == {sky[0].pk}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("BLOB 1 2 3", "no kind of region"),
        ("CIRCLE 1 2", "radius"),
        ("CIRCLE 1 2 60", "at most 30"),
        ("CIRCLE 1 95 1", "95"),
        ("POLYGON 1 2 3 4", "three or more"),
        ("POLYGON 0 0 10 10 10 0 0 10", "cross"),
        ("POSITIONS 1 2 3", "pairs"),
        ("POSITIONS " + "1 2 " * 301, "at most 300"),
        ("MOC", "no cells"),
        ("MOC 5", "orders and cells"),
        ("MOC 15/1", "orders are 0 to 14"),
        ("MOC 2/192", "0 to 191"),
        ("MOC 2/5-4", "ranges rise"),
        ("MOC 9/0-5000", f"more than {MOST_CELLS}"),
        ("CIRCLE " + "1" * 9000, "characters"),
        ("MOC 5/1_0", "orders and cells"),
    ],
)
def test_a_text_that_is_no_region_is_refused_in_words(text, word):
    with pytest.raises(BadShapeError, match=word):
        read_region(text)


def test_a_position_that_is_given_often_is_looked_for_once():
    assert read_region("POSITIONS " + "51 18 " * 300).pieces == read_region("POSITIONS 51 18").pieces
