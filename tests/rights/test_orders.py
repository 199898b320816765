"""Orders of actions whose worker is killed: they are told as interrupted, and never undo what was done since."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from archive.access.reading import EVERYTHING
from archive.jobs import attempts, user_jobs, worker_locks
from archive.models import AuditEntry, Program, Release, UserJob
from archive.products import bundles
from archive.releases import freeze, jobs, orders, publish, redating, withdraw
from archive.releases.guard import one_at_a_time
from tests.rights.ordering import ME, Killed, carried_out, clear, everything, new_release, order, until
from tests.servers import environment

pytestmark = pytest.mark.usefixtures("committed")
BEFORE = {"freeze": (), "publish": ("freeze",), "withdraw": ("freeze", "publish")}
LATER = {
    "freeze": ("freeze", "publish", "withdraw"),
    "publish": ("publish", "withdraw"),
    "withdraw": ("withdraw", "publish"),
}
ENDS = {"freeze": "withdrawn", "publish": "withdrawn", "withdraw": "public"}


@pytest.fixture(scope="module")
def operator(committed):
    return User.objects.create(username="orders", is_staff=True, is_superuser=True)


@pytest.fixture
def release(committed):
    """A draft with one closed image and its file."""
    yield new_release()
    clear()


@pytest.mark.django_db(databases=["default", "reader"])
def test_interrupted_jobs_are_looked_for_every_minute():
    assert Schedule.objects.get(func="archive.jobs.user_jobs.recover_orphans").minutes == 1


def test_what_is_done_is_done_once_and_with_its_order(release, operator):
    """The transaction of an action holds its order's end: neither is without the other."""
    job = carried_out(order("freeze", release, operator))
    assert (job.phase, "is frozen" in job.message, job.attempts) == ("COMPLETED", True, 1)
    before = everything()
    carried_out(job)
    assert everything() == before


@pytest.mark.parametrize("action", LATER)
def test_a_worker_killed_at_any_step_leaves_nothing_that_a_redelivery_could_do(action, operator):
    step = 0
    while True:
        step += 1
        release = new_release()
        for earlier in BEFORE[action]:
            {"freeze": freeze, "publish": publish, "withdraw": withdraw}[earlier](release, ME)
        job = order(action, release, operator)
        killed = Killed(jobs.run, str(job.pk), step)
        user_jobs.recover_orphans()  # as the queue does when it starts
        job.refresh_from_db()
        state = Release.objects.using("default").get(pk="dr1").state
        done = state != order_state(action)
        if step > 1:
            assert (job.phase == "COMPLETED") == done, (step, job.phase, job.message)
            assert done or (job.phase == "ERROR" and "interrupted" in job.message), (step, job.message)
        for later in LATER[action]:
            if state in orders.NEEDS[later]:
                assert carried_out(order(later, release, operator)).phase == "COMPLETED"
                state = Release.objects.using("default").get(pk="dr1").state
        assert state == ENDS[action]
        before = everything()
        assert before["images"][0][1] is None or state == "public"
        carried_out(job)  # the redelivery, an hour later
        user_jobs.recover_orphans()
        carried_out(job)
        assert everything() == before, step
        job.refresh_from_db()
        assert job.phase in ("ERROR", "COMPLETED")
        clear()
        if killed.ended:
            break
    assert step > 6, "every step was tried"


def order_state(action: str) -> str:
    return {"freeze": "draft", "publish": "frozen", "withdraw": "public"}[action]


@pytest.mark.parametrize("action", LATER)
def test_a_redelivery_before_anybody_looked_does_nothing_either(release, operator, action):
    for earlier in BEFORE[action]:
        {"freeze": freeze, "publish": publish, "withdraw": withdraw}[earlier](release, ME)
    job = order(action, release, operator)
    Killed(jobs.run, str(job.pk), 4)
    before = everything()
    job = carried_out(job)
    assert (job.phase, "interrupted" in job.message) == ("ERROR", True)
    assert everything() == before


