"""The two-stage search loses nothing, and footprints are exact on the sphere."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.moving.dynamics.crossings import ExposureTable, exposures_crossed
from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.dynamics.observer import observer_at
from archive.moving.dynamics.orbit import AsteroidElements, Orbit
from archive.sky.sphere import point_in_quadrilateral, unit_vectors

EPOCH = 2459800.5
BODIES = (
    Orbit("belt", EPOCH, AsteroidElements(2.4, 0.2, 5.0, 100.0, 50.0, 20.0), H=11.0),
    Orbit("near-Earth", EPOCH, AsteroidElements(1.05, 0.25, 8.0, 200.0, 10.0, 300.0), H=20.0),
    Orbit("distant", EPOCH, AsteroidElements(45.0, 0.1, 15.0, 20.0, 200.0, 40.0), H=5.0),
)


def exposures(n, seed=5, days=400.0):
    """Random pointings on the ecliptic belt, half of them chosen to lie near one of the bodies."""
    rng = np.random.default_rng(seed)
    jd = EPOCH + rng.uniform(-days / 2, days / 2, n)
    site = observer_at(jd)
    ra, dec = rng.uniform(0, 360, n), rng.uniform(-30, 30, n)
    for k, body in enumerate(BODIES):
        part = slice(k, n // 2, len(BODIES))
        places = ephemeris(body, jd[part])
        ra[part] = places.ra + rng.normal(0, 4, places.ra.size)
        dec[part] = places.dec + rng.normal(0, 4, places.dec.size)
    return jd, ExposureTable(site.tdb, unit_vectors(ra, dec), site.position)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.name)
def test_no_exposure_within_the_radius_is_missed(body):
    jd, table = exposures(3000)
    places = ephemeris(body, jd)
    dots = np.sum(unit_vectors(places.ra, places.dec) * table.center, axis=1)
    expected = np.flatnonzero(dots > np.cos(np.deg2rad(5.3)))
    found = exposures_crossed(body, table, 5.3)
    assert expected.size > 200
    np.testing.assert_array_equal(found.index, expected)
    np.testing.assert_allclose(found.ephemeris.ra, places.ra[expected], atol=3e-8)
    np.testing.assert_allclose(found.ephemeris.ddec, places.ddec[expected], atol=1e-6)


def test_an_empty_archive_gives_no_crossings():
    none = exposures_crossed(BODIES[0], ExposureTable(np.empty(0), np.empty((0, 3)), np.empty((0, 3))), 5.3)
    assert none.index.size == 0


def test_a_hundred_thousand_exposures_are_searched_in_a_fifth_of_a_second():
    rng = np.random.default_rng(1)
    n = 100_000
    tdb = EPOCH + rng.uniform(-1000, 1000, n)
    center = unit_vectors(rng.uniform(0, 360, n), rng.uniform(-30, 90, n))
    table = ExposureTable(tdb, center, np.zeros((n, 3)))
    exposures_crossed(BODIES[0], table, 5.3)
    times = []
    for _ in range(5):
        start = time.process_time()
        exposures_crossed(BODIES[0], table, 5.3)
        times.append(time.process_time() - start)
    assert min(times) < 0.2


def square(ra, dec, half):
    """Corners of a gnomonic square about a position, degrees."""
    center = unit_vectors(ra, dec)
    east = np.array([-np.sin(np.deg2rad(ra)), np.cos(np.deg2rad(ra)), 0.0])
    north = np.cross(center, east)
    t = np.tan(np.deg2rad(half))
    v = [center + t * (x * east + y * north) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    v = np.array([p / np.linalg.norm(p) for p in v])
    corners = np.stack([np.rad2deg(np.arctan2(v[:, 1], v[:, 0])), np.rad2deg(np.arcsin(v[:, 2]))], 1)
    return corners, east, north


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0, 360), st.floats(-90, 90), st.floats(0.1, 5),
    st.floats(-2, 2), st.floats(-2, 2), st.booleans(), st.integers(0, 3),
)  # fmt: skip
def test_a_point_is_inside_exactly_when_its_gnomonic_offsets_are(ra, dec, half, x, y, reverse, first):
    if min(abs(abs(x) - 1), abs(abs(y) - 1)) < 1e-6:
        return
    corners, east, north = square(ra, dec, half)
    corners = np.roll(corners[::-1] if reverse else corners, first, axis=0)
    t = np.tan(np.deg2rad(half))
    p = unit_vectors(ra, dec) + t * (x * east + y * north)
    p /= np.linalg.norm(p)
    inside = point_in_quadrilateral(np.rad2deg(np.arctan2(p[1], p[0])), np.rad2deg(np.arcsin(p[2])), corners)
    assert inside[0] == (abs(x) < 1 and abs(y) < 1)


def test_the_pole_and_ra_zero_lie_inside_the_squares_around_them_and_the_antipode_does_not():
    polar, _, _ = square(123.0, 90.0, 1.0)
    inside = point_in_quadrilateral([0.0, 77.0, 200.0], [90.0, 89.5, 85.0], polar)
    assert inside.tolist() == [True, True, False]
    seam, _, _ = square(0.0, 10.0, 1.0)
    inside = point_in_quadrilateral([359.9, 0.1, 180.0], [10.0, 10.0, -10.0], seam)
    assert inside.tolist() == [True, True, False]


def test_corners_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 2\)"):
        point_in_quadrilateral(0.0, 0.0, np.zeros((3, 2)))
