"""Periods of a place's variable stars: found once for each tier, shown to those who may see its points."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from archive.access.reading import ANYONE, EVERYTHING, Reader, reading
from lightcurves.models import Detection, Source, SourcePeriod
from lightcurves.periods import PeriodConfig
from lightcurves.tables.periods import best
from lightcurves.updates import periods, releases, sources, statistics
from lightcurves.updates.periods import CatalogConfig, PointsChangedError
from processing.executive import plan_periods, queue, tasks
from processing.executive.plan import Selection
from processing.models import Job

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PERIOD = 0.5713
OID = 655213300000000
VARIABLE = OID + 7
PARTNER = Reader(frozenset({2}))
CONFIG = CatalogConfig(least_points=20, search=PeriodConfig(fmax=4.0))


@pytest.fixture(scope="module")
def sky(committed):
    """Eight stars in two filters, one a sawtooth; thirty public images of each filter, twenty of the partnership."""
    committed.ra, committed.dec, committed.mag = committed.ra[:8], committed.dec[:8], committed.mag[:8]
    rng = np.random.default_rng(2)
    for fid in (1, 2):
        days = np.sort(rng.uniform(0, 60, 50))
        images = [
            committed.image(day + 0.01 * fid, fid=fid, programid=2 if k % 5 < 2 else 1, public=k % 5 >= 2)
            for k, day in enumerate(days)
        ]
        sources.seed(images[2], committed.catalog(), None)
        for image in images:
            table = committed.table()
            table["mag"][7] += 0.8 * ((image.obsjd - 2459093.5) / PERIOD % 1)
            sources.add_points(image, sources.catalog(table, 26.0))
        statistics.refresh(655, 50, fid)
    yield committed
    SourcePeriod.objects.all().delete()
    Job.objects.filter(pipeline="periods").delete()


@pytest.fixture(scope="module")
def found(sky):
    results = periods.search_place(655, 50, CONFIG)
    periods.write(results, Source.objects.values_list("pk", flat=True))
    return results


def committed(change) -> None:
    """Do something on a connection of its own, so that it is committed at once and the reader's connection sees it."""

    def work():
        change()
        connections["default"].close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def variables() -> set[int]:
    """The variable star in both filters."""
    star = Source.objects.get(pk=VARIABLE)
    return set(Source.objects.within(star.ra, star.dec, 1 / 3600).values_list("pk", flat=True))


def test_only_the_variable_star_gets_a_period_from_both_filters_together(found):
    assert {one.star for one in found} == {tuple(sorted(variables()))}
    assert all(one.result.period == pytest.approx(PERIOD, rel=1e-3) for one in found)
    assert all(one.result.n_bands == 2 for one in found)


def test_each_reader_is_shown_the_period_of_the_points_that_they_see(found):
    shown = {}
    for name, reader in {"visitor": ANYONE, "partner": PARTNER, "all": EVERYTHING}.items():
        with reading(reader):
            shown[name] = best(variables())
    assert {row.nobs for row in shown["visitor"].values()} == {60}
    assert {row.nobs for row in shown["partner"].values()} == {100}
    assert {row.nobs for row in shown["all"].values()} == {100}
    assert set(shown["visitor"]) == variables()


def test_a_visitor_never_reads_a_row_of_a_closed_tier(found):
    with reading(ANYONE):
        assert set(map(tuple, SourcePeriod.objects.values_list("programs", flat=True))) == {()}


def test_a_visitors_period_does_not_move_with_closed_points(sky, found):
    """The same star, its closed points far off: what visitors are shown stays as it was, to the last digit."""
    closed = Detection.objects.filter(oid=VARIABLE, programid=2)
    mags = dict(closed.values_list("pid", "mag"))
    committed(lambda: closed.update(mag=30.0))
    try:
        again = periods.search_place(655, 50, CONFIG)
    finally:
        committed(lambda: [closed.filter(pid=pid).update(mag=mag) for pid, mag in mags.items()])
    public, closed_before = ([one.result.period for one in found if one.tier == tier] for tier in ((), (2,)))
    assert [one.result.period for one in again if one.tier == ()] == public
    assert [one.result.amplitude for one in again if one.tier == (2,)] != closed_before


