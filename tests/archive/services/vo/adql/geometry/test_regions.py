# ruff: noqa: E501 - tables of queries and texts read better on one line
"""CONTAINS, INTERSECTS, AREA and CENTROID of all pairs of geometries, against plain numpy; footprints by their columns."""

import numpy as np
import pytest

from tests.archive.services.vo.adql import sphere
from tests.archive.services.vo.adql.world import CENTRE

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]

PLACES = [(0.0, 0.0), (10.0, 90.0), (200.0, -90.0), (359.9, 40.0), CENTRE]
SHAPES = [
    [(-0.7, -0.5), (0.6, -0.6), (0.7, 0.5), (-0.5, 0.8)],
    [(-0.7, -0.5), (0.6, -0.6), (0.0, 0.0), (0.7, 0.5), (-0.5, 0.8)],  # not convex
    [(-4, -3), (5, -3.5), (4, 4)],
    [(-20, -18), (22, -15), (21, 19), (-17, 20)],  # wider than Q3C takes
    [(-50, -40), (45, -40), (50, 35), (0, 20), (-40, 45)],
]  # degrees on the tangent plane


def around(place, shape, reverse=False):
    """A polygon around a place."""
    centre = sphere.vectors(*place)
    east = np.cross([0, 0, 1.0], centre)
    east = np.array([0, 1.0, 0]) if np.linalg.norm(east) < 1e-9 else east / np.linalg.norm(east)
    north = np.cross(centre, east)
    offsets = np.tan(np.radians(np.array(shape)))
    corners = sphere.positions(centre + offsets[:, :1] * east + offsets[:, 1:] * north)
    return [(float(a), float(d)) for a, d in (corners[::-1] if reverse else corners)]


def polygon(corners):
    return f"POLYGON({', '.join(f'{a!r}, {d!r}' for a, d in corners)})"


def by_points(corners):
    return f"POLYGON('ICRS', {', '.join(f'POINT({a!r}, {d!r})' for a, d in corners)})"


