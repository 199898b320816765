"""Quotas of one person's jobs: numbers, bytes, turns; and nothing of a job stays when it goes."""

from __future__ import annotations

import os
import threading
import time
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from archive.access import audit
from archive.files import storage
from archive.jobs import quotas, user_jobs
from archive.models import ProductFile, QueryJob, UserJob
from archive.products import register
from archive.products.bundles import result_path
from archive.services.vo.tap import uws
from tests import factories

FUNCTION = "tests.archive.jobs.test_quotas.work"
ORDERS = {
    "api-jobs": {"position": "150 20", "radius": "0.1"},
    "order-bundle": {"query": "position=150+20&radius=0.1"},
    "api-forced": {"ra": "150", "dec": "20"},
    "forced": {"targets": "150 20"},
    "api-cutouts": {"targets": "a 150 20", "deliver": "job"},
    "target-list": {"targets": "a 150 20", "deliver": "job"},
    "order-matchfiles": {"field": 600, "ccdid": 1, "qid": 1, "edition": "public"},
    "tap-async": {"LANG": "ADQL", "QUERY": "SELECT 1 AS one FROM ivoa.ObsCore"},
    "soda-async": {"ID": "x", "CIRCLE": "150 20 0.1"},
}
"""How each address that makes a job is asked; numbers make each order another."""
NO_FILE = {"order-export", "query-order"}  # need a release, an account and a query; admitted by the same function


def work(job_id: str) -> None:
    """A job that writes ten bytes."""

    def write(job):
        django_settings.JOB_ROOT.mkdir(parents=True, exist_ok=True)
        result_path(job).write_bytes(b"0123456789")

    user_jobs.carry_out(job_id, write, ())


@pytest.fixture(autouse=True)
def few(settings, committed):
    settings.QUOTAS = {
        "account": {"jobs": 4, "positions": 6, "bytes": 100},
        "visitor": {"jobs": 2, "positions": 3, "bytes": 30},
    }
    yield
    UserJob.objects.all().delete()
    QueryJob.objects.all().delete()
    OrmQ.objects.all().delete()
    User.objects.all().delete()


@pytest.fixture
def people():
    return [User.objects.create_user(name) for name in ("one", "two")]


def order(user=None, **parameters) -> UserJob:
    return user_jobs.submit("test", FUNCTION, parameters, user)


@pytest.mark.django_db  # without one such test there would be no test database; the others commit, as people do
def test_whoever_asks_first_has_used_nothing():
    assert quotas.use_of("network 192.0.2.1") == quotas.Use(0, 2, 0, 3, 0, 30)


def test_every_address_that_makes_jobs_is_bounded_for_a_visitor(settings):
    """Whatever is asked, over and over, with other parameters each time: at most so many jobs are there."""
    settings.QUOTAS["visitor"] = {"jobs": 2, "positions": 2, "bytes": 10**9}

    for name, asked in ORDERS.items():
        UserJob.objects.all().delete()
        QueryJob.objects.all().delete()
        client = Client(raise_request_exception=False)
        codes = [client.post(reverse(name), _other(asked, number)).status_code for number in range(6)]
        made = UserJob.objects.count() + QueryJob.objects.count()
        assert made <= 2, name
        assert all(code < 500 for code in codes), (name, codes)
        if made:
            assert codes[-1] == 429, (name, codes)


def _other(asked: dict, number: int) -> dict:
    changed = {}
    for key, value in asked.items():
        changed[key] = f"{value}".replace("150", f"15{number}") if "150" in f"{value}" else value
    if "QUERY" in changed:
        changed["QUERY"] = changed["QUERY"].replace("1 AS", f"{number} AS")
    if "ccdid" in changed:
        changed["ccdid"] = number + 1
    return changed


def test_the_number_of_jobs_is_per_person_and_per_network():
    one, two = User.objects.create_user("one"), User.objects.create_user("two")
    for number in range(4):
        order(one, n=number)
    with pytest.raises(quotas.QuotaExceededError, match="4 jobs of yours wait already: at most 4"):
        order(one, n=4)
    order(two, n=0)
    for network in ("192.0.2.1", "192.0.2.2"):
        with quotas.asked_from(network):
            order(n=f"{network} 0")
            order(n=f"{network} 1")
            with pytest.raises(quotas.QuotaExceededError):
                order(n=f"{network} 2")


def test_many_at_once_are_counted_one_after_the_other(people):
    """Eight orders at the same time, of a person who may have four."""
    made, refused = [], []

    def ask(number: int) -> None:
        try:
            made.append(order(people[0], n=number).pk)
        except quotas.QuotaExceededError:
            refused.append(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(made), len(refused)) == (4, 4)


def test_the_same_order_gives_the_same_job_while_it_waits_and_shortly_after(people):
    first = order(people[0], n=1)
    assert order(people[0], n=1) == first
    work(str(first.pk))
    assert order(people[0], n=1) == first
    assert order(people[1], n=1) != first  # somebody else's
    UserJob.objects.filter(pk=first.pk).update(ended=first.created - user_jobs.SAME_FOR)
    assert order(people[0], n=1) != first


def test_the_same_order_is_carried_out_again_after_new_files_came(people):
    first = order(people[0], n=1)
    work(str(first.pk))
    factories.product_file()
    assert order(people[0], n=1) != first


