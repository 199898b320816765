"""Queries that run by themselves: UWS 1.1 as the standard has it, whose they are, what crashes and stops leave.

Jobs are committed (but for the one test that is marked): workers are other processes.
"""

import os
import signal
import subprocess
import threading
import time
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.utils import timezone
from django_q.models import OrmQ

from archive.jobs import attempts
from archive.models import QueryJob
from archive.sandbox import BusyError
from archive.services.vo import job_runner
from archive.services.vo.tap import uws
from tests import preloaded
from tests.archive.services.vo.tap.conftest import ALERTS
from tests.servers import environment

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
QUICK = "SELECT TOP 3 candid FROM ztf.ztf_alerts ORDER BY candid"
SLOW = "SELECT COUNT(*) AS n FROM ztf.ztf_alerts a, ztf.ztf_alerts b, ztf.ztf_alerts c WHERE a.ra + b.ra > c.dec"


@pytest.fixture(autouse=True)
def nothing_left(sky):
    """Jobs are committed, so that other connections see them."""
    yield
    for job in QueryJob.objects.all():
        uws.remove(job)
    OrmQ.objects.all().delete()


@pytest.fixture
def partner():
    return User.objects.get(username="tap-partner")


def make(client, query=QUICK, **more) -> QueryJob:
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", **more}
    answer = client.post("/tap/async", asked)
    assert answer.status_code == 303, answer.content
    return QueryJob.objects.get(pk=answer["Location"].rpartition("/")[2])


def sign_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")


def phase(client, job) -> str:
    return client.get(f"/tap/async/{job.pk}/phase").content.decode()


def run(client, job, text="RUN"):
    return client.post(f"/tap/async/{job.pk}/phase", {"PHASE": text})


def test_a_job_is_made_started_run_and_fetched(client, sky):
    job = make(client)
    assert phase(client, job) == "PENDING"
    assert client.get(f"/tap/async/{job.pk}/results/result").status_code == 404
    assert run(client, job).status_code == 303
    assert phase(client, job) == "QUEUED"
    job_runner.run_next()
    document = ElementTree.fromstring(client.get(f"/tap/async/{job.pk}").content)
    assert document.findtext(f"{UWS}phase") == "COMPLETED"
    result = document.find(f"{UWS}results/{UWS}result")
    assert result.get("mime-type") == "text/csv; charset=utf-8; header=present"
    rows = b"".join(client.get(result.get("{http://www.w3.org/1999/xlink}href"))).split()
    assert (rows[0], len(rows), int(result.get("size"))) == (b"candid", 4, sum(map(len, rows)) + 4)
    part = client.get(f"/tap/async/{job.pk}/results/result", headers={"Range": "bytes=0-5"})
    assert (part.status_code, b"".join(part)) == (206, b"candid")


def test_a_job_may_start_when_it_is_made_and_starts_once(client, sky):
    job = make(client, PHASE="RUN", RUNID="mine")
    assert phase(client, job) == "QUEUED"
    again = run(client, job)
    assert again.status_code == 400 and b"only a PENDING one starts" in again.content
    assert b"<uws:runId>mine</uws:runId>" in client.get(f"/tap/async/{job.pk}").content
    assert OrmQ.objects.count() == 1


def test_what_fails_says_why(client, sky):
    job = make(client, "SELECT nothing FROM ztf.ztf_alerts", PHASE="RUN")
    job_runner.run_next()
    assert phase(client, job) == "ERROR"
    assert b"unknown column nothing" in client.get(f"/tap/async/{job.pk}").content
    error = client.get(f"/tap/async/{job.pk}/error")
    assert error.status_code == 200 and b'value="ERROR"' in error.content
    assert client.get(f"/tap/async/{job.pk}/results/result").status_code == 400


