"""The ordered sources that a worker keeps between images: read once, and never out of date."""

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from lightcurves.models import Source
from lightcurves.updates import known_sources, sources
from tests.lightcurves.starsky import FID, FIELD, RCID

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    known_sources.clear()
    yield
    known_sources.clear()


def times_read(queries: CaptureQueriesContext) -> int:
    return sum("string_agg(int8send(oid)" in query["sql"] for query in queries)


def seeded(sky):
    image = sky.image(0)
    sources.seed(image, sky.catalog(), None)
    return image


def test_images_of_one_quadrant_read_its_sources_once(sky):
    seeded(sky)
    with CaptureQueriesContext(connection) as queries:
        found = [sources.add_points(sky.image(day), sky.catalog()) for day in (1, 2, 3)]
    assert [counts["matched"] for counts in found] == [40, 40, 40]
    assert times_read(queries) == 1


def test_a_source_whose_position_changes_is_matched_where_it_is_now(sky):
    seeded(sky)
    sources.add_points(sky.image(1), sky.catalog())
    moved = Source.objects.order_by("oid").first()
    Source.objects.filter(pk=moved.pk).update(dec=moved.dec + 0.1)
    assert sources.add_points(sky.image(2), sky.catalog())["born"] == 1  # of the detection where nothing is now
    found = known_sources.known(FIELD, RCID, FID)
    assert found.dec[0] == moved.dec + 0.1


def test_sources_of_a_transaction_that_was_rolled_back_are_forgotten(sky):
    seeded(sky)
    with transaction.atomic():
        Source.objects.filter(field=FIELD).order_by("oid").first().delete()
        assert len(known_sources.known(FIELD, RCID, FID)) == 39
        transaction.set_rollback(True)
    assert len(known_sources.known(FIELD, RCID, FID)) == 40


def test_a_quadrant_without_sources_is_empty(db):
    found = known_sources.known(FIELD, RCID, FID)
    assert len(found) == 0
    assert found.ordered.match([10.0], [20.0], 1.0).index.tolist() == [-1]


def test_those_used_longest_ago_go_first(sky, monkeypatch):
    monkeypatch.setattr(known_sources, "MOST_KEPT", 100)
    seeded(sky)
    for fid in (1, 3):
        sources.seed(sky.image(fid, fid=fid), sky.catalog(), None)
    known_sources.clear()
    for fid in (1, FID, 1, 3):
        known_sources.known(FIELD, RCID, fid)
    with CaptureQueriesContext(connection) as queries:
        known_sources.known(FIELD, RCID, 1)
    assert times_read(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        known_sources.known(FIELD, RCID, FID)
    assert times_read(queries) == 1


def test_positions_come_from_the_database_to_the_last_bit(sky):
    seeded(sky)
    rows = np.array(list(Source.objects.order_by("oid").values_list("oid", "ra", "dec")))
    found = known_sources.known(FIELD, RCID, FID)
    np.testing.assert_array_equal(np.stack([found.oid, found.ra, found.dec], axis=1), rows)
