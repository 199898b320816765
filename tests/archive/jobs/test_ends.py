"""Ends of jobs that cannot be carried out; nothing lies on disk which nobody counts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connection
from django_q.models import OrmQ, Schedule

from archive.files.storage import DamagedFileError
from archive.jobs import attempts, quotas, user_jobs
from archive.models import QueryJob, UserJob
from archive.services.vo import job_runner
from archive.services.vo.tap import uws
from archive.tables.formats.errors import ResultTooLargeError

HERE = "tests.archive.jobs.test_ends"
QUERY = {"LANG": "ADQL", "QUERY": "SELECT TOP 3 table_name FROM tap_schema.tables"}


@pytest.mark.django_db(databases=["default", "reader"])  # makes both test databases; the other tests commit
def test_a_request_without_an_address_has_a_quota_too():
    with quotas.asked_from(""):
        assert quotas.asker_of(None) == "network unknown"
    assert quotas.asker_of(None) == "", "the system itself"


@pytest.fixture(autouse=True)
def empty(committed):
    yield
    UserJob.objects.all().delete()
    for job in QueryJob.objects.all():
        uws.remove(job)
    OrmQ.objects.all().delete()
    User.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def damaged(job_id: str) -> None:
    def write(job):
        django_settings.JOB_ROOT.mkdir(parents=True, exist_ok=True)
        (django_settings.JOB_ROOT / f"{job.pk}.part").write_bytes(b"x")
        raise DamagedFileError("sci/a.fits: is damaged")

    user_jobs.carry_out(job_id, write, ())


def crashing(job_id: str) -> None:
    def write(job):
        django_settings.JOB_ROOT.mkdir(parents=True, exist_ok=True)
        (django_settings.JOB_ROOT / f"{job.pk}.part").write_bytes(b"x")
        raise ZeroDivisionError

    user_jobs.carry_out(job_id, write, ())


def left(job) -> list[Path]:
    return list(django_settings.JOB_ROOT.glob(f"**/{job.pk}*"))


def test_a_job_that_nothing_here_carries_out_ends_and_the_next_one_has_its_turn():
    unknown = user_jobs.submit("test", "archive.products.bundles.of_an_older_version", {"n": 1})
    next_one = user_jobs.submit("test", f"{HERE}.damaged", {"n": 2})
    user_jobs.take_turn()
    unknown.refresh_from_db()
    assert unknown.phase == "ERROR" and "order it again" in unknown.message
    assert user_jobs._next_job() == next_one


def test_a_damaged_file_ends_a_job_at_once_and_says_which():
    job = user_jobs.submit("test", f"{HERE}.damaged", {})
    user_jobs.take_turn()
    job.refresh_from_db()
    assert (job.phase, job.message, job.attempts) == ("ERROR", "sci/a.fits: is damaged", 1)
    assert not left(job)


def test_of_a_job_that_is_given_up_no_file_stays():
    job = user_jobs.submit("test", f"{HERE}.crashing", {})
    for _ in range(attempts.ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            user_jobs.take_turn()
    job.refresh_from_db()
    assert job.phase == "ERROR" and not left(job)


def query(network: str = "192.0.2.1", **parameters) -> QueryJob:
    with quotas.asked_from(network):
        job = uws.create(QUERY | parameters, {"result": b"a\n1\n"})
    QueryJob.objects.filter(pk=job.pk).update(phase="QUEUED", queued=job.created)
    return job


def run(job: QueryJob) -> QueryJob:
    job_runner.run_next()
    job.refresh_from_db()
    return job


def test_a_query_s_result_that_is_larger_than_what_is_left_is_not_kept(settings):
    settings.QUOTAS = settings.QUOTAS | {"visitor": {"jobs": 2, "positions": 3, "bytes": 20}}
    job = run(query())
    assert job.phase == "ERROR" and "at most 20 are kept" in job.message
    assert [path.name for path in job.folder.iterdir()] == ["result.upload"]


@pytest.mark.parametrize("reason", [ResultTooLargeError("too large"), DamagedFileError("is damaged")])
def test_a_query_that_fails_leaves_nothing_of_its_result(monkeypatch, reason):
    def fail(job, *_):
        (job.folder / "result.part").write_bytes(b"x")
        raise reason

    monkeypatch.setattr(job_runner, "_file", fail)
    job = run(query())
    assert (job.phase, job.message) == ("ERROR", str(reason))
    assert [path.name for path in job.folder.iterdir()] == ["result.upload"]


def test_a_query_whose_worker_fails_ends_with_the_reason_and_counts_no_more(monkeypatch):
    def fail(job, *_):
        (job.folder / "result.part").write_bytes(b"x")
        raise ZeroDivisionError

    monkeypatch.setattr(job_runner, "_file", fail)
    job = query()
    for attempt in range(1, attempts.ATTEMPTS + 1):
        assert (job.attempts, quotas.use_of(job.asker).jobs) == (attempt - 1, 1)
        OrmQ.objects.all().delete()
        with pytest.raises(ZeroDivisionError):
            run(job)
        assert OrmQ.objects.exists() == (attempt < attempts.ATTEMPTS), "somebody comes for it again, without waiting"
        job.refresh_from_db()
    assert job.phase == "ERROR" and "its worker failed (ZeroDivisionError)" in job.message
    assert quotas.use_of(job.asker).jobs == 0
    assert [path.name for path in job.folder.iterdir()] == ["result.upload"]


@pytest.mark.parametrize("runner", ["user job", "query job"])
def test_a_job_whose_worker_dies_three_times_ends_with_the_reason_and_counts_no_more(runner):
    if runner == "user job":
        with quotas.asked_from("192.0.2.1"):
            job = user_jobs.submit("test", f"{HERE}.damaged", {"n": 3})
        recover = user_jobs.recover_orphans
    else:
        job, recover = query(), job_runner.recover_orphans
    for attempt in range(1, attempts.ATTEMPTS + 1):
        died = type(job).objects.filter(pk=job.pk, phase="QUEUED")
        assert died.update(phase="EXECUTING", attempts=attempt, started=job.created) == 1
        recover()
    job.refresh_from_db()
    assert job.phase == "ERROR" and "its worker ended" in job.message
    assert quotas.use_of(job.asker).jobs == 0


def test_the_queue_looks_every_minute_for_jobs_whose_worker_died():
    names = [f"{user_jobs.recover_orphans.__module__}.recover_orphans", f"{job_runner.__name__}.upkeep"]
    assert [Schedule.objects.get(func=name).minutes for name in names] == [1, 1]


def test_visitors_of_two_networks_take_turns():
    mine = [query("192.0.2.1") for _ in range(2)]
    other = query("192.0.2.2")
    assert [job_runner.claim(), job_runner.claim(), job_runner.claim()] == [mine[0], other, None]


def test_no_two_parts_of_the_archive_lock_the_same_number():
    """Classes of advisory locks: beside (13, 0) of one part, another of the same number would wait for ever."""
    root = Path(django_settings.BASE_DIR)
    files = [path for app in ("archive", "lightcurves", "portal", "processing") for path in (root / app).rglob("*.py")]
    found = [int(n) for path in files for n in re.findall(r"^\w*LOCK = (\d+)  # class of", path.read_text(), re.M)]
    assert len(found) >= 9
    assert [number for number, count in Counter(found).items() if count > 1] == []
