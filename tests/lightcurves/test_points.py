"""Points of light curves: written once, matched rightly, read with what their images know."""

import astropy.units as u
import numpy as np
import pytest
from astropy_healpix import HEALPix
from django.db import connection

from archive.models import PanstarrsStar
from archive.moving.dynamics.observer import observer_at
from lightcurves.models import Detection, ImageCorrection, Source
from lightcurves.storage import read, store
from lightcurves.updates import sources, statistics
from tests.lightcurves.starsky import FID, FIELD, RCID

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def seeded(sky):
    first = sky.image(0)
    sources.seed(first, sky.catalog(), None)
    return first


def test_seeding_twice_makes_the_same_sources_once(sky):
    first = sky.image(0)
    assert sources.seed(first, sky.catalog(), None) == 40
    assert sources.seed(first, sky.catalog(), None) == 0
    oids = Source.objects.order_by("oid").values_list("oid", flat=True)
    assert list(oids) == [655213300000000 + k for k in range(40)]


def test_an_image_appended_twice_has_its_points_once(sky):
    image = seeded(sky)
    assert sources.add_points(image, sky.catalog())["points"] == 40
    found = sources.add_points(image, sky.catalog())
    assert found == {"detections": 40, "matched": 40, "ambiguous": 0, "moved": 0, "born": 0, "points": 40}
    assert Detection.objects.filter(pid=image.pid).count() == 40


def test_a_light_curve_comes_in_order_of_time_with_its_images_numbers(sky):
    first = seeded(sky)
    for image in (sky.image(40), sky.image(3), first):
        sources.add_points(image, sky.catalog())
    oid = Source.objects.first().oid
    curves = read.get([oid])
    assert len(curves) == 3 and list(curves.oids) == [oid]
    assert np.all(np.diff(curves.columns["mjd"]) > 0)
    assert curves.columns["limitmag"] == pytest.approx([20.5] * 3)
    assert curves.columns["mag"] == pytest.approx(sky.mag[0], abs=0.03)
    source = Source.objects.get(pk=oid)
    assert (curves.columns["ra"] - source.ra) * 3600 == pytest.approx([0, 0, 0], abs=0.2)


def test_light_curves_of_nothing_are_empty(db):
    curves = read.get([1])
    assert len(curves) == 0 and len(curves.columns["hjd"]) == 0


def test_a_correction_and_the_colour_apply_on_reading_and_leave_the_points_alone(sky):
    for k, (ra, dec) in enumerate(zip(sky.ra, sky.dec, strict=True)):
        PanstarrsStar.objects.create(objid=k, ra=ra, dec=dec, gmag=16.5, rmag=16.0)
    image = seeded(sky)
    sources.add_points(image, sky.catalog(noise=1e-4))
    before = Detection.objects.order_by("oid").values_list("mag", flat=True)[0]
    ImageCorrection.objects.create(pid=image.pid, dzp=0.02, dzprms=0.01, nstars=40, programid=1)
    curve = read.get([Source.objects.order_by("oid")[0].oid])
    assert curve.columns["mag"][0] == pytest.approx(before + 0.1 * 0.5 - 0.02, abs=1e-5)
    assert Detection.objects.order_by("oid").values_list("mag", flat=True)[0] == before


def test_a_lone_new_star_becomes_a_source_with_its_detections_program(sky):
    seeded(sky)
    image = sky.image(5, programid=2, public=False)
    found = sources.add_points(image, sky.catalog(extra=[(358.3, 10.3, 17.0, 0)]))
    assert found["born"] == 1 and found["points"] == 41
    newborn = Source.objects.get(rfid=None, programid=2)
    assert newborn.public_date is None and newborn.refmag is None


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ([(358.3, 10.3, 17.0, 256)], "saturated"),
        ([(358.3, 10.3, 17.0, 0), (358.3, 10.3005, 17.0, 0)], "two stand together"),
    ],
)
def test_a_doubtful_detection_does_not_become_a_source(sky, extra, why):
    seeded(sky)
    assert sources.add_points(sky.image(5), sky.catalog(extra=extra))["born"] == 0, why


def test_a_public_detection_opens_a_closed_source_but_not_what_the_closed_reference_measured(sky):
    sources.seed(sky.image(0, programid=2, public=False), sky.catalog(), 655120250)
    assert Source.objects.filter(public_date=None, rfid=655120250).count() == 40
    image = sky.image(1)
    sources.add_points(image, sky.catalog())
    source = Source.objects.first()
    assert source.public_date == image.public_date
    assert (source.rfid, source.refmag) == (None, None)


def test_a_bad_image_is_flagged_in_every_point(sky):
    seeded(sky)
    sources.add_points(sky.image(5, infobits=1 << 25), sky.catalog())
    assert set(Detection.objects.values_list("catflags", flat=True)) == {1 << 15}


