"""Turns in the queue: places for long work, the order in which jobs come, and a job's position in it.

The queue's workers do short and long work. Long work needs one of the places (fewer than there are workers), so that a
worker is always left for what is done in seconds. A place is an advisory lock in PostgreSQL, which ends with its
worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django_q.tasks import async_task

from archive.models import QueryJob, UserJob

PLACE_LOCK = 19  # class of our advisory locks
TAKERS: dict[type[UserJob] | type[QueryJob], str] = {
    UserJob: "archive.jobs.user_jobs.take_turn",
    QueryJob: "archive.services.vo.job_runner.run_next",
}
"""The task that takes the next job of each kind (dotted names; they stand above this)."""
_POSITION = """
WITH mine AS (
    SELECT j.id, j.asker, j.{since} AS since,
           row_number() OVER (PARTITION BY j.asker ORDER BY j.{since}, j.id) + (
               SELECT count(*) FROM {table} AS r WHERE r.phase = 'EXECUTING' AND r.asker = j.asker
           ) AS round
    FROM {table} AS j WHERE j.phase = 'QUEUED'
)
SELECT position, waiting FROM (
    SELECT id, row_number() OVER (ORDER BY round, since, id) AS position, count(*) OVER () AS waiting FROM mine
) AS ordered WHERE id = %s
"""
"""Each asker has a turn before anybody has a second one; what runs counts as a turn."""


@dataclass
class Turn:
    """A worker's turn. long : whether it has a place for long work; used : whether it carried out a job."""

    long: bool
    used: bool = False


@contextmanager
def turn() -> Iterator[Turn]:
    """Hold a place for long work, where one is free, during this block; call the next jobs if it carried one out.

    They may have been put off while too many of one asker ran, or while no place was free.
    """
    holder = connections.create_connection("default")
    try:
        held = _take(holder)
        taken = Turn(held is not None)
        try:
            yield taken
        finally:
            if held is not None:
                with suppress(DatabaseError):  # lost with its connection, it is free already
                    _leave(holder, held)
            if taken.used:
                _call_next()
    finally:
        holder.close()


def _take(holder) -> int | None:
    with holder.cursor() as cursor:
        for number in range(max(settings.Q_CLUSTER["workers"] - 1, 1)):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [PLACE_LOCK, number])
            if cursor.fetchone()[0]:
                return number
    return None


def _leave(holder, number: int) -> None:
    """Free a place at once: PostgreSQL notices a closed connection a moment later."""
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [PLACE_LOCK, number])


def _call_next() -> None:
    """Have the next job of each kind taken, where any waits."""
    for model, task in TAKERS.items():
        if model.objects.filter(phase=model.Phase.QUEUED).exists():
            async_task(task, task_name="next job")


def position(job: UserJob | QueryJob) -> tuple[int, int] | None:
    """A waiting job's position among those that wait (the next one is 1), and their number; None when it waits not."""
    if job.phase != job.Phase.QUEUED:
        return None
    since = "queued" if isinstance(job, QueryJob) else "created"
    with connection.cursor() as cursor:
        cursor.execute(_POSITION.format(table=job._meta.db_table, since=since), [job.pk])
        return cursor.fetchone()
