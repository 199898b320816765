"""Runs query jobs (TAP's and SODA's): takes the next one's turn, and recovers those whose worker died.

A worker holds a lock in PostgreSQL that ends with it. A job that is EXECUTING while nobody holds its lock was left by a
worker that died; archive.jobs.attempts says what becomes of it.
"""

from __future__ import annotations

import re
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from archive import sandbox
from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.files.atomic import whole_file
from archive.files.storage import DamagedFileError
from archive.jobs import attempts, dependencies, quotas, turns
from archive.models import QueryJob, UserTable
from archive.services.protocol.errors import BadRequestError
from archive.services.vo.formats import format_named
from archive.services.vo.soda import jobs
from archive.services.vo.tap import indexes, query, requests, uploads, user_tables, uws

Phase = QueryJob.Phase
CLAIM = 0x7A74665F75777300  # key of the lock under which jobs are claimed
REFUSED = (
    *requests.REFUSED,
    quotas.QuotaExceededError,
    user_tables.TableNotKeptError,
    DamagedFileError,
)  # what a job ends with; after anything else it begins again
FORGOTTEN_AFTER = timedelta(days=30)
_NEXT = """
SELECT j.id FROM archive_queryjob AS j CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM archive_queryjob AS r
    WHERE r.phase = 'EXECUTING' AND r.asker = j.asker
) AS running
WHERE j.phase = 'QUEUED' AND running.n < %s AND NOT (j.long AND %s) ORDER BY running.n, j.queued LIMIT 1
"""
log = structlog.get_logger("archive.services.vo.job_runner")


def run_next() -> None:
    """Run the job whose turn it is; started by the queue, once for each job that was started.

    While all places for long work are taken, a job is given TAP_SHORT_SECONDS; if it needs more, it waits for a place.
    """
    with turns.turn() as turn:
        job = claim(turn.long)
        if job is None:
            return
        turn.used = True
        try:
            carry_out(job, None if turn.long else settings.TAP_SHORT_SECONDS)
        finally:
            _unlock(job)


def claim(placed: bool = True) -> QueryJob | None:
    """The job whose turn it is, locked and EXECUTING: of whoever has the fewest that run, the oldest.

    placed : whether there is a place for long work; without one, jobs that are known to be long wait
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM])
        cursor.execute(_NEXT, [settings.TAP_JOBS_AT_ONCE, not placed])
        found = cursor.fetchone()
        if found is None:
            return None
        job = QueryJob.objects.get(pk=found[0])
        cursor.execute("SELECT pg_advisory_lock(%s)", [job.key])
        job.phase, job.started, job.attempts = Phase.EXECUTING, timezone.now(), job.attempts + 1
        job.save(update_fields=["phase", "started", "attempts"])
    return job


def carry_out(job: QueryJob, seconds: float | None = None) -> None:
    """Write a job's result, or why there is none.

    With `seconds` it runs no longer than that; a job that may run longer then waits for a place among the long ones.
    After anything but a refusal it begins again or ends as an error, and the exception is the queue's to see.
    """
    if job.service == jobs.SERVICE and seconds is not None and jobs.is_long(job):
        _wait_for_a_place(job)
        return
    try:
        made = (
            jobs.write(job) if job.service == jobs.SERVICE else _write(job, min(job.duration, seconds or job.duration))
        )
        quotas.check_room(job.asker, made["size"])
    except query.TooLongError as reason:
        if reason.seconds == seconds and seconds < job.duration:
            _wait_for_a_place(job)
            return
        made = {"phase": Phase.ERROR, "message": str(reason)}
    except REFUSED as reason:
        made = {"phase": Phase.ERROR, "message": str(reason)}
    except sandbox.TryLaterError as reason:
        _wait_again(job, reason)
        return
    except BaseException as error:
        if not connection.in_atomic_block:  # somebody's larger transaction takes this with it
            _interrupted(job, attempts.failure(error))
        raise
    held = QueryJob.objects.filter(pk=job.pk, phase=Phase.EXECUTING)
    if not held.update(ended=timezone.now(), backend=None, **made) or made["phase"] == Phase.ERROR:
        _forget_result(job)  # it was stopped meanwhile, or came to nothing: nobody counts what lies there


def _wait_for_a_place(job: QueryJob) -> None:
    """Put a job that turned out to be long back where it was in the queue; that it was begun does not count."""
    _forget_result(job)
    values = {"phase": Phase.QUEUED, "long": True, "attempts": F("attempts") - 1, "started": None, "backend": None}
    QueryJob.objects.filter(pk=job.pk, phase=Phase.EXECUTING).update(**values)


def _wait_again(job: QueryJob, reason: sandbox.TryLaterError) -> None:
    """Put a job whose files could not be read now behind all that wait; that others were read does not count."""
    if not isinstance(reason, sandbox.BusyError) and not attempts.begins_again(job.attempts):
        made = {"phase": Phase.ERROR, "message": str(reason), "ended": timezone.now()}
        _forget_result(job)
    else:
        made = {"phase": Phase.QUEUED, "queued": timezone.now()}
        made |= {"attempts": F("attempts") - 1} if isinstance(reason, sandbox.BusyError) else {}
    QueryJob.objects.filter(pk=job.pk, phase=Phase.EXECUTING).update(backend=None, **made)


def upkeep() -> None:
    """Recover what dead workers left, and remove results after their time; a schedule runs it every minute."""
    recover_orphans()
    remove_expired()


def recover_orphans() -> None:
    """Begin jobs of no living worker again, or end them, and see that somebody comes for those that wait."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM])
        for job in QueryJob.objects.filter(phase=Phase.EXECUTING):
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [job.key])
            if cursor.fetchone()[0]:
                _interrupted(job, attempts.DIED)
    for _ in range(min(QueryJob.objects.filter(phase=Phase.QUEUED).count(), settings.Q_CLUSTER["workers"])):
        async_task(uws.RUN_NEXT, task_name="next query")


