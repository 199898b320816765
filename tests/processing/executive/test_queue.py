"""The life of a job: claimed once, ended in one transaction, given back when its worker dies."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from django.utils.module_loading import import_string

from archive.jobs.attempts import ATTEMPTS, DIED
from processing.executive import queue, runners
from processing.executive.queue import Outcome
from processing.models import Job
from tests import factories, servers

State = Job.State


def job(key: str, *needs: Job, **values) -> Job:
    made = Job.objects.create(pipeline="bias", key=key, nid=1, **values)
    made.prerequisites.set(needs)
    if needs:
        Job.objects.filter(pk=made.pk).update(state=State.BLOCKED, waits_for=len(needs))
    made.refresh_from_db()
    return made


def nothing() -> None:
    """A run that leaves no rows."""


@pytest.mark.django_db
class TestOneWorker:
    def test_a_job_is_claimed_once(self):
        one = job("a")
        assert queue.claim(one.pk).attempts == 1
        assert queue.claim(one.pk) is None
        queue.release(one.pk)

    def test_a_dependant_becomes_ready_with_its_last_prerequisite(self):
        first, second = job("a"), job("b")
        last = job("c", first, second)
        assert queue.finish(queue.claim(first.pk), Outcome(nothing)) == []
        assert queue.finish(queue.claim(second.pk), Outcome(nothing)) == [last.pk]

    def test_a_quarantined_input_does_not_hold_up_the_night(self):
        bad = job("a")
        waiting = job("b", bad)
        assert queue.quarantine(queue.claim(bad.pk), "overscan missing", {"level": float("nan")}) == [waiting.pk]
        bad.refresh_from_db()
        assert (bad.state, bad.reason, bad.measurements) == (State.QUARANTINED, "overscan missing", {"level": None})

    def test_products_and_end_of_job_are_one_transaction(self):
        one = job("a")

        def breaks() -> None:
            factories.product_file(path="half/made.fits")
            raise RuntimeError("disk full")

        with pytest.raises(RuntimeError, match="disk full"):
            queue.finish(queue.claim(one.pk), Outcome(breaks))
        assert Job.objects.get(pk=one.pk).state == State.RUNNING
        assert not factories.ProductFile.objects.filter(path="half/made.fits").exists()

    def test_an_error_is_tried_again_and_then_given_up_with_its_reason(self):
        one = job("a")
        waiting = job("b", one)
        for attempt in range(1, ATTEMPTS):
            assert queue.fail(queue.claim(one.pk), "database gone") == [one.pk], attempt
            queue.release(one.pk)
        assert queue.fail(queue.claim(one.pk), "database gone") == [waiting.pk]
        one.refresh_from_db()
        assert (one.state, one.attempts, one.reason) == (State.FAILED, ATTEMPTS, "database gone")

    def test_a_run_that_was_overtaken_records_nothing(self):
        one = job("a")
        overtaken = queue.claim(one.pk)
        Job.objects.filter(pk=one.pk).update(attempts=2)  # another worker claimed it meanwhile
        assert queue.finish(overtaken, Outcome(factories.product_file)) == []
        assert not factories.ProductFile.objects.exists()


WORKER = """
    import django, time
    django.setup()
    from django.db import connection
    from processing.executive import queue
    job = queue.claim({job})
    print("claimed", flush=True)
    time.sleep(60)
"""


def test_a_killed_workers_job_is_ready_again(committed):
    """The advisory lock goes with the worker's session, so nobody has to wait for a lease to run out."""
    one = job("killed")
    code = textwrap.dedent(WORKER.format(job=one.pk))
    worker = subprocess.Popen(
        [sys.executable, "-c", code], env=servers.environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout.readline().strip() == "claimed"
        assert queue.reap() == []  # alive
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        deadline = time.monotonic() + 60
        while not (reaped := queue.reap()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert reaped == [one.pk]
        assert Job.objects.get(pk=one.pk).state == State.READY
    finally:
        worker.kill()
        one.delete()


def test_a_job_whose_worker_dies_each_time_is_given_up_with_its_reason(committed):
    """A frame that kills its worker does so again; it must not keep one busy for ever."""
    one = job("deadly")
    try:
        for attempt in range(1, ATTEMPTS + 1):
            Job.objects.filter(pk=one.pk).update(state=State.RUNNING, attempts=attempt)  # and nobody holds its lock
            assert queue.reap() == ([one.pk] if attempt < ATTEMPTS else [])
        one.refresh_from_db()
        assert (one.state, one.reason) == (State.FAILED, DIED)
        assert one.ended is not None
    finally:
        one.delete()


@pytest.mark.parametrize("pipeline", runners.RUNNERS)
def test_every_pipeline_has_a_run(pipeline):
    assert callable(import_string(runners.RUNNERS[pipeline]))
