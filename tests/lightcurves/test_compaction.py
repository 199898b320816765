"""Points move from rows into chunks: nobody sees a difference, whatever their rights, whatever happens meanwhile."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection, connections
from django.utils import timezone

from archive.access.audit import Actor
from archive.access.reading import ANYONE, EVERYTHING, Reader, reading
from archive.models import Program, Release, ScienceImage
from archive.releases import freeze, publish, withdraw
from archive.releases.redating import redate
from lightcurves.models import Chunk, Detection, Image, Source
from lightcurves.storage import chunks, codec, read, recent, store
from lightcurves.updates import sources, statistics
from tests.lightcurves.starsky import FID, FIELD, RCID

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SYSTEM = Actor("test")
OID = 655213300000000
PARTNER = Reader(frozenset({2}))
LATER = 9999
PLACE = store.place_of(FIELD, RCID, FID)


@pytest.fixture
def curves(sky):
    """Forty stars on ten public images and five of the partnership's."""
    images = [sky.image(day) for day in range(10)]
    images += [sky.image(20 + day, programid=2, public=False) for day in range(5)]
    sources.seed(images[0], sky.catalog(), None)
    for image in images:
        sources.add_points(image, sky.catalog())
    sky.images = images
    return sky


def everything() -> dict[str, np.ndarray]:
    return read.get(Source.objects.values_list("pk", flat=True)).columns


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(recent.PARTITIONS)
        return {name for name, _ in cursor.fetchall()}


def test_compaction_changes_no_light_curve_beyond_its_steps(curves):
    before, nights = everything(), partitions()
    counts = store.compact(LATER)
    dropped = counts.pop("nights")  # those of other tests' skies too, where these left any
    assert counts == {"points": 600, "chunks": 80, "packed_again": 0} and dropped >= 15
    assert Detection.objects.count() == 0 and len(partitions()) == len(nights) - dropped
    after = everything()
    assert set(after) == set(before)
    for name, values in before.items():
        if values.dtype.kind == "f":
            step = {"mag": 0.51e-4, "magerr": 1e-5, "chi": 1e-3, "sharp": 1e-3}.get(name, 1e-9)
            assert after[name] == pytest.approx(values, abs=step, nan_ok=True), name
        else:
            assert np.array_equal(after[name], values), name
    assert store.compact(LATER)["points"] == 0


def test_nights_that_are_still_fresh_stay_rows(curves):
    middle = curves.images[4].nid
    assert store.compact(middle)["points"] == 200
    assert Detection.objects.count() == 400
    assert len(everything()["pid"]) == 600


def test_small_chunks_are_merged_with_what_comes_to_them(curves):
    for image in curves.images[:10]:
        store.compact(image.nid)
    assert len(everything()["pid"]) == 600
    sizes = list(Chunk.objects.filter(oid=OID).values_list("nobs", flat=True))
    assert sum(sizes) == 10 and len(sizes) <= 3


def test_statistics_are_the_same_from_either_tier(curves):
    statistics.refresh(FIELD, RCID, FID)
    before = store.statistics([OID])[OID]
    store.compact(LATER)
    statistics.refresh(FIELD, RCID, FID)
    after = store.statistics([OID])[OID]
    assert (after.nobs, after.nobsrel) == (before.nobs, before.nobsrel) == (15, 15)
    assert after.meanmag == pytest.approx(before.meanmag, abs=5e-5)
    assert after.stetsonj == pytest.approx(before.stetsonj, rel=0.05, abs=0.02)


def test_an_image_appended_again_after_compaction_has_its_points_once(curves):
    store.compact(LATER)
    image = curves.images[3]
    assert sources.add_points(image, curves.catalog())["points"] == 40
    assert Detection.objects.count() == 40 and Image.objects.get(pk=image.pid).points == 40
    found = everything()
    assert len(found["pid"]) == 600
    assert len(np.unique(np.stack([found["oid"], found["pid"]]), axis=1)[0]) == 600
    store.compact(LATER)
    assert len(everything()["pid"]) == 600 and Detection.objects.count() == 0


def test_what_an_image_gave_is_found_in_either_tier(curves):
    before = store.points_of(curves.images[3])
    store.compact(curves.images[3].nid)
    after = store.points_of(curves.images[3])
    assert sorted(after.oid) == sorted(before.oid) and len(after.oid) == 40
    assert np.sort(after.mag) == pytest.approx(np.sort(before.mag), abs=0.51e-4)


def test_an_exposure_is_appended_whole_or_not_at_all(curves):
    one = np.ones(1)
    fine = store.Points(np.array([OID]), one, one, one, one, *[np.zeros(1, int)] * 3)
    far = store.Points(np.array([OID]), one, one, one, one, np.zeros(1, int), np.full(1, 40000), np.zeros(1, int))
    images = [curves.image(50), curves.image(51)]
    with pytest.raises(ValueError, match="dra reaches 40000 mas"):
        store.append_exposure([(images[0], fine), (images[1], far)])
    assert len(everything()["pid"]) == 600
    assert store.append_exposure([(image, fine) for image in images]) == 2
    assert len(everything()["pid"]) == 602


