"""Connections of the reader's role that wait for the next answer: to make one costs a quarter of a small query."""

from __future__ import annotations

import time
from collections import deque

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import Error

MOST = 4  # of a process
OLDEST = 60.0  # s that one waits: the database may have gone away meanwhile, and others need its places
_idle: deque[tuple[float, BaseDatabaseWrapper]] = deque()


def acquire() -> BaseDatabaseWrapper:
    """A connection outside any transaction, with nothing left of whoever had it before."""
    while _idle:
        try:
            since, connection = _idle.pop()
        except IndexError:  # another thread was faster
            break
        if time.monotonic() - since < OLDEST and connection.is_usable():
            return connection
        connection.close()
    connection = connections.create_connection("reader")
    connection.inc_thread_sharing()  # one thread after the other
    return connection


def release(connection: BaseDatabaseWrapper) -> None:
    """Keep a connection whose work ended well: its transaction, settings and temporary tables go at once."""
    try:
        connection.rollback()
        connection.set_autocommit(True)
        with connection.cursor() as cursor:
            cursor.execute("DISCARD ALL")
        connection.ensure_timezone()
    except Error:
        connection.close()
        return
    if len(_idle) >= MOST:
        connection.close()
    else:
        _idle.append((time.monotonic(), connection))


def close_all() -> None:
    """Let go of every connection that waits."""
    while _idle:
        _idle.pop()[1].close()