def test_the_same_order_is_carried_out_again_after_a_file_was_replaced(people):
    """A replaced file keeps its row; other files that were there before and after do not hide it."""
    old, _ = factories.product_file(), factories.product_file()
    first = order(people[0], n=1)
    work(str(first.pk))
    assert order(people[0], n=1) == first
    again = storage.StoredFile(old.path, old.size + 1, "0" * 64)
    register.register_file(again, old.family, old.product_id, old.suffix, {"programid": 1, "public_date": None})
    assert order(people[0], n=1) != first


def test_a_file_that_was_being_registered_while_a_job_ran_counts(people):
    """Its row's time lies before the job's, and nobody sees it until it is committed."""
    first = order(people[0], n=1)
    work(str(first.pk))
    late = factories.product_file()
    ProductFile.objects.filter(pk=late.pk).update(
        created=F("created") - user_jobs.SAME_FOR, changed=F("changed") - user_jobs.SAME_FOR
    )
    assert order(people[0], n=1) != first


def test_who_fails_to_sign_in_changes_no_result(people):
    first = order(people[0], n=1)
    work(str(first.pk))
    audit.record("account.lockout", "somebody", audit.Actor("(nobody)"))
    assert order(people[0], n=1) == first
    audit.record("member.add", "somebody", audit.Actor("admin"))
    assert order(people[0], n=1) != first


def test_results_count_until_they_are_removed(people):
    for number in range(10):
        user_jobs.take_turn() if UserJob.objects.filter(phase="QUEUED").exists() else None
        order(people[0], n=number)
        user_jobs.take_turn()
    assert quotas.use_of(f"account {people[0].pk}").bytes == 100
    with pytest.raises(quotas.QuotaExceededError, match="your results take 100 bytes"):
        order(people[0], n=11)
    UserJob.objects.filter(owner=people[0]).first().delete()
    order(people[0], n=12)


def test_a_result_that_is_larger_than_what_is_left_is_not_kept(settings, people):
    settings.QUOTAS["account"]["bytes"] = 5
    job = order(people[0], n=1)
    user_jobs.take_turn()
    job.refresh_from_db()
    assert job.phase == "ERROR" and "this one 10 more" in job.message
    assert not list(settings.JOB_ROOT.glob(f"{job.pk}*"))


def test_all_results_together_have_a_bound(settings, people):
    settings.JOB_ROOT_BYTES = 25
    for number, person in enumerate([*people, *people]):
        try:
            order(person, n=number)
            user_jobs.take_turn()
        except quotas.QuotaExceededError as reason:
            assert "as many results as it has room for" in str(reason)
    assert sum(job.size for job in UserJob.objects.all()) <= 25


def test_who_waits_with_one_job_is_not_behind_all_of_somebody_else(people):
    mine = [order(people[0], n=number) for number in range(3)]
    other = order(people[1], n=0)
    UserJob.objects.filter(pk=mine[0].pk).update(phase="EXECUTING", started=mine[0].created)
    assert user_jobs._next_job() == other
    UserJob.objects.filter(pk=other.pk).update(phase="EXECUTING", started=other.created)
    assert user_jobs._next_job() is None  # of each one runs, as many as may
    UserJob.objects.filter(pk=mine[0].pk).update(phase="COMPLETED")
    assert user_jobs._next_job() == mine[1]


def test_an_empty_search_is_no_order(client):
    for asked in ({}, {"family": "sci"}, {"order": "pid"}, {"position": ""}):
        answer = client.post(reverse("api-jobs"), asked)
        assert answer.status_code == 400, asked
        assert "the search is empty" in answer.json()["detail"]
    assert not UserJob.objects.exists()


def test_quotas_are_told_in_headers_and_on_the_account_page(client, people):
    answer = client.post(reverse("api-jobs"), ORDERS["api-jobs"])
    assert answer.headers["X-Quota-Jobs"] == "1/2"
    assert answer.headers["X-Quota-Bytes"] == "0/30"
    client.force_login(people[0])
    client.post(reverse("api-jobs"), ORDERS["api-jobs"])
    page = client.get(reverse("account")).content.decode()
    assert "Jobs that wait or run</th><td>1</td><td>4</td>" in page


# --- what goes goes whole ------------------------------------------------------------------------------------------


def test_a_removed_query_job_leaves_nothing_on_disk(people):
    job = uws.create({"QUERY": "SELECT 1"}, {"mine": b"proprietary"}, "", people[0])
    folder = job.folder
    assert (folder / "mine.upload").read_bytes() == b"proprietary"
    uws.remove(job)
    assert not folder.exists()


def test_a_sweep_removes_results_of_jobs_that_no_row_knows(settings, people):
    kept = order(people[0], n=1)
    user_jobs.take_turn()
    old, lost = time.time() - 2 * user_jobs.LOST_AFTER, [str(uuid4()) for _ in range(4)]
    places = [f"{lost[0]}.tar", f"{lost[1]}.folder", f"queries/{lost[2]}", f"{lost[3]}.part"]
    for place in places:
        path = settings.JOB_ROOT / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".tar", ".part"):
            path.write_bytes(b"x")
        else:
            path.mkdir()
            (path / "result.csv").write_bytes(b"x")
        os.utime(path, (old, old))
    young = settings.JOB_ROOT / f"{uuid4()}.tar"
    young.write_bytes(b"x")
    os.utime(result_path(kept), (old, old))
    assert user_jobs.sweep() == 4
    assert not any((settings.JOB_ROOT / place).exists() for place in places)
    assert young.exists() and result_path(kept).exists()
    young.unlink()
