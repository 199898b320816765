"""Threads that run views, divided into lanes, and each address's share of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from portal.gateway.limits import Lane, Limits
from portal.gateway.refusal import RefusalError


class RunningLane:
    """A lane's threads, and who has or awaits one. Used from the event loop only."""

    def __init__(self, lane: Lane, queue_seconds: float):
        self.lane, self._seconds = lane, queue_seconds
        self.executor = ThreadPoolExecutor(lane.threads, thread_name_prefix=lane.name)
        self._running: Counter[str] = Counter()
        self._queue: list[tuple[str, asyncio.Future]] = []
        self._free = lane.threads

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[ThreadPoolExecutor]:
        """A thread for a request of `address`: first come, first served among those below their share.

        Raises
        ------
        RefusalError
            503 when none is free in time.
        """
        if not self._may_run(address):
            await self._wait(address)
        else:
            self._start(address)
        try:
            yield self.executor
        finally:
            self._free += 1
            self._running[address] -= 1
            if not self._running[address]:
                del self._running[address]
            self._admit()

    async def _wait(self, address: str) -> None:
        if len(self._queue) >= self.lane.queue:
            raise RefusalError(503, "the archive is busy: too many requests wait; try again in a minute", retry=60)
        entry = (address, asyncio.get_running_loop().create_future())
        self._queue.append(entry)
        try:
            await asyncio.wait_for(entry[1], self._seconds)
        except TimeoutError:
            raise RefusalError(503, f"the archive is busy: no turn within {self._seconds:g} s", retry=30) from None
        except asyncio.CancelledError:
            if entry[1].done() and not entry[1].cancelled():  # it had its turn in that moment
                self._running[address] -= 1
                self._free += 1
                self._admit()
            raise
        finally:
            if entry in self._queue:
                self._queue.remove(entry)

    def _may_run(self, address: str) -> bool:
        return self._free > 0 and self._running[address] < self.lane.share

    def _start(self, address: str) -> None:
        self._free -= 1
        self._running[address] += 1

    def _admit(self) -> None:
        """Give free threads to those who wait."""
        for entry in list(self._queue):
            address, future = entry
            if self._free <= 0:
                return
            if not future.done() and self._may_run(address):
                self._start(address)
                self._queue.remove(entry)
                future.set_result(None)


class Admission:
    """Requests that are open, in whatever state, by address."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._total = 0

    def enter(self, address: str) -> None:
        """Count a request.

        Raises
        ------
        RefusalError
            429 for an address that has too many, 503 when there are too many in all.
        """
        if self._open[address] >= self._limits.open_per_address:
            raise RefusalError(
                429, f"{self._open[address]} requests of your address are open; wait for their answers", retry=10
            )
        if self._total >= self._limits.open_in_all:
            raise RefusalError(503, "the archive is busy: too many requests are open", retry=30)
        self._open[address] += 1
        self._total += 1

    def leave(self, address: str) -> None:
        self._total -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


def lanes_of(limits: Limits) -> list[RunningLane]:
    """The lanes of this process, in the order in which paths look for theirs."""
    return [RunningLane(lane, limits.queue_seconds) for lane in limits.lanes]


def lane_for(path: str, lanes: list[RunningLane]) -> RunningLane:
    return next(one for one in lanes if one.lane.takes(path))
