"""An answer between the thread that writes it and the client that reads it."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter, deque
from dataclasses import dataclass
from threading import Condition, Lock
from typing import IO

from archive.requests.disconnect import ClientGoneError

READ = 1 << 18  # bytes taken from a temporary file at once


class Budget:
    """Bytes that all temporary files of the process may hold together, and those of one address; thread-safe."""

    def __init__(self, size: int, share: int):
        self._free, self._most, self._lock = size, share, Lock()
        self._used: Counter[str] = Counter()

    def of(self, address: str) -> Share:
        """The share of one address."""
        return Share(self, address)

    def reserve(self, address: str, size: int) -> bool:
        """Take some; False where there is no room, for this address or at all."""
        with self._lock:
            if size > min(self._free, self._most - self._used[address]):
                return False
            self._free -= size
            self._used[address] += size
            return True

    def release(self, address: str, size: int) -> None:
        with self._lock:
            self._free += size
            self._used[address] -= size
            if not self._used[address]:
                del self._used[address]


@dataclass(frozen=True)
class Share:
    """The part of a budget that one address may take."""

    budget: Budget
    address: str

    def reserve(self, size: int) -> bool:
        return self.budget.reserve(self.address, size)

    def release(self, size: int) -> None:
        self.budget.release(self.address, size)


class Spool:
    """A bounded buffer: one thread writes, one task reads; what does not fit into memory goes to a temporary file.

    Parameters
    ----------
    loop : of the reading task
    memory : bytes kept in memory
    most : bytes kept in all; then the writer waits until the reader has caught up
    budget : of the process's temporary files; without room the writer waits as if `most` were `memory`
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, memory: int, most: int, budget: Share):
        self._loop, self._memory, self._most, self._budget = loop, memory, most, budget
        self._changed = Condition()
        self._chunks: deque[bytes] = deque()
        self._held = 0  # bytes in memory
        self._file: IO[bytes] | None = None
        self._written = self._read = 0  # bytes of the file
        self._ended = self._broken = False
        self._waiting: asyncio.Future | None = None

    def write(self, block: bytes) -> None:
        """Append a block; waits while the spool is full.

        Raises
        ------
        ClientGoneError
        """
        with self._changed:
            while not self._broken and not self._put(block):
                self._changed.wait()
            if self._broken:
                raise ClientGoneError("the client left, or reads too slowly")
            self._wake()

    def end(self) -> None:
        """Say that nothing follows."""
        with self._changed:
            self._ended = True
            self._wake()

    def break_off(self) -> None:
        """Say that nobody reads any more: the writer's next block, or the one that it waits with, fails."""
        with self._changed:
            self._broken = True
            self._chunks.clear()
            self._close_file()
            self._changed.notify_all()

    async def read(self) -> tuple[bytes, bool]:
        """The next bytes, and whether more follow; waits for the writer."""
        while True:
            with self._changed:
                block = self._take()
                if block or self._ended:
                    return block, not (self._ended and self._is_empty())
                self._waiting = self._loop.create_future()
            await self._waiting

    def close(self) -> None:
        """Free what it holds."""
        with self._changed:
            self._close_file()

    def _put(self, block: bytes) -> bool:
        """Whether the block found room. Order is kept: while the file holds something, all goes there."""
        in_file = self._written - self._read
        if not in_file and (self._held + len(block) <= self._memory or not self._chunks):
            self._chunks.append(block)
            self._held += len(block)
            return True
        # The file's length counts, not what of it is unread: it gives its room back only when it has been read whole.
        if self._held + self._written + len(block) > self._most or not self._budget.reserve(len(block)):
            return False
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the answer)
        self._file.seek(self._written)
        self._file.write(block)
        self._written += len(block)
        return True

    def _take(self) -> bytes:
        if self._chunks:
            block = b"".join(self._chunks) if len(self._chunks) > 1 else self._chunks[0]
            self._chunks.clear()
            self._held = 0
        elif self._file is not None and self._written > self._read:
            self._file.seek(self._read)
            block = self._file.read(min(READ, self._written - self._read))
            self._read += len(block)
            if self._read == self._written:
                self._empty(self._file)
        else:
            return b""
        self._changed.notify_all()
        return block

    def _is_empty(self) -> bool:
        return not self._chunks and self._written == self._read

    def _empty(self, file: IO[bytes]) -> None:
        """Begin the file anew: its room on disk goes back when the reader has caught up."""
        self._budget.release(self._written)
        file.seek(0)
        file.truncate()
        self._written = self._read = 0

    def _close_file(self) -> None:
        if self._file is not None:
            self._budget.release(self._written)
            self._file.close()
            self._file, self._written, self._read = None, 0, 0

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._loop.call_soon_threadsafe(_resolve, waiting)


def _resolve(future: asyncio.Future) -> None:
    if not future.done():
        future.set_result(None)
