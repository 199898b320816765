"""Locks of the jobs that have a living worker: each ends in PostgreSQL with its worker, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from django.db import DatabaseError, OperationalError, connections

PATIENCE = "5s"  # that a worker waits for whoever looks whether it lives


def key_of(job_id: UUID) -> int:
    """The number of the advisory lock that a job's worker holds."""
    return int.from_bytes(job_id.bytes[:8], "big", signed=True)


@contextmanager
def working(job_id: UUID) -> Iterator[bool]:
    """Hold a job for this block, with a connection of its own; gives whether no other worker has it."""
    connection = connections.create_connection("default")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{PATIENCE}'")
            try:
                cursor.execute("SELECT pg_advisory_lock(%s)", [key_of(job_id)])
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", "") != "55P03":
                    raise
                yield False
                return
        try:
            yield True
        finally:  # at once: PostgreSQL notices a closed connection a moment later
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key_of(job_id)])
    finally:
        connection.close()


def is_left(job_id: UUID) -> bool:
    """Whether no worker holds a job; until the transaction ends none begins with it."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key_of(job_id)])
        return cursor.fetchone()[0]
