"""A SELECT's result by COPY in PostgreSQL's binary form, while the database still delivers it.

psycopg2's COPY writes into a file until it is through, so it runs in a thread of its own. The two sides take turns: the
thread goes on when the next piece is asked for. One piece at a time is in memory, and neither side waits for the
interpreter's lock that the other one holds.
"""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

import psycopg2

from archive.database import copy

PIECE = 1 << 20
"""Bytes that are passed on at once."""


class TooSlowError(Exception):
    """The database said nothing for longer than the patience of whoever waits."""


class _StoppedError(Exception):
    """Nobody wants the rest."""


class Copy:
    """The bytes of a query's rows by COPY, piece by piece; `close` ends the query.

    Parameters
    ----------
    connection : psycopg2's, which nobody else uses meanwhile
    patience : s, for the first piece and between any two; None: without end
    """

    def __init__(self, connection, query: str, patience: float | None):
        self._connection, self._query, self._patience = connection, query, patience
        self._ready: queue.SimpleQueue = queue.SimpleQueue()
        self._wanted = threading.Semaphore(0)
        self._over = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="copy", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            piece = self._next()
            if piece is None:
                return
            yield piece
            self._wanted.release()

    def close(self) -> None:
        """End the query where it is; the connection is of no use afterwards, unless the result had ended."""
        if self._ended or not self._thread.is_alive():  # a cancel would meet the connection's next query
            self._thread.join()
            return
        self._over = True
        with suppress(psycopg2.Error):  # it is not connected any more, which is as good
            self._connection.cancel()
        self._wanted.release()
        self._thread.join()

    def _next(self) -> bytes | None:
        try:
            piece = self._ready.get(timeout=self._patience)
        except queue.Empty:
            self.close()
            raise TooSlowError from None
        self._ended = not isinstance(piece, bytes)
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def _run(self) -> None:
        try:
            sink = io.BufferedWriter(_Sink(self._pass_on), PIECE)
            with self._connection.cursor() as cursor:
                copy.deliver(cursor, self._query, sink, PIECE)
            sink.flush()
        except Exception as error:  # noqa: BLE001 (it is raised where the pieces are asked for)
            self._ready.put(error)
        else:
            self._ready.put(None)

    def _pass_on(self, piece: bytes) -> None:
        if self._over:  # the buffer tries once more when it is thrown away
            raise _StoppedError
        self._ready.put(piece)
        self._wanted.acquire()
        if self._over:
            raise _StoppedError


class _Sink(io.RawIOBase):
    """A file whose pieces go to a function."""

    def __init__(self, take):
        super().__init__()
        self._take = take

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._take(bytes(data))
        return len(data)
