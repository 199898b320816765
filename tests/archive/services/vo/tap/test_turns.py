"""Turns of query jobs: visitors apart by network, short queries beside long ones, a position that can be read."""

from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.db import connection, connections
from django_q.models import OrmQ

from archive.jobs import turns
from archive.models import QueryJob
from archive.services.vo import job_runner
from archive.services.vo.tap import uws
from tests.archive.services.vo.tap.test_async import QUICK, SLOW, make, phase


@pytest.fixture(autouse=True)
def nothing_left(sky):
    """Jobs are committed, so that other connections see them."""
    yield
    for job in QueryJob.objects.all():
        uws.remove(job)
    OrmQ.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


@pytest.fixture
def places_taken():
    """Others hold all places for long work."""
    holder = connections.create_connection("default")
    with holder.cursor() as cursor:
        for number in range(settings.Q_CLUSTER["workers"] - 1):
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [turns.PLACE_LOCK, number])
    yield
    holder.close()


def visit(client, address, query=QUICK) -> QueryJob:
    """A job of a visitor's from an address, started."""
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", "PHASE": "RUN"}
    answer = client.post("/tap/async", asked, REMOTE_ADDR=address)
    return QueryJob.objects.get(pk=answer["Location"].rpartition("/")[2])


def told(client, job) -> tuple[str, str] | None:
    """A job's position in the queue, and of how many."""
    document = ElementTree.fromstring(client.get(f"/tap/async/{job.pk}").content)
    found = document.find(".//queuePosition")
    return None if found is None else (found.text, found.get("of"))


def test_visitors_of_two_networks_do_not_wait_for_each_other(client):
    first = [visit(client, "192.0.2.1") for _ in range(3)]
    other = visit(client, "198.51.100.7")
    assert [job_runner.claim().pk, job_runner.claim().pk] == [first[0].pk, other.pk]


def test_a_position_counts_turns_not_only_time(client):
    first = [visit(client, "192.0.2.1") for _ in range(3)]
    other = visit(client, "198.51.100.7")
    assert [told(client, job) for job in (*first, other)] == [("1", "4"), ("3", "4"), ("4", "4"), ("2", "4")]
    job_runner.run_next()
    assert told(client, first[0]) is None
    assert told(client, other) == ("2", "3") or told(client, other) == ("1", "3")


def test_the_position_is_the_order_in_which_jobs_run(client):
    jobs = [visit(client, f"192.0.{n % 3}.1") for n in range(9)]
    expected = [int(told(client, job)[0]) for job in jobs]
    ran = []
    for _ in jobs:
        job = job_runner.claim()
        ran.append(job.pk)
        job_runner.carry_out(job)
    assert [ran.index(job.pk) + 1 for job in jobs] == expected


def test_a_quick_query_runs_while_all_places_for_long_work_are_taken(client, places_taken):
    job = make(client, PHASE="RUN")
    job_runner.run_next()
    assert phase(client, job) == "COMPLETED"


def test_a_long_query_gives_way_and_ends_when_there_is_a_place(client, settings, places_taken):
    settings.TAP_SHORT_SECONDS = 1
    job = make(client, SLOW, EXECUTIONDURATION="3", PHASE="RUN")
    quick = make(client, PHASE="RUN")
    job_runner.run_next()
    held = QueryJob.objects.get(pk=job.pk)
    assert (held.phase, held.long, held.attempts) == ("QUEUED", True, 0)
    job_runner.run_next()  # another's turn: the long one is passed over
    assert phase(client, quick) == "COMPLETED"
    job_runner.run_next()
    assert phase(client, job) == "QUEUED"


def test_a_long_query_with_a_place_runs_for_its_own_time(client, settings):
    settings.TAP_SHORT_SECONDS = 1
    job = make(client, SLOW, EXECUTIONDURATION="2", PHASE="RUN")
    job_runner.run_next()
    assert phase(client, job) == "ERROR"
    assert "longer than 2 s" in QueryJob.objects.get(pk=job.pk).message


def test_what_runs_no_longer_than_a_short_one_may_ends_without_a_place(client, settings, places_taken):
    job = make(client, SLOW, EXECUTIONDURATION="1", PHASE="RUN")
    job_runner.run_next()
    assert "longer than 1 s" in QueryJob.objects.get(pk=job.pk).message


def test_whoever_leaves_a_place_calls_those_that_wait(client):
    make(client, PHASE="RUN")
    make(client, PHASE="RUN")
    OrmQ.objects.all().delete()
    job_runner.run_next()
    assert OrmQ.objects.count() == 1


def test_whoever_finds_nothing_to_do_calls_nobody(client):
    make(client)
    job_runner.run_next()
    assert not OrmQ.objects.exists()