def test_points_that_wait_for_their_date_stay_rows_until_it_has_passed(curves):
    image = curves.image(40, programid=2, public=False)
    tomorrow = timezone.now() + timedelta(days=1)
    ScienceImage.objects.filter(pk=image.pk).update(public_date=tomorrow)
    image.refresh_from_db()
    sources.add_points(image, curves.catalog())
    assert store.compact(LATER)["points"] == 600
    assert Detection.objects.filter(public_date=tomorrow).count() == 40
    Detection.objects.update(public_date=timezone.now() - timedelta(minutes=1))
    assert store.compact(LATER)["points"] == 40
    assert sum(Chunk.objects.filter(oid=OID).exclude(public_date=None).values_list("nobs", flat=True)) == 11


def test_a_place_is_read_back_in_batches(curves):
    store.compact(LATER)
    found = list(read.batches(FIELD, RCID, FID, sources=15))
    assert [len(one.oids) for one in found] == [15, 15, 10]
    assert sum(map(len, read.scan())) == 600
    public = np.concatenate([one.columns["public"] for one in found])
    assert public.sum() == 400


def test_a_selection_of_programs_reads_their_points_only(curves):
    assert len(read.get([OID], programs=[2])) == 5
    store.compact(LATER)
    assert len(read.get([OID], programs=[2])) == 5 and len(read.get([OID], programs=[1])) == 10


def test_a_damaged_chunk_is_refused_by_name(curves):
    store.compact(LATER)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lightcurves_chunk SET data = set_byte(data, 30, 255 - get_byte(data, 30))")
    with pytest.raises(codec.BrokenPieceError, match=str(OID)):
        read.get([OID])


def test_a_release_opens_packed_points_and_its_withdrawal_closes_them(curves):
    store.compact(LATER)
    release = Release.objects.create(
        name="dr-packed", title="Test", first_night=date(2020, 9, 21), last_night=date(2020, 9, 23)
    )
    release.programs.set([2])
    publish(freeze(release, SYSTEM), SYSTEM)
    opened = dict(Chunk.objects.filter(oid=OID, programid=2).values_list("public_date", "nobs"))
    assert opened.pop(None) == 2 and list(opened.values()) == [3]
    assert len(everything()["pid"]) == 600
    release.refresh_from_db()
    withdraw(release, SYSTEM)
    assert not Chunk.objects.filter(programid=2).exclude(public_date=None).exists()
    assert len(everything()["pid"]) == 600


def test_a_new_proprietary_period_opens_packed_points_or_makes_them_rows_that_wait(curves):
    store.compact(LATER)
    program = Program.objects.get(pk=2)
    redate(program, 365 * 99, SYSTEM)
    assert Detection.objects.filter(programid=2, public_date__gt=timezone.now()).count() == 200
    assert len(everything()["pid"]) == 600
    redate(program, 1, SYSTEM)
    store.compact(LATER)
    assert not Chunk.objects.filter(public_date=None).exists()
    assert len(everything()["pid"]) == 600


def test_a_point_whose_new_date_is_to_come_becomes_a_row_again(curves):
    store.compact(LATER)
    image = curves.images[12]
    ScienceImage.objects.filter(pk=image.pk).update(public_date=datetime(2099, 1, 1, tzinfo=UTC))
    assert len(chunks.follow_rights(PLACE, [image.pid])) == 40
    assert Detection.objects.filter(pid=image.pid, public_date=datetime(2099, 1, 1, tzinfo=UTC)).count() == 40
    assert len(everything()["pid"]) == 600


@pytest.fixture(scope="module")
def packed(committed, django_db_blocker):
    """Both tiers, in rows that the reader's own connection sees."""
    with django_db_blocker.unblock():
        images = [committed.image(day) for day in range(4)]
        images += [committed.image(20 + day, programid=2, public=False) for day in range(3)]
        sources.seed(images[0], committed.catalog(), None)
        for image in images:
            sources.add_points(image, committed.catalog())
        store.compact(LATER)
        sources.add_points(committed.image(30), committed.catalog())
        return committed


@pytest.mark.parametrize(("reader", "points"), [(ANYONE, 5), (PARTNER, 8), (EVERYTHING, 8)])
def test_a_reader_sees_the_points_of_their_programs_in_both_tiers(packed, reader, points):
    with reading(reader):
        assert len(read.get([OID])) == points


def test_a_closed_chunk_is_not_even_counted_by_a_visitor(packed):
    with reading(ANYONE), connections["reader"].cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE programid = 2) FROM lightcurves_chunk")
        assert cursor.fetchone() == (40, 0)
    with reading(PARTNER), connections["reader"].cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE programid = 2) FROM lightcurves_chunk")
        assert cursor.fetchone() == (80, 40)


def test_a_visitor_who_asks_for_a_closed_program_gets_nothing(packed):
    with reading(ANYONE):
        assert len(read.get([OID], programs=[2])) == 0