def region(corners):
    return f"REGION('Polygon ICRS {' '.join(f'{a!r} {d!r}' for a, d in corners)}')"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_the_stars_in_polygons_of_all_sizes_and_forms(visitor, world, place, shape):
    stars = world.stars
    for reverse in (False, True):
        corners = around(place, SHAPES[shape], reverse)
        wanted = stars.id[sphere.inside(stars.ra, stars.dec, corners)].tolist()
        for form in (polygon, by_points, region):
            for condition in (
                f"1 = CONTAINS(POINT(ra, dec), {form(corners)})",
                f"1 = INTERSECTS({form(corners)}, POINT(ra, dec))",
            ):
                rows, _ = visitor(f"SELECT id FROM sky.stars WHERE {condition}")
                assert sorted(row[0] for row in rows) == wanted
        rows, _ = visitor(f"SELECT COUNT(*) AS n FROM sky.stars WHERE 0 = CONTAINS(POINT(ra, dec), {polygon(corners)})")
        assert rows == [(len(stars.id) - len(wanted),)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_vertices_and_sides_are_inside_and_what_is_beyond_them_is_not(visitor, place, shape):
    """Either way round, by CONTAINS and by INTERSECTS with its arguments in either order."""
    for reverse in (False, True):
        corners = around(place, SHAPES[shape], reverse)
        on = np.concatenate([sphere.border(corners, 3), sphere.vectors(*np.array(corners).T)])
        middle = np.sum(sphere.vectors(*np.array(corners).T), axis=0)
        beyond = [sphere.positions(one + 1e-9 * (one - middle / np.linalg.norm(middle))) for one in on]
        beyond = [
            one
            for one in beyond
            if sphere.border_distance(*one, corners) > 4e-9 and not sphere.inside(*one, corners)[0]
        ]
        for form in (polygon, region):
            parts = [
                f"{condition.format(point=f'POINT({ra!r}, {dec!r})', polygon=form(corners))} AS c{n}_{side}"
                for n, (ra, dec) in enumerate([*sphere.positions(on).tolist(), *np.array(beyond).tolist()])
                for side, condition in enumerate(
                    ("CONTAINS({point}, {polygon})", "INTERSECTS({point}, {polygon})", "INTERSECTS({polygon}, {point})")
                )
            ]
            rows, _ = visitor(f"SELECT TOP 1 {', '.join(parts)} FROM sky.stars")
            assert rows[0] == (1,) * 3 * len(on) + (0,) * 3 * len(beyond)


@pytest.mark.parametrize("column", ["s_region", "outline"])
def test_corners_of_footprints_are_inside_them(visitor, world, column):
    for n, (_, corners) in enumerate(world.images[:6]):
        for ra, dec in corners:
            rows, _ = visitor(
                f"SELECT id FROM sky.images WHERE 1 = CONTAINS(POINT({float(ra)!r}, {float(dec)!r}), {column})"
            )
            assert n in {row[0] for row in rows}


def test_stars_that_are_a_polygon_s_vertices_are_found_by_it(visitor, world):
    stars = world.stars
    near = np.argsort(sphere.distance(stars.ra, stars.dec, *CENTRE))[[5, 9, 14]]
    corners = [(float(stars.ra[n]), float(stars.dec[n])) for n in near]
    rows, _ = visitor(f"SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), {polygon(corners)})")
    assert {int(stars.id[n]) for n in near} <= {row[0] for row in rows}


def test_a_polygon_of_many_vertices_is_taken(visitor, world):
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    corners = around(CENTRE, np.column_stack([2 * np.cos(angle), 2 * np.sin(angle)]))
    rows, _ = visitor(f"SELECT id FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), {polygon(corners)})")
    stars = world.stars
    assert sorted(row[0] for row in rows) == stars.id[sphere.inside(stars.ra, stars.dec, corners)].tolist()
    assert len(rows) > 50


@pytest.mark.parametrize("place", PLACES + [(0.2, -89.9), (123.0, 60.0)])
@pytest.mark.parametrize(("width", "height"), [(1.0, 2.0), (40.0, 30.0), (100.0, 3.0)])
def test_a_box_has_sides_of_great_circles_also_over_the_poles(visitor, world, place, width, height):
    stars, corners = world.stars, sphere.box(*place, width, height)
    wanted = stars.id[sphere.inside(stars.ra, stars.dec, corners)].tolist()
    ra, dec = place
    for form in (
        f"BOX({ra}, {dec}, {width}, {height})", f"BOX('ICRS', POINT({ra}, {dec}), {width}, {height})",
        f"REGION('BOX ICRS {ra} {dec} {width} {height}')",
    ):  # fmt: skip
        rows, _ = visitor(f"SELECT id FROM sky.stars WHERE CONTAINS(POINT(ra, dec), {form}) = 1")
        assert sorted(row[0] for row in rows) == wanted


def geometries(place):
    """Geometries near a place in both notations: ADQL's and the oracle's."""
    rng = np.random.default_rng(int(sum(place)))
    found = []
    for size in (0.3, 4.0):
        for shape in SHAPES[:2]:
            offset = rng.normal(0, size, 2)
            corners = around(place, np.array(shape) * size + offset)
            found.append((polygon(corners), ("polygon", corners)))
        ra, dec = around(place, [tuple(rng.normal(0, size, 2))])[0]
        found.append((f"CIRCLE({ra!r}, {dec!r}, {size})", ("circle", (ra, dec, size))))
        found.append((f"POINT({ra!r}, {dec!r})", ("point", (ra, dec))))
    ra, dec = place
    found.append((f"BOX({ra}, {dec}, 3, 2)", ("polygon", sphere.box(ra, dec, 3, 2))))
    found.append((f"CIRCLE({ra}, {dec}, 178)", ("circle", (ra, dec, 178.0))))
    return found


@pytest.mark.parametrize("place", PLACES[:4])
def test_every_pair_of_constant_geometries(visitor, place):
    every, asked, wanted = geometries(place), [], []
    for text, one in every:
        for other_text, other in every:
            for name, verdict in (("INTERSECTS", sphere.intersects), ("CONTAINS", sphere.contains)):
                if other[0] == "point" and (name == "CONTAINS" or one[0] == "point"):
                    continue
                truth = verdict(one, other)
                if truth is not None:
                    asked.append(f"{name}({text}, {other_text})")
                    wanted.append(int(truth))
    for start in range(0, len(asked), 100):
        some = asked[start : start + 100]
        rows, _ = visitor(
            f"SELECT {', '.join(f'{one} AS c{n}' for n, one in enumerate(some))} FROM sky.filters WHERE fid = 1"
        )
        wrong = [pair for pair, got, want in zip(some, rows[0], wanted[start:], strict=False) if got != want]
        assert wrong == []
    assert 20 < sum(wanted) < len(wanted) - 20


FORMS = ("s_region", "plain_region", "outline", "REGION(plain_region)", "i.s_region")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("column", FORMS)
def test_footprints_around_a_point_and_against_regions(visitor, world, place, column):
    """By corners with an index, by text, and by an array: all choose the same images."""
    ra, dec = around(place, [(0.1, -0.15)])[0]
    probe = around(place, np.array(SHAPES[1]) * 0.8 + 0.3)
    questions = {
        f"CONTAINS(POINT({ra!r}, {dec!r}), {column})": lambda image: sphere.contains(("point", (ra, dec)), image),
        f"INTERSECTS({column}, CIRCLE({ra!r}, {dec!r}, 0.2))": lambda image: sphere.intersects(
            image, ("circle", (ra, dec, 0.2))
        ),
        f"CONTAINS({column}, CIRCLE({ra!r}, {dec!r}, 1.3))": lambda image: sphere.contains(
            image, ("circle", (ra, dec, 1.3))
        ),
        f"CONTAINS(CIRCLE({ra!r}, {dec!r}, 0.2), {column})": lambda image: sphere.contains(
            ("circle", (ra, dec, 0.2)), image
        ),
        f"INTERSECTS({polygon(probe)}, {column})": lambda image: sphere.intersects(image, ("polygon", probe)),
        f"CONTAINS({column}, BOX({ra!r}, {dec!r}, 3, 3))": lambda image: sphere.contains(
            image, ("polygon", sphere.box(ra, dec, 3, 3))
        ),
    }
    for question, verdict in questions.items():
        truth = [
            sphere.distance(*centre, ra, dec) < 6 and verdict(("polygon", corners)) for centre, corners in world.images
        ]
        wanted = {n for n, one in enumerate(truth) if one}
        unsure = {n for n, one in enumerate(truth) if one is None}
        rows, translation = visitor(f"SELECT i.id FROM sky.images AS i WHERE 1 = {question}")
        assert {row[0] for row in rows} - unsure == wanted - unsure, question
        assert translation.searches_sky == column.endswith("s_region")
    assert wanted


def test_columns_of_points_and_circles_are_geometries(visitor, world):
    found, _ = visitor("SELECT COUNT(*) AS n FROM sky.images WHERE DISTANCE(centre, POINT(ra, dec)) < 1e-9")
    assert found == [(len(world.images),)]
    found, _ = visitor(
        "SELECT COUNT(*) AS n FROM sky.images WHERE 1 = CONTAINS(centre, disc) AND 1 = CONTAINS(centre, outline)"
    )
    inside = sum(sphere.contains(("point", centre), ("polygon", corners)) for centre, corners in world.images)
    assert found == [(inside,)]
    rows, translation = visitor(
        "SELECT id, centre, CIRCLE(centre, 2) AS c, COORD1(centre) AS a FROM sky.images ORDER BY id"
    )
    centre = world.images[0][0]
    assert rows[0][1:] == (pytest.approx(list(centre)), pytest.approx([*centre, 2.0]), pytest.approx(centre[0]))
    assert [one.xtype for one in translation.columns] == [None, "point", "circle", None]


def test_footprints_of_a_query_within_a_query_are_read_from_their_text(visitor, world):
    ra, dec = world.images[0][0]
    inner = "SELECT id, s_region FROM sky.images WHERE id < 100"
    for adql in (
        f"SELECT q.id FROM ({inner}) AS q WHERE 1 = CONTAINS(POINT({ra!r}, {dec!r}), q.s_region)",
        f"WITH q AS ({inner}) SELECT id FROM q WHERE 1 = CONTAINS(POINT({ra!r}, {dec!r}), s_region)",
    ):
        truth = [sphere.contains(("point", (ra, dec)), ("polygon", corners)) for _, corners in world.images[:100]]
        assert {row[0] for row in visitor(adql)[0]} == {n for n, one in enumerate(truth) if one}


def test_area_and_centroid_of_footprints(visitor, world):
    rows, _ = visitor(
        "SELECT id, AREA(s_region) AS a, AREA(plain_region) AS b, COORD1(CENTROID(outline)) AS x, COORD2(CENTROID(s_region)) AS y "
        "FROM sky.images ORDER BY id"
    )
    rng = np.random.default_rng(5)
    for n in (1, 2, 120):
        (ra, dec), corners = world.images[n]
        # the share of a box of four square degrees that lies within the footprint
        box = sphere.box(ra, dec, 3.2, 3.2)
        v = sphere.vectors(*np.array(box).T)
        a, b = rng.random((2, 200_000, 1))
        sampled = v[0] + a * (v[1] - v[0]) + b * (v[3] - v[0])
        weight = 1 / np.linalg.norm(sampled, axis=1) ** 3  # of the tangent plane's area on the sphere
        sampled /= np.linalg.norm(sampled, axis=1, keepdims=True)
        within = sphere.inside(*sphere.positions(sampled).T, corners)
        area = sphere_area(box) * np.sum(weight[within]) / np.sum(weight)
        assert rows[n][1] == pytest.approx(area, rel=0.03)
        assert rows[n][2] == pytest.approx(rows[n][1], rel=1e-9)
        middle = sphere.positions(np.sum(sampled[within] * weight[within, None], axis=0))
        assert sphere.distance(*rows[n][3:], *middle) < 0.02


def sphere_area(corners) -> float:
    """Square degrees of a convex polygon, by the sum of its angles."""
    v = sphere.vectors(*np.array(corners).T)
    total = 0.0
    for a, b, c in zip(np.roll(v, 1, axis=0), v, np.roll(v, -1, axis=0), strict=True):
        p, q = np.cross(b, a), np.cross(b, c)
        total += np.arctan2(np.linalg.norm(np.cross(p, q)), p @ q)
    return (total - (len(v) - 2) * np.pi) * np.degrees(1) ** 2