def test_an_order_does_nothing_in_another_state_or_after_the_same_state_came_again(release, operator):
    freeze(release, ME)
    late = order("publish", release, operator)
    publish(release, ME)
    withdraw(release, ME)  # publishing would be allowed again
    before = everything()
    late = carried_out(late)
    assert late.phase == "ERROR"
    assert "(it was frozen and is withdrawn); nothing was done" in late.message
    late = order("publish", release, operator)
    publish(release, ME)
    withdraw(release, ME)
    before = everything()
    assert carried_out(late).phase == "ERROR"
    assert everything() == before


def test_a_draft_that_was_changed_since_is_not_frozen(release, operator):
    job = order("freeze", release, operator)
    Release.objects.filter(pk="dr1").update(last_night=date(2020, 9, 30))
    assert carried_out(job).phase == "ERROR"
    assert Release.objects.using("default").get(pk="dr1").state == "draft"


def test_a_newer_order_ends_older_ones_also_while_they_run(release, operator, monkeypatch):
    freeze(release, ME)
    first = order("publish", release, operator)
    second = order("publish", release, operator)
    first.refresh_from_db()
    assert (first.phase, first.message) == ("ERROR", "ended by a newer order; nothing of it was done")
    told = []

    def newer(job, message):
        told.append(message)
        connection = connections.create_connection("default")
        with connection.cursor() as cursor:  # another admin orders, in a transaction of their own
            cursor.execute("UPDATE archive_userjob SET phase = 'ERROR', message = 'newer' WHERE id = %s", [job.pk])
        connection.close()
        return original(job, message)

    original = orders.done
    monkeypatch.setattr(orders, "done", newer)
    before = everything()
    second = carried_out(second)
    assert (second.phase, second.message, len(told)) == ("ERROR", "newer", 1)
    assert everything() == before


def test_an_order_from_before_orders_remembered_does_nothing(release, operator):
    freeze(release, ME)
    parameters = {"action": "publish", "release": "dr1", "who": "orders", "address": ""}
    job = user_jobs.submit("release", "archive.releases.jobs.run", parameters, operator)
    assert carried_out(job).phase == "ERROR"
    assert Release.objects.using("default").get(pk="dr1").state == "frozen"


def test_a_programs_dates_are_not_set_by_an_order_that_is_out_of_date(release, operator):
    program = Program.objects.get(pk=2)
    kept = program.proprietary_days
    try:
        job = redating.order(program, 10, operator, ME)
        Killed(redating.run, str(job.pk), 4)
        user_jobs.recover_orphans()
        job.refresh_from_db()
        assert job.phase == "QUEUED" and "it begins again (2 of 3)" in job.message
        Program.objects.filter(pk=2).update(proprietary_days=99)
        before = everything()
        redating.run(str(job.pk))
        job.refresh_from_db()
        assert job.phase == "ERROR" and "nothing was done" in job.message
        assert everything() == before
    finally:
        Program.objects.filter(pk=2).update(proprietary_days=kept)


def test_a_bundle_whose_worker_was_killed_is_made_again_and_once(release, operator):
    job = bundles.order({"field": "655"}, EVERYTHING, operator)
    OrmQ.objects.all().delete()
    Killed(bundles.make, str(job.pk), 3)
    assert user_jobs.recover_orphans() == 1
    assert user_jobs.recover_orphans() == 0
    assert OrmQ.objects.count() == 1
    bundles.make(str(job.pk))
    job.refresh_from_db()
    assert (job.phase, job.attempts) == ("COMPLETED", 2), job.message
    made = bundles.result_path(job).stat()
    bundles.make(str(job.pk))
    assert bundles.result_path(job).stat() == made
    UserJob.objects.filter(pk=job.pk).update(phase="EXECUTING", attempts=attempts.ATTEMPTS)
    user_jobs.recover_orphans()
    job.refresh_from_db()
    assert job.phase == "ERROR" and "order it again" in job.message


