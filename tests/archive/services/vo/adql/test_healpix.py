"""HEALPix in PostgreSQL is that of cdshealpix, pixel by pixel; proper motion that of astropy."""

from io import StringIO

import astropy.units as u
import cdshealpix
import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from astropy.time import Time
from django.db import connection

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def places():
    """Positions all over the sphere, at the poles, on the seam and where HEALPix's two zones meet."""
    rng = np.random.default_rng(2)
    n = 6000
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    dec[:200], dec[200:400] = 90, -90
    dec[400:700], dec[700:1000] = 90 - 10 ** rng.uniform(-12, -3, 300), -90 + 10 ** rng.uniform(-12, -3, 300)
    ra[1000:1300], ra[1300:1500], ra[1500:1700] = 0, 360 - 1e-12, 45
    dec[1700:2000], dec[2000:2200] = np.degrees(np.arcsin(2 / 3)), 0
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE places (id int, ra float8, decl float8)")
        lines = "".join(f"{k}\t{a!r}\t{d!r}\n" for k, (a, d) in enumerate(zip(ra.tolist(), dec.tolist(), strict=True)))
        cursor.copy_expert("COPY places FROM STDIN", StringIO(lines))
        yield cursor, ra, dec


@pytest.mark.parametrize("order", [0, 1, 6, 13, 22, 29])
def test_the_pixel_of_every_position(places, order):
    cursor, ra, dec = places
    cursor.execute("SELECT ztf_healpix_index(%s, ra, decl) FROM places ORDER BY id", [order])
    got = np.array([row[0] for row in cursor.fetchall()])
    want = cdshealpix.lonlat_to_healpix(Longitude(ra * u.deg), Latitude(dec * u.deg), order).astype(np.int64)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("order", [0, 1, 6, 13, 22, 29])
def test_the_centre_of_a_pixel(places, order):
    pixels = np.random.default_rng(order).integers(0, 12 * 4**order, 500)
    cursor = places[0]
    cursor.execute(
        "SELECT ztf_healpix_center(%s, p) FROM unnest(%s::bigint[]) WITH ORDINALITY AS t (p, k) ORDER BY k",
        [order, pixels.tolist()],
    )
    got = np.array([row[0] for row in cursor.fetchall()])
    lon, lat = cdshealpix.healpix_to_lonlat(pixels, order)
    np.testing.assert_allclose(got[:, 1], lat.deg, atol=1e-12)
    apart = (got[:, 0] - lon.deg + 180) % 360 - 180
    np.testing.assert_allclose(apart * np.cos(lat.rad), 0, atol=1e-12)


def test_pixels_through_adql(visitor, world):
    rows, translation = visitor(
        "SELECT ivo_healpix_index(7, ra, dec) AS a, ivo_healpix_index(7, POINT(ra, dec)) AS b, "
        "ivo_healpix_index(7, ivo_healpix_center(7, ivo_healpix_index(7, ra, dec))) AS c FROM sky.stars ORDER BY id"
    )
    stars = world.stars
    want = cdshealpix.lonlat_to_healpix(Longitude(stars.ra * u.deg), Latitude(stars.dec * u.deg), 7).astype(int)
    np.testing.assert_array_equal(rows, np.column_stack([want] * 3))
    assert translation.columns[0].ucd == "pos.healpix"


def test_a_star_moves_as_astropy_moves_it(visitor):
    ra, dec, pmra, pmdec, parallax, velocity = 269.45, 4.69, -801.6, 10362.4, 546.98, -110.5
    star = SkyCoord(
        ra * u.deg, dec * u.deg, pm_ra_cosdec=pmra * u.mas / u.yr, pm_dec=pmdec * u.mas / u.yr,
        distance=1000 / parallax * u.pc, radial_velocity=velocity * u.km / u.s, obstime=Time(2016.0, format="jyear"),
    )  # fmt: skip
    want = star.apply_space_motion(Time(2116.0, format="jyear"))
    rows, _ = visitor(
        f"SELECT ivo_epoch_prop_pos({ra}, {dec}, {parallax}, {pmra}, {pmdec}, {velocity}, 2016, 2116) AS a, "
        f"ivo_epoch_prop_pos({ra}, {dec}, {pmra}, {pmdec}, 2016, 2116) AS b, "
        f"gavo_apply_pm({ra}, {dec}, {pmra}/3.6e6, {pmdec}/3.6e6, 100) AS c FROM sky.filters WHERE fid = 1"
    )
    full, flat, degrees = (SkyCoord(*one * u.deg) for one in np.array(rows[0]))
    assert full.separation(want).mas < 2  # astropy also counts the time that light takes
    assert 1000 < flat.separation(want).mas < 20000  # without its approach the star falls behind
    assert flat.separation(degrees).mas < 0.01