def test_points_without_an_uncertainty_are_dropped_and_end_no_job(sky, found):
    """IRSA's archive has magerr 0 where none is known: the quadrant's other points and stars are searched."""
    some = Detection.objects.filter(oid=VARIABLE, programid=1)
    pids = list(some.values_list("pid", flat=True)[:3])
    errors = dict(some.filter(pid__in=pids).values_list("pid", "magerr"))
    committed(lambda: some.filter(pid__in=pids).update(magerr=0.0))
    try:
        again = [one for one in periods.search_place(655, 50, CONFIG) if one.tier == ()]
    finally:
        committed(lambda: [some.filter(pid=pid).update(magerr=error) for pid, error in errors.items()])
    assert [one.result.n_points for one in again] == [one.result.n_points - 3 for one in found if one.tier == ()]
    assert all(one.result.period == pytest.approx(PERIOD, rel=1e-3) for one in again)


def test_what_rights_changed_meanwhile_is_not_written(sky, found):
    public = [one for one in found if one.tier == ()]
    (row,) = Detection.objects.filter(oid=VARIABLE, programid=1)[:1]
    point = Detection.objects.filter(oid=VARIABLE, pid=row.pid)
    committed(lambda: point.update(public_date=None))
    try:
        with pytest.raises(PointsChangedError, match="60 points were searched, now 59"):
            periods.write(public, variables())
    finally:
        committed(lambda: point.update(public_date=row.public_date))


def test_a_job_searches_tells_how_far_it_is_and_writes_once(sky, found, monkeypatch):
    SourcePeriod.objects.all().delete()
    (job,) = plan_periods.plan_places(Selection(fields=frozenset({655})))
    assert plan_periods.plan_places(Selection(fields=frozenset({655})))[0].pk == job.pk
    told = []
    monkeypatch.setattr(periods, "STARS_AT_ONCE", 1)
    search = periods.search_place

    def watched(field, rcid, config, progress):
        def both(done, of):
            progress(done, of)
            told.append(Job.objects.get(pk=job.pk).measurements)

        return search(field, rcid, CONFIG, both)

    monkeypatch.setattr(periods, "search_place", watched)
    claimed = queue.claim(job.pk)
    tasks.run_claimed(claimed)
    queue.release(job.pk)
    job.refresh_from_db()
    assert (job.state, job.reason) == (Job.State.DONE, "")
    assert told[-1] == {"searched": 2, "stars": 2}  # one star in two tiers
    assert job.measurements == {"stars": 1, "periods": 2, "confident": job.measurements["confident"], "rows": 4}
    assert SourcePeriod.objects.count() == 4


def test_chosen_objects_are_searched_with_what_lies_at_their_place(sky):
    results = periods.search_objects([VARIABLE], CONFIG)
    assert {one.star for one in results} == {tuple(sorted(variables()))}
    assert {one.tier for one in results} == {(), (2,)}


def test_objects_and_places_that_are_not_there_are_refused(sky):
    with pytest.raises(ValueError, match="12345"):
        plan_periods.plan_objects([12345])
    with pytest.raises(CommandError, match="no light curves there"):
        call_command("periods", "--field", "999")
    with pytest.raises(CommandError, match="leave --field"):
        call_command("periods", "--field", "655", "--object", "5")


def test_points_that_are_closed_again_take_the_periods_of_their_star_with_them(sky):
    periods.write(periods.search_objects([VARIABLE], CONFIG), variables())
    with connections["default"].cursor() as cursor:
        cursor.execute(releases.FORGET_PERIODS, [[VARIABLE]])
    assert not SourcePeriod.objects.filter(oid__in=variables()).exists()


def test_queries_and_the_object_page_show_the_period_of_the_reader(sky, client):
    periods.write(periods.search_objects([VARIABLE], CONFIG), variables())
    query = f"SELECT period, nobs FROM ztf.ztf_periods WHERE oid = {VARIABLE}"
    parameters = {"LANG": "ADQL", "REQUEST": "doQuery", "RESPONSEFORMAT": "csv", "QUERY": query}
    answer = client.get("/tap/sync", parameters)
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    period, nobs = text.decode().split()[1].split(",")
    assert (float(period), nobs) == (pytest.approx(PERIOD, rel=1e-3), "60")
    page = client.get(f"/objects/{VARIABLE}/").content.decode()
    assert "The catalog search found" in page and "60 points in 2 filters" in page