def remove_expired() -> None:
    """Remove results after their time, and later their jobs."""
    now = timezone.now()
    for job in QueryJob.objects.filter(destruction__lt=now).exclude(phase=Phase.ARCHIVED):
        uws.archive(job)
    QueryJob.objects.filter(phase=Phase.ARCHIVED, destruction__lt=now - FORGOTTEN_AFTER).delete()


def _interrupted(job: QueryJob, why: str) -> None:
    """Begin a job again that ended without a result, or end it and say why."""
    log.warning("query interrupted", job=str(job.pk), attempts=job.attempts, reason=why)
    uws.cancel(job)  # PostgreSQL learns that the worker is dead only when it has rows for it
    if attempts.begins_again(job.attempts):
        values = {"phase": Phase.QUEUED, "backend": None, "queued": timezone.now()}
    else:
        message = f"the query was begun {job.attempts} times without a result; the last time {why}"
        _forget_result(job)
        values = {"phase": Phase.ERROR, "ended": timezone.now(), "message": message}
    QueryJob.objects.filter(pk=job.pk, phase=Phase.EXECUTING).update(**values)


def _forget_result(job: QueryJob) -> None:
    """Remove what was written of a result; the tables that came with the job stay."""
    for path in job.folder.glob("result.*"):
        if path.suffix != ".upload":
            path.unlink(missing_ok=True)


def _unlock(job: QueryJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [job.key])


def _write(job: QueryJob, seconds: float) -> dict:
    """The result's file, whole or not at all, if the query takes no longer than `seconds`."""
    if indexes.is_order(job.parameters):
        return indexes.carry_out(job)
    asked = query.Request.of(job.parameters)
    written = format_named(job.parameters.get("RESPONSEFORMAT") or job.parameters.get("FORMAT", ""))
    reader = reader_of_job(job)
    brought = uploads.uploads_of((path.stem, path.read_bytes()) for path in sorted(job.folder.glob("*.upload")))
    with reading(reader):
        label = uws.APPLICATION.format(job.pk)
        tables: set[str] = set()

        def note_tables(found: set[str]) -> None:
            tables.update(found)
            _rest(job, reader, tables)

        result = query.run(
            asked,
            reader,
            brought,
            seconds,
            label,
            lambda process: _note(job, process),
            note_tables,
        )
        try:
            made = _file(job, result, written, asked.maxrec)
            _rest(job, reader, tables)
            return made
        finally:
            result.close()


def _rest(job: QueryJob, reader: Reader, tables: set[str]) -> None:
    """Note what a query's result rests on, kept tables included."""
    rests = dependencies.on_tables(tables, reader)
    numbers = [int(one[1:]) for one in tables if re.fullmatch(r"t[0-9]{1,18}", one)]
    for kept in UserTable.objects.filter(pk__in=numbers):
        rests["releases"] = sorted({*rests["releases"], *kept.releases})
    dependencies.note(job, rests)


def _file(job: QueryJob, result: query.Result, written, maxrec: int) -> dict:
    name = f"result.{written.suffix}"
    size = 0
    with whole_file(job.folder / name, job.folder / "result.part") as temporary, temporary.open("wb") as file:
        for piece in written.write(result.fields, result.batches, maxrec):
            size += file.write(piece)
    return {"phase": Phase.COMPLETED, "result": name, "content_type": written.content_type, "size": size}


def _note(job: QueryJob, process: int) -> None:
    """Note the database's process that answers; a job that was stopped before goes no further."""
    if not QueryJob.objects.filter(pk=job.pk, phase=Phase.EXECUTING).update(backend=process):
        raise BadRequestError("the job was stopped")