def test_parameters_and_times_are_changed_before_the_start_only(client, sky):
    job = make(client)
    base = f"/tap/async/{job.pk}"
    client.post(f"{base}/parameters", {"QUERY": "SELECT 1 AS one"})
    client.post(f"{base}/executionduration", {"EXECUTIONDURATION": "7"})
    client.post(f"{base}/destruction", {"DESTRUCTION": "2090-01-01T00:00:00Z"})
    assert b"SELECT 1 AS one" in client.get(f"{base}/parameters").content
    assert client.get(f"{base}/executionduration").content == b"7"
    latest = timezone.now() + timedelta(days=settings.TAP_KEEP_LONGEST)
    assert abs(QueryJob.objects.get().destruction - latest) < timedelta(minutes=1)
    assert b"give a time" in client.post(f"{base}/destruction", {"DESTRUCTION": "soon"}).content
    assert client.get(f"{base}/quote").content == b"" == client.get(f"{base}/owner").content
    run(client, job)
    refused = client.post(f"{base}/parameters", {"QUERY": "SELECT 2 AS two"})
    assert refused.status_code == 400 and b"parameters are set before it starts" in refused.content


@pytest.mark.parametrize("end", ["", "/parameters", "/phase"])
def test_a_format_that_there_is_not_is_refused_also_later_and_changes_nothing(client, sky, end):
    job = make(client)
    answer = client.post(f"/tap/async/{job.pk}{end}", {"FORMAT": "xlsx", "RESPONSEFORMAT": "", "PHASE": "RUN"})
    assert answer.status_code == 400 and b"RESPONSEFORMAT=xlsx: use one of" in answer.content
    after = QueryJob.objects.get(pk=job.pk)
    assert (after.parameters, after.phase) == (job.parameters, "PENDING")


def test_a_job_is_removed_by_either_way(client, sky):
    for ask in (lambda url: client.delete(url), lambda url: client.post(url, {"ACTION": "DELETE"})):
        job = make(client)
        assert ask(f"/tap/async/{job.pk}").status_code == 303
        assert client.get(f"/tap/async/{job.pk}").status_code == 404
    assert not QueryJob.objects.exists()


def test_people_see_their_own_jobs_and_nobody_else_does(client, sky, partner):
    mine = make(client)
    assert b"jobref id" not in client.get("/tap/async").content
    sign_in(client, partner)
    first, second = make(client), make(client, PHASE="RUN")
    listed = client.get("/tap/async").content.decode()
    assert [listed.find(str(job.pk)) > 0 for job in (mine, first, second)] == [False, True, True]
    assert str(first.pk) not in client.get("/tap/async?PHASE=QUEUED").content.decode()
    assert client.get("/tap/async?LAST=1").content.count(b"<uws:jobref") == 1
    assert client.get("/tap/async?AFTER=2090-01-01").content.count(b"<uws:jobref") == 0
    assert client.get("/tap/async?LAST=none").status_code == 400
    job_runner.run_next()
    assert client.get(f"/tap/async/{mine.pk}").status_code == 200  # who knows the name of nobody's job
    client.logout()
    answer = client.get(f"/tap/async/{second.pk}/results/result")
    assert answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Basic")
    sign_in(client, User.objects.create_user("tap-other"))
    assert client.get(f"/tap/async/{second.pk}").status_code == 404
    assert client.post(f"/tap/async/{second.pk}/phase", {"PHASE": "ABORT"}).status_code == 404
    User.objects.get(username="tap-other").delete()


def test_a_job_has_its_owner_s_rights_and_its_result_goes_with_them(client, sky, partner):
    sign_in(client, partner)
    job = make(client, "SELECT COUNT(*) AS n FROM ztf.ztf_alerts", PHASE="RUN")
    job_runner.run_next()
    url = f"/tap/async/{job.pk}/results/result"
    assert b"".join(client.get(url)).split() == [b"n", str(ALERTS).encode()]
    membership = partner.memberships.get()
    membership.delete()
    assert client.get(url).status_code == 403
    membership.save()


