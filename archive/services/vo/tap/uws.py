"""The life of a query job (UWS 1.1): made, started, waited for, stopped, removed.

A start writes the job's phase and the queue's row in one transaction. What runs is `archive.services.vo.job_runner`.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

import psycopg2
import structlog
from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone
from django_q.tasks import async_task

from archive.access.reading import Reader
from archive.given.times import BadTimeError, calendar
from archive.jobs import quotas
from archive.models import QueryJob
from archive.requests.numbers import whole
from archive.services.vo.tap.query import BadRequestError

Phase = QueryJob.Phase
RUN_NEXT = "archive.services.vo.job_runner.run_next"
APPLICATION = "query {}"
"""What a job's connection is called in PostgreSQL."""
ACTIVE = (Phase.PENDING, Phase.QUEUED, Phase.EXECUTING)
LINGER = 0.5  # s that a job may take from its beginning to its end for both to be told at once
CALLS = 12  # that a query is told to stop, SLOW apart
QUICK, SLOW = 0.02, 0.25  # s between two looks at a job that is waited for, at first and later
_waiting = threading.BoundedSemaphore(settings.TAP_WAITERS)
log = structlog.get_logger("archive.services.vo.tap.uws")


class WrongPhaseError(ValueError):
    """An action that a job's phase does not allow; the message says why."""


def create(
    parameters: Mapping[str, str], uploads: Mapping[str, bytes], run_id: str = "", user=None, service: str = "tap"
) -> QueryJob:
    """A job that is not started yet.

    Parameters
    ----------
    uploads : tables that came with it, by their names

    Raises
    ------
    archive.jobs.quotas.QuotaExceededError
    """
    job = QueryJob(
        owner=user if user is not None and user.is_authenticated else None,
        asker=quotas.asker_of(user),
        service=service,
        parameters=dict(parameters),
        run_id=run_id[:64],
        duration=settings.TAP_SECONDS,
        destruction=timezone.now() + timedelta(days=settings.TAP_KEEP_DAYS),
    )
    with quotas.admission(job.asker, service, size=sum(map(len, uploads.values()))):
        job.save(force_insert=True)
        keep_uploads(job, uploads)
    return job


def keep_uploads(job: QueryJob, uploads: Mapping[str, bytes]) -> None:
    """Write a job's uploads beside its result.

    Raises
    ------
    archive.jobs.quotas.QuotaExceededError
    """
    if not uploads:
        return
    quotas.check_room(job.asker, sum(map(len, uploads.values())))
    for name, content in uploads.items():
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / f"{name}.upload").write_bytes(content)
    brought = sum(path.stat().st_size for path in job.folder.glob("*.upload"))
    QueryJob.objects.filter(pk=job.pk).update(brought=brought)


def start(job: QueryJob, reader: Reader) -> None:
    """Put a job into the queue, with the rights that its reader has now.

    Raises
    ------
    WrongPhaseError
    """
    with transaction.atomic():
        held = QueryJob.objects.select_for_update().get(pk=job.pk)
        if held.phase != Phase.PENDING:
            raise WrongPhaseError(f"PHASE=RUN: the job is {held.phase}; only a PENDING one starts, make another")
        values = {"phase": Phase.QUEUED, "queued": timezone.now(), "programs": sorted(reader.programs)}
        QueryJob.objects.filter(pk=job.pk).update(**values)
        async_task(RUN_NEXT, task_name=f"query {job.pk}")


def abort(job: QueryJob) -> None:
    """Stop a job wherever it is; one that has ended stays as it is."""
    values = {"phase": Phase.ABORTED, "ended": timezone.now()}
    with transaction.atomic():
        held = QueryJob.objects.select_for_update().get(pk=job.pk)
        if held.phase not in ACTIVE:
            return
        QueryJob.objects.filter(pk=job.pk).update(**values)
    if held.phase == Phase.EXECUTING:
        cancel(held)


def cancel(job: QueryJob) -> None:
    """Stop the query of a job in PostgreSQL, if the process that was noted is still that job's.

    It is asked for as the reader's role, whose queries these are: no other process is in its reach. A process that is
    between two statements does not hear it, and is told again.
    """
    connection = connections.create_connection("reader")
    try:
        with connection.cursor() as cursor:
            for _ in range(CALLS):
                cursor.execute(
                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %s AND application_name = %s",
                    [job.backend, APPLICATION.format(job.pk)],
                )
                if cursor.fetchone() is None:
                    return
                time.sleep(SLOW)
        log.warning("query not cancelled", job=str(job.pk), reason=f"it runs on after {CALLS} calls")
    except psycopg2.Error as error:
        log.warning("query not cancelled", job=str(job.pk), reason=str(error))
    finally:
        connection.close()


def remove(job: QueryJob) -> None:
    """Stop a job and forget it with all that it made."""
    abort(job)
    job.delete()


def archive(job: QueryJob) -> None:
    """After its time: the result goes, that there was a job stays for a while."""
    abort(job)
    QueryJob.objects.filter(pk=job.pk).update(phase=Phase.ARCHIVED, result="", size=None)
    shutil.rmtree(job.folder, ignore_errors=True)


def change(job: QueryJob, duration: str = "", destruction: str = "") -> None:
    """Set how long a job may run, or when its result goes: as asked, within what this service grants.

    Raises
    ------
    BadRequestError, WrongPhaseError
    """
    values = {}
    if duration:
        if job.phase != Phase.PENDING:
            raise WrongPhaseError(f"EXECUTIONDURATION: the job is {job.phase}; it is set before the job starts")
        seconds = whole(duration)
        if seconds is None:
            raise BadRequestError(f"EXECUTIONDURATION={duration[:40]}: give seconds, for example EXECUTIONDURATION=600")
        wanted = seconds or settings.TAP_LONGEST  # 0 asks for as long as may be
        values["duration"] = min(wanted, settings.TAP_LONGEST)
    if destruction:
        latest = timezone.now() + timedelta(days=settings.TAP_KEEP_LONGEST)
        values["destruction"] = min(moment("DESTRUCTION", destruction), latest)
    QueryJob.objects.filter(pk=job.pk).update(**values)


def moment(name: str, text: str) -> datetime:
    """A parameter that is a time, ISO 8601, UTC where it says nothing else.

    Raises
    ------
    BadRequestError
    """
    try:
        return calendar(text)
    except BadTimeError as error:
        raise BadRequestError(f"{name}={text}: give a time, for example {name}=2027-01-31T12:00:00Z") from error


def wait(job: QueryJob, phase: str, seconds: float) -> QueryJob:
    """The job when it is not in that phase any more (one that is in another is told at once), or after so many seconds.

    Only a few wait at once, or they would keep all others from being answered; one too many waits a moment only.
    """
    if job.phase != phase:
        return job
    if not _waiting.acquire(blocking=False):
        time.sleep(min(seconds, 1))
        return QueryJob.objects.get(pk=job.pk)
    try:
        end, step = time.monotonic() + seconds, QUICK
        while job.phase in ACTIVE and time.monotonic() < end:
            time.sleep(min(step, max(end - time.monotonic(), 0)))
            step, before = min(step * 1.2, SLOW), job.phase
            job = QueryJob.objects.get(pk=job.pk)
            if before == phase != job.phase:
                # A quick query ends right after it begins: clients would come again only a second later.
                end = min(end, time.monotonic() + LINGER)
        return job
    finally:
        _waiting.release()
