"""Receiving a request's body, within a size, a minimum rate and a total time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import IO

from portal.gateway.limits import Limits
from portal.gateway.refusal import RefusalError
from portal.gateway.spool import Share

Receive = Callable[[], Awaitable[dict]]


class ClientLeftError(Exception):
    """The client left before its body was complete."""


class Body:
    """A received body: a file to read from, its size, and its share of the process's temporary files."""

    def __init__(self, budget: Share, memory: int):
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(memory)  # noqa: SIM115 (it is closed with the request)
        self.size = 0
        self._budget, self._memory, self._taken = budget, memory, 0

    def write(self, block: bytes) -> None:
        """Append; raises Refusal (503) when temporary files have no room."""
        self.size += len(block)
        needed = self.size if self.size > self._memory else 0
        if needed > self._taken:
            if not self._budget.reserve(needed - self._taken):
                raise RefusalError(503, "the archive is receiving too much at once; try again in a minute", retry=60)
            self._taken = needed
        self.file.write(block)

    def close(self) -> None:
        self.file.close()
        self._budget.release(self._taken)
        self._taken = 0


async def receive_body(receive: Receive, declared: int | None, limits: Limits, body: Body) -> None:
    """Fill `body` with what the client sends.

    Parameters
    ----------
    declared : Content-Length; None for a body that comes in chunks

    Raises
    ------
    RefusalError
        408 for one that comes too slowly, 413 for one that is too long.
    ClientLeftError
    """
    if declared is not None and declared > limits.largest_body:
        raise _too_long(declared, limits)
    started = time.monotonic()
    while True:
        limit = min(limits.allowed(body.size, limits.body_grace, limits.body_rate), limits.body_seconds)
        try:
            message = await asyncio.wait_for(receive(), max(0.0, started + limit - time.monotonic()))
        except TimeoutError:
            waited = time.monotonic() - started
            raise RefusalError(
                408,
                f"the request's body came too slowly: {body.size} bytes in {waited:.0f} s; "
                f"at least {limits.body_rate:g} bytes/s after the first {limits.body_grace:g} s are expected, "
                f"and all within {limits.body_seconds:g} s",
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        if block := message.get("body", b""):
            if body.size + len(block) > limits.largest_body:
                raise _too_long(body.size + len(block), limits)
            body.write(block)
        if not message.get("more_body", False):
            break
    body.file.seek(0)


def _too_long(size: int, limits: Limits) -> RefusalError:
    return RefusalError(
        413, f"the request's body has {size} bytes or more; at most {limits.largest_body} are taken: send it in parts"
    )