@pytest.mark.django_db(databases=["default", "reader"])
def test_waiting_ends_with_the_phase_or_the_time(client, sky):
    job = make(client)
    begun = time.monotonic()
    client.get(f"/tap/async/{job.pk}?WAIT=1")
    assert 0.9 < time.monotonic() - begun < 3
    client.get(f"/tap/async/{job.pk}?WAIT=10&PHASE=EXECUTING")  # it is in another phase already
    assert time.monotonic() - begun < 4
    assert client.get(f"/tap/async/{job.pk}?WAIT=long").status_code == 400


def working() -> int:
    """Queries of jobs; only their own role is told what they are called."""
    with connections["reader"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE application_name LIKE 'query %' AND state = 'active' AND datname = current_database() "
            "AND leader_pid IS NULL"  # it may run on several processes
        )
        return cursor.fetchone()[0]


def worker() -> subprocess.Popen:
    """A process that runs the next job."""
    code = "import django; django.setup(); from archive.services.vo.job_runner import run_next; run_next()"
    return subprocess.Popen([*preloaded.python(environment()), "-c", code], env=environment(), cwd=settings.BASE_DIR)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def test_an_aborted_job_ends_its_query_in_the_database(client, sky):
    job = make(client, SLOW, PHASE="RUN")
    process = worker()
    until(lambda: working() == 1, 60)
    run(client, job, "ABORT")
    until(lambda: working() == 0)
    assert process.wait(60) == 0
    assert phase(client, job) == "ABORTED"
    assert client.get(f"/tap/async/{job.pk}/results/result").status_code == 404


def test_a_query_longer_than_it_may_be_is_an_error(client, sky):
    job = make(client, SLOW, EXECUTIONDURATION="1", PHASE="RUN")
    job_runner.run_next()
    assert phase(client, job) == "ERROR"
    assert "longer than 1 s" in QueryJob.objects.get().message


def test_a_killed_worker_s_job_runs_again_and_ends_once(client, sky):
    job = make(client, SLOW, PHASE="RUN")
    process = worker()
    until(lambda: QueryJob.objects.get().phase == "EXECUTING")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: held(job) == 0)
    QueryJob.objects.update(parameters=job.parameters | {"QUERY": QUICK})
    OrmQ.objects.all().delete()  # and the queue lost its row
    job_runner.upkeep()
    assert phase(client, job) == "QUEUED"
    assert OrmQ.objects.count() == 1
    job_runner.run_next()
    job_runner.run_next()
    assert (phase(client, job), QueryJob.objects.get().attempts) == ("COMPLETED", 2)


