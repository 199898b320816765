"""The life of a job: claimed once, finished in one transaction, given back when its worker dies.

A running job is alive while its worker's database session holds the advisory lock (JOB_LOCK, job id); PostgreSQL
drops the lock with the session, however the worker ends. `attempts` is the fencing token: only the run that
claimed a job last may finish it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from archive.jobs import attempts
from processing.models import Job

JOB_LOCK = 7  # class of our advisory locks
LOG_LIMIT = 20_000  # characters of a log kept in the row; the whole log is a product


@dataclass(frozen=True)
class Outcome:
    """Result of a run: `record` writes its rows and is called inside the transaction that ends the job."""

    record: Callable[[], None]
    measurements: Mapping[str, object] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    log: str = ""
    paths: tuple[str, ...] = ()  # files written for it, to be removed where no row came to know them


def claim(job_id: int) -> Job | None:
    """Take a ready job for this process; None if another has it, or it no longer waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [JOB_LOCK, job_id])
        if not cursor.fetchone()[0]:
            return None
    claimed = Job.objects.filter(pk=job_id, state=Job.State.READY).update(
        state=Job.State.RUNNING, attempts=F("attempts") + 1, started=timezone.now(), reason=""
    )
    if not claimed:
        release(job_id)
        return None
    return Job.objects.get(pk=job_id)


def release(job_id: int) -> None:
    """Give up the advisory lock of a job that this process had claimed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [JOB_LOCK, job_id])


def finish(job: Job, outcome: Outcome) -> list[int]:
    """Record the products and end the job; returns the jobs that became ready.

    A run that lost its claim (its session broke and another took over) records nothing.
    """
    with transaction.atomic():
        if not _still_ours(job):
            return []
        outcome.record()
        return _end(
            job,
            Job.State.DONE,
            measurements=_plain(outcome.measurements),
            seconds=_plain(outcome.seconds),
            log=outcome.log[-LOG_LIMIT:],
        )


def quarantine(job: Job, reason: str, measurements: Mapping[str, object] | None = None) -> list[int]:
    """End a job whose input is unusable; what depends on it decides for itself what it can do without."""
    with transaction.atomic():
        if not _still_ours(job):
            return []
        return _end(job, Job.State.QUARANTINED, reason=reason, measurements=_plain(measurements or {}))


def fail(job: Job, reason: str) -> list[int]:
    """After an error that is not the input's: try again, or give up (archive.jobs.attempts)."""
    with transaction.atomic():
        return _again_or_failed(job, reason) if _still_ours(job) else []


def _again_or_failed(job: Job, reason: str) -> list[int]:
    if attempts.begins_again(job.attempts - job.attempts_before):
        Job.objects.filter(pk=job.pk).update(state=Job.State.READY, reason=reason)
        return [job.pk]
    return _end(job, Job.State.FAILED, reason=reason)


def again(jobs: Iterable[Job], leave: Collection[str] = ()) -> list[int]:
    """Run ended jobs once more, and whatever was made of their products; returns all that will run.

    Jobs of the pipelines in `leave` keep what they have, and so does what follows only from them. A job that has not
    ended yet is left alone: it will see the newest inputs anyway.
    """
    with transaction.atomic():
        chosen = _with_dependants([job.pk for job in jobs], leave)
        # Prerequisites are locked too, so that none ends between this look and our commit without telling.
        touched = chosen | set(Job.objects.filter(dependants__in=chosen).values_list("pk", flat=True))
        locked = list(Job.objects.select_for_update().filter(pk__in=touched).order_by("pk"))
        ids = [job.pk for job in locked if job.pk in chosen and job.state in Job.ENDED]
        # `attempts` goes on counting: it is the token by which a run that was overtaken is known.
        Job.objects.filter(pk__in=ids).update(attempts_before=F("attempts"), state=Job.State.BLOCKED, reason="")
        for job in Job.objects.filter(pk__in=ids).order_by("pk"):
            job.waits_for = job.prerequisites.filter(state__in=Job.OPEN).count()
            job.state = Job.State.BLOCKED if job.waits_for else Job.State.READY
            job.save(update_fields=["waits_for", "state"])
        return ids


def _with_dependants(ids: list[int], leave: Collection[str]) -> set[int]:
    found, new = set(ids), set(ids)
    while new:
        after = Job.objects.filter(prerequisites__in=new).exclude(pipeline__in=leave)
        new = set(after.values_list("pk", flat=True)) - found
        found |= new
    return found


def reap() -> list[int]:
    """Make ready again what dead workers were running, or end what killed too many; returns the jobs that are ready."""
    ready: list[int] = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT id FROM processing_job WHERE state = 'running' AND NOT EXISTS (
                    SELECT FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = processing_job.id
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                )
                ORDER BY id FOR UPDATE SKIP LOCKED
                """,
                [JOB_LOCK],
            )
            dead = [row[0] for row in cursor.fetchall()]
        for job in Job.objects.filter(pk__in=dead).order_by("pk"):
            ready += _again_or_failed(job, attempts.DIED)
    return ready


def _still_ours(job: Job) -> bool:
    current = Job.objects.select_for_update().get(pk=job.pk)
    return current.state == Job.State.RUNNING and current.attempts == job.attempts


def _end(job: Job, state: Any, **values) -> list[int]:
    # state : a Job.State, whose members the type checker takes for tuples
    Job.objects.filter(pk=job.pk).update(state=state, ended=timezone.now(), **values)
    waiting = job.dependants.filter(state=Job.State.BLOCKED)
    # In the order of ids, so that two prerequisites that end together do not wait for each other.
    ids = list(waiting.order_by("pk").select_for_update().values_list("pk", flat=True))
    Job.objects.filter(pk__in=ids).update(waits_for=F("waits_for") - 1)
    free = Job.objects.filter(pk__in=ids, waits_for__lte=0)
    ready = list(free.values_list("pk", flat=True))
    free.update(state=Job.State.READY)
    return ready


def _plain(values: Mapping[str, object]) -> dict:
    """Measurements as JSON takes them: numpy scalars become numbers, NaN becomes None."""
    plain = {}
    for name, value in values.items():
        number = value.item() if hasattr(value, "item") else value
        plain[name] = None if isinstance(number, float) and number != number else number
    return plain