def test_of_two_detections_near_one_source_the_nearer_counts(sky):
    image = seeded(sky)
    double = (sky.ra[0], sky.dec[0] + 0.6 / 3600, 14.0, 0)
    found = sources.add_points(image, sky.catalog(extra=[double]))
    assert found["points"] == 40 and found["ambiguous"] == 2
    assert read.get([655213300000000]).columns["mag"][0] == pytest.approx(sky.mag[0], abs=0.05)


def test_a_star_that_moved_keeps_its_light_curve_and_is_noted(sky):
    seeded(sky)
    table = sky.table()
    table["dec"][0] += 2.0 / 3600  # half an arcsec a year for four years
    found = sources.add_points(sky.image(1460), sources.catalog(table, 26.0))
    assert (found["matched"], found["moved"], found["born"], found["points"]) == (39, 1, 0, 40)
    curve = read.get([655213300000000]).columns
    assert curve["dec"][0] == pytest.approx(sky.dec[0] + 2.0 / 3600, abs=0.2 / 3600)


def test_a_star_of_known_motion_is_found_where_it_has_gone(sky):
    seeded(sky)
    east, north = 0.5, -0.6  # arcsec a year

    def seen_on(day: int) -> dict[str, int]:
        table, years = sky.table(), day / 365.25
        table["ra"][0] += east * years / np.cos(np.radians(sky.dec[0])) / 3600
        table["dec"][0] += north * years / 3600
        return sources.add_points(sky.image(day), sources.catalog(table, 26.0))

    for day in range(30, 800, 70):
        seen_on(day)
    statistics.refresh(FIELD, RCID, FID)
    known = store.statistics([655213300000000])[655213300000000]
    assert (known.pmra, known.pmdec) == pytest.approx((1000 * east, 1000 * north), abs=5 * known.pmraerr)
    found = seen_on(3300)  # 7 arcsec away, where nothing would be taken for it
    assert (found["matched"], found["moved"], found["born"]) == (40, 0, 0)
    curve = read.get([655213300000000]).columns
    assert curve["dec"][-1] == pytest.approx(sky.dec[0] + north * 3300 / 365.25 / 3600, abs=0.2 / 3600)


def test_a_detection_of_another_brightness_near_a_missing_star_is_not_that_star(sky):
    seeded(sky)
    table = sky.table()
    table["dec"][0] += 2.0 / 3600
    table["mag"][0] -= 2.0
    found = sources.add_points(sky.image(5), sources.catalog(table, 26.0))
    assert (found["moved"], found["born"], found["points"]) == (0, 0, 39)


def test_sources_carry_their_healpix_number(sky):
    seeded(sky)
    source = Source.objects.first()
    expected = HEALPix(nside=2**29, order="nested").lonlat_to_healpix(source.ra * u.deg, source.dec * u.deg)
    assert source.hpx29 == expected


def test_a_cone_gives_sources_nearest_first(sky):
    seeded(sky)
    source = Source.objects.first()
    found = list(store.cone(source.ra, source.dec, 0.1))
    assert found[0] == source and found[0].distance == pytest.approx(0, abs=1e-6)
    assert [one.distance for one in found] == sorted(one.distance for one in found)
    assert {one.pk for one in found} == {one.pk for one in Source.objects.within(source.ra, source.dec, 0.1)}


def test_a_light_curve_is_read_through_the_index(sky):
    sources.add_points(seeded(sky), sky.catalog())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + read.POINTS.query.replace("$1", "'{655213300000000}'").replace("$2", "'{1}'"))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "oid_idx" in plan and "lightcurves_chunk_oid" in plan and "Seq Scan" not in plan


def test_a_source_with_two_points_in_one_image_is_refused(sky):
    image = seeded(sky)
    one = np.zeros(2)
    points = store.Points(np.array([7, 7]), one, one, one, one, one.astype(int), one.astype(int), one.astype(int))
    with pytest.raises(ValueError, match="source 7 has two points"):
        store.append(image, points)


def test_the_heliocentric_date_is_the_surveys_own(sky):
    """A real point: object 773113300016555, exposure 50948185 (IRSA), 30 s."""
    observer = observer_at(2458263.981851900 + 15 / 86400)
    columns = {
        "mjd": np.array([58263.4818519]), "exptime": np.array([30.0]), "ra": np.array([11.2372391]),
        "dec": np.array([57.0721180]), "tdb_mid": observer.tdb,
        **{f"observer_{axis}": observer.position[:, k] for k, axis in enumerate("xyz")},
    }  # fmt: skip
    read.add_heliocentric(columns)
    assert (columns["hjd"][0] - 2458263.9783913903) * 86400 == pytest.approx(0, abs=0.01)
