"""Access to points, sources and statistics by reader."""

from datetime import date

import numpy as np
import pytest
from django_q.models import OrmQ

from archive.access.audit import Actor
from archive.access.reading import ANYONE, EVERYTHING, Reader, reading
from archive.models import Release
from archive.releases import freeze, publish
from lightcurves.models import Detection, ImageCorrection, Source, SourceStatistics
from lightcurves.storage import read, store
from lightcurves.updates import sources, statistics

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SYSTEM = Actor("test")
OID = 655213300000000
VARIABLE = OID + 39
PARTNER, CALTECH = Reader(frozenset({2})), Reader(frozenset({3}))
BOTH = Reader(frozenset({2, 3}))


@pytest.fixture(scope="module")
def sky(committed):
    """Ten public images, five of the partnership, three of Caltech; images are off by up to 0.1 mag."""
    rng = np.random.default_rng(2)
    images = [committed.image(day) for day in range(10)]
    images += [committed.image(20 + day, programid=2, public=False) for day in range(5)]
    images += [committed.image(30 + day, programid=3, public=False) for day in range(3)]
    sources.seed(images[0], committed.catalog(), None)
    committed.offsets = rng.normal(0, 0.05, len(images))
    for k, (image, offset) in enumerate(zip(images, committed.offsets, strict=True)):
        table = committed.table(offset)
        table["mag"][-1] += 0.5 * np.sin(k)
        sources.add_points(image, sources.catalog(table, 26.0))
    committed.counts = statistics.refresh(655, 50, 2)
    committed.images = images
    return committed


@pytest.mark.parametrize(
    ("reader", "points"), [(ANYONE, 10), (PARTNER, 15), (CALTECH, 13), (BOTH, 18), (EVERYTHING, 18)]
)
def test_a_reader_sees_the_points_of_their_programs_and_statistics_of_just_these(sky, reader, points):
    with reading(reader):
        curve = read.get([OID])
        found = store.statistics([OID])[OID]
    assert len(curve) == points
    assert found.nobs == points
    assert found.meanmag == pytest.approx(curve.columns["mag"].mean(), abs=1e-4)


def test_a_visitor_never_sees_a_row_of_statistics_with_closed_points(sky):
    with reading(ANYONE):
        assert set(map(tuple, SourceStatistics.objects.values_list("programs", flat=True))) == {()}
    with reading(PARTNER):
        assert set(map(tuple, SourceStatistics.objects.values_list("programs", flat=True))) == {(), (2,)}


def test_corrections_are_as_open_as_their_images(sky):
    with reading(ANYONE):
        assert ImageCorrection.objects.count() == 10
    with reading(EVERYTHING):
        assert ImageCorrection.objects.count() == 18


def test_relative_photometry_takes_the_images_errors_away(sky):
    assert sky.counts["corrected"] == 18
    found = dict(ImageCorrection.objects.values_list("pid", "dzp"))
    solved = np.array([found[image.pid] for image in sky.images])
    difference = solved - sky.offsets
    assert np.std(difference) < 0.002
    rms = [store.statistics([OID + k])[OID + k].magrms for k in range(39)]
    assert np.median(rms) < 0.007
    assert store.statistics([VARIABLE])[VARIABLE].magrms > 0.2


def test_refreshing_again_changes_nothing(sky):
    before = list(SourceStatistics.objects.order_by("oid", "programs").values_list("oid", "programs", "meanmag"))
    statistics.refresh(655, 50, 2)
    after = list(SourceStatistics.objects.order_by("oid", "programs").values_list("oid", "programs", "meanmag"))
    assert [row[:2] for row in after] == [row[:2] for row in before]
    assert [row[2] for row in after] == pytest.approx([row[2] for row in before], abs=1e-5)


def test_tiers_exist_only_where_they_differ(sky):
    oid = OID + 5
    Detection.objects.filter(oid=oid, programid=3)._raw_delete("default")
    statistics.refresh(655, 50, 2)
    tiers = set(map(tuple, SourceStatistics.objects.filter(oid=oid).values_list("programs", flat=True)))
    assert tiers == {(), (2,)}
    assert store.statistics([oid])[oid].nobs == 15


def test_a_release_opens_points_corrections_and_sources(sky):
    Source.objects.filter(pk=OID + 7).update(public_date=None, programid=2)
    release = Release.objects.create(
        name="dr-test", title="Test", first_night=date(2020, 9, 1), last_night=date(2020, 12, 31)
    )
    release.programs.set([2])
    publish(freeze(release, SYSTEM), SYSTEM)
    assert Detection.objects.filter(programid=2, public_date=None).count() == 0
    assert Detection.objects.filter(programid=3, public_date=None).count() == 120
    assert ImageCorrection.objects.exclude(public_date=None).count() == 15
    assert Source.objects.get(pk=OID + 7).public_date is not None
    waiting = [one.name() for one in OrmQ.objects.all()]
    assert sum(name.startswith("statistics") for name in waiting) == 1, "the place's statistics are made anew"