def test_a_job_that_a_living_worker_has_is_neither_done_twice_nor_told_as_interrupted(release, operator, monkeypatch):
    monkeypatch.setattr(worker_locks, "PATIENCE", "100ms")
    job = order("freeze", release, operator)
    UserJob.objects.filter(pk=job.pk).update(phase="EXECUTING", started=timezone.now())
    with worker_locks.working(job.pk) as mine:
        assert mine
        assert user_jobs.recover_orphans() == 0
        assert carried_out(job).phase == "EXECUTING"
    assert user_jobs.recover_orphans() == 1
    assert Release.objects.using("default").get(pk="dr1").state == "draft"


def test_the_queue_tells_what_was_interrupted_when_it_starts(release, operator):
    """The queue itself, killed with all its processes while an action waits for its turn, and started again."""
    freeze(release, ME)
    Task.objects.all().delete()
    OrmQ.objects.all().delete()
    job = order("publish", release, operator)
    with transaction.atomic():
        one_at_a_time()
        first = queue()
        until(lambda: UserJob.objects.get(pk=job.pk).phase == "EXECUTING", 120)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        until(lambda: worker_locks.is_left(job.pk))
    second = queue()
    try:
        until(lambda: UserJob.objects.get(pk=job.pk).phase == "ERROR", 120)
        assert "interrupted" in UserJob.objects.get(pk=job.pk).message
        OrmQ.objects.update(lock=timezone.now())  # the redelivery
        until(lambda: not OrmQ.objects.exists(), 120)
        assert Release.objects.using("default").get(pk="dr1").state == "frozen"
    finally:
        second.terminate()
        second.wait(120)


def queue() -> subprocess.Popen:
    command = [sys.executable, "manage.py", "queue"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment(), cwd=settings.BASE_DIR, start_new_session=True, **quiet)


def test_two_admins_at_once_at_every_step_publish_once(release, operator, monkeypatch):
    """While one's order runs, another orders the same at each of its steps: one of both is done, and once."""
    freeze(release, ME)
    original, step = jobs._Progress.__call__, 0
    while True:
        step += 1
        first = order("publish", release, operator)
        calls, second = 0, []

        def other(self, done, total, *, at=step, given=second):
            nonlocal calls
            calls += 1
            if calls == at:
                with ThreadPoolExecutor(1) as pool:  # another admin has a connection of their own
                    given.append(pool.submit(in_a_thread, order, "publish", release, operator).result())
            return original(self, done, total)

        monkeypatch.setattr(jobs._Progress, "__call__", other)
        before = AuditEntry.objects.filter(action="release.publish").count()
        first = carried_out(first)
        monkeypatch.setattr(jobs._Progress, "__call__", original)
        if not second:
            break  # every step was tried, and this time nobody came between
        assert (first.phase, "ended by a newer order" in first.message) == ("ERROR", True), (step, first.message)
        assert Release.objects.using("default").get(pk="dr1").state == ("frozen" if step == 1 else "withdrawn")
        assert carried_out(second[0]).phase == "COMPLETED"
        assert AuditEntry.objects.filter(action="release.publish").count() == before + 1
        withdraw(release, ME)
    assert first.phase == "COMPLETED" and step > 3


def in_a_thread(function, *arguments):
    try:
        return function(*arguments)
    finally:
        connections.close_all()


def test_of_two_orders_given_in_the_same_moment_one_stands(release, operator):
    freeze(release, ME)
    with ThreadPoolExecutor(4) as pool:
        given = [pool.submit(in_a_thread, order, "publish", release, operator) for _ in range(4)]
        made = [one.result() for one in given]
    phases = [UserJob.objects.get(pk=one.pk).phase for one in made]
    assert sorted(phases) == ["ERROR", "ERROR", "ERROR", "QUEUED"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: in_a_thread(jobs.run, str(one.pk)), made))
    assert AuditEntry.objects.filter(action="release.publish", target="dr1").first().pk
    assert sorted(UserJob.objects.get(pk=one.pk).phase for one in made).count("COMPLETED") == 1