def held(job) -> int:
    """Locks of workers on a job."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
            "WHERE l.locktype = 'advisory' AND d.datname = current_database() AND l.classid = %s AND l.objid = %s",
            [job.key >> 32 & 0xFFFFFFFF, job.key & 0xFFFFFFFF],
        )
        return cursor.fetchone()[0]


def test_a_job_that_kills_its_worker_is_given_up(client, sky):
    job = make(client, PHASE="RUN")
    QueryJob.objects.update(phase="EXECUTING", started=timezone.now(), attempts=attempts.ATTEMPTS)
    job_runner.upkeep()
    assert phase(client, job) == "ERROR"


def test_a_running_job_is_left_alone(client, sky):
    make(client, SLOW, EXECUTIONDURATION="3", PHASE="RUN")
    process = worker()
    until(lambda: QueryJob.objects.get().phase == "EXECUTING")
    job_runner.upkeep()
    assert QueryJob.objects.get().phase == "EXECUTING"
    uws.abort(QueryJob.objects.get())
    assert process.wait(60) == 0


def test_nobody_takes_the_queue_for_themselves(client, sky, partner):
    sign_in(client, partner)
    theirs = [make(client, PHASE="RUN") for _ in range(3)]
    client.logout()
    other = make(client, PHASE="RUN")
    first = job_runner.claim()
    second = job_runner.claim()
    assert [first.pk, second.pk] == [theirs[0].pk, other.pk]
    assert job_runner.claim() is None
    job_runner.carry_out(first)
    assert job_runner.claim().pk == theirs[1].pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def test_out_of_date_results_go_and_the_job_is_archived(client, sky, partner):
    sign_in(client, partner)
    job = make(client, PHASE="RUN")
    job_runner.run_next()
    file = QueryJob.objects.get().folder / "result.csv"
    assert file.exists()
    QueryJob.objects.update(destruction=timezone.now() - timedelta(seconds=1))
    job_runner.upkeep()
    assert not file.exists()
    assert phase(client, job) == "ARCHIVED"
    assert b"jobref id" not in client.get("/tap/async").content
    assert b"jobref id" in client.get("/tap/async?PHASE=ARCHIVED").content
    QueryJob.objects.update(destruction=timezone.now() - timedelta(days=40))
    job_runner.upkeep()
    assert not QueryJob.objects.exists()


def test_a_job_whose_files_wait_for_a_turn_to_be_read_gets_its_own_turn_again(client, sky, monkeypatch):
    """The sandbox is full for a while: the job waits, and no attempt is counted."""
    job = make(client)
    run(client, job)
    write = job_runner._write
    monkeypatch.setattr(
        job_runner, "_write", lambda job, seconds: (_ for _ in ()).throw(BusyError("many files are being read"))
    )
    job_runner.run_next()
    assert phase(client, job) == "QUEUED" and QueryJob.objects.get(pk=job.pk).attempts == 0
    monkeypatch.setattr(job_runner, "_write", write)
    job_runner.run_next()
    assert phase(client, job) == "COMPLETED"


def test_a_setting_of_a_job_that_is_given_twice_is_refused(client, sky):
    job = make(client)
    twice = {"DESTRUCTION": ["2030-01-01T00:00:00", "2031-01-01T00:00:00"], "QUERY": ["SELECT 1", "SELECT 2"]}
    for name, values in twice.items():
        answer = client.post(f"/tap/async/{job.pk}/parameters", {name: values})
        assert answer.status_code == 400 and name in answer.content.decode(), name


@pytest.mark.django_db(databases=["default", "reader"])
@pytest.mark.parametrize("who", ["visitor", "partner"])
def test_what_a_list_or_a_wait_cannot_mean_is_refused_whoever_asks(client, sky, partner, who, monkeypatch):
    """Also while as many wait as may: then nobody's time to wait was looked at."""
    if who == "partner":
        sign_in(client, partner)
    job = make(client)
    monkeypatch.setattr(uws, "_waiting", threading.BoundedSemaphore(1))
    uws._waiting.acquire()
    for text in ("nan", "inf", "1e400", "1_0", "long", "", " "):
        answer = client.get(f"/tap/async/{job.pk}", {"WAIT": text})
        assert answer.status_code == 400 and f"WAIT={text}" in answer.content.decode(), (text, answer.content)
    for asked in ({"WAIT": 0, "PHASE": "x"}, {"WAIT": 0, "PHASE": "DONE"}):
        answer = client.get(f"/tap/async/{job.pk}", asked)
        assert answer.status_code == 400 and "PHASE=" in answer.content.decode(), asked
    refused = [("LAST", "nan"), ("LAST", "0"), ("LAST", "-1"), ("AFTER", "2026-02-30"), ("AFTER", "x"), ("PHASE", "x")]
    for asked in (dict([one]) for one in refused):
        answer = client.get("/tap/async", asked)
        assert answer.status_code == 400 and next(iter(asked)) in answer.content.decode(), asked
    for asked in ({"LAST": "1"}, {"AFTER": "2026-02-28"}, {"PHASE": "pending"}, {"PHASE": ["EXECUTING", "ERROR"]}):
        assert client.get("/tap/async", asked).status_code == 200, asked
    assert client.get(f"/tap/async/{job.pk}", {"WAIT": 0, "PHASE": "pending"}).status_code == 200
