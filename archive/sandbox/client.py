"""The caller's side of the fork server: starts it, hands over a file, waits for the answer and for how the child ended.

The server is a program of its own, because a process of ours has threads, and a forked copy of it would have all its
memory, connections and secrets. Each order carries its own two pipes, so threads share the control socket without
waiting for each other.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from archive.sandbox.errors import UnavailableError

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0  # until the parsers are loaded, on a busy machine
GRACE_SECONDS = 10.0  # beyond a child's own time, until its server must have told its end
BLOCK = 1 << 18
QUIET = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # a process with threads is not forked safely
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108 (nothing is written) matplotlib would make a folder
    "PATH": "/usr/bin:/bin",
}
CACHES = ("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX")
"""Where an account that may not write beside the sources keeps compiled code; numba refuses to load without."""
also_loaded: tuple[str, ...] = ()  # modules beside a kind's own: a child can load none that lies elsewhere
_SEALS = 0x0001 | 0x0002 | 0x0004 | 0x0008  # seal, shrink, grow, write

_lock = threading.Lock()  # of the table of servers
_starting: dict[Kind, threading.Lock] = {}  # of each kind its own: one that starts keeps no other waiting
_servers: dict[Kind, _Server] = {}


@dataclass(frozen=True)
class Kind:
    """A kind of work: the modules that its server has loaded, how many of its children run at once on this machine,
    how long (s) a call waits for one of them to end, and how nice they are (whoever waits for a page comes before
    whoever sent a file).
    """

    name: str
    loaded: tuple[str, ...]
    at_once: int = 2
    wait: float = 10.0
    nice: int = 10


@dataclass(frozen=True)
class End:
    """The end of a child, as its server saw it."""

    code: int | None = None
    signal: int | None = None
    late: bool = False
    too_long: bool = False
    lost: bool = False

    @property
    def out_of_cpu(self) -> bool:
        return self.signal == signal.SIGXCPU

    @property
    def words(self) -> str:
        if self.signal is None:
            return f"it ended with code {self.code}"
        return signal.strsignal(self.signal) or f"signal {self.signal}"


@dataclass
class _Server:
    process: subprocess.Popen
    control: socket.socket


class Leash:
    """The hold on a child: it is killed when this is let go, from whichever thread, or by the end of our process."""

    def __init__(self) -> None:
        self._of_server, self._ours = os.pipe2(os.O_CLOEXEC)
        self._lock = threading.Lock()

    def take_end(self) -> int:
        """The server's end, which whoever takes it closes."""
        with self._lock:
            handle, self._of_server = self._of_server, -1
        return handle

    def let_go(self) -> None:
        with self._lock:
            for handle in (self._ours, self._of_server):
                if handle >= 0:
                    os.close(handle)
            self._ours = self._of_server = -1


def ask(kind: Kind, order: bytes, source: int, longest: int, seconds: float, leash: Leash) -> tuple[bytes, End]:
    """The bytes that a child wrote (at most `longest` are kept), and how it ended.

    Raises
    ------
    UnavailableError
    """
    if (held := leash.take_end()) < 0:
        return b"", End(lost=True)  # it was let go already
    answer, answer_of_child = os.pipe2(os.O_CLOEXEC)
    told, told_by_server = os.pipe2(os.O_CLOEXEC)
    given = [answer_of_child, told_by_server, held]
    try:
        try:
            _send(kind, order, [*given, source])
        finally:
            for handle in given:
                os.close(handle)
        content, whole = _read(answer, longest, time.monotonic() + seconds + GRACE_SECONDS)
        if not whole:
            return b"", End(too_long=True)  # the child ends when its leash is let go
        words, _ = _read(told, 10_000, time.monotonic() + seconds + GRACE_SECONDS)
    finally:
        os.close(told)
        os.close(answer)
    return content, End(**json.loads(words)) if words else End(lost=True)


def seal(handle: int) -> None:
    """Let nobody change a file in memory any more."""
    fcntl.fcntl(handle, fcntl.F_ADD_SEALS, _SEALS)


def forget() -> None:
    """In a forked process: leave the servers to the parent."""
    global _lock
    _lock = threading.Lock()
    _starting.clear()
    for server in _servers.values():
        server.control.close()
    _servers.clear()


def stop() -> None:
    """End the servers; the next call starts another."""
    for server in list(_servers.values()):
        _drop(server)


def _read(handle: int, longest: int, deadline: float) -> tuple[bytes, bool]:
    """The bytes of a pipe until it ends, and whether they are all: none, where there are more or it is late."""
    pieces: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as ready:
        ready.register(handle, selectors.EVENT_READ)
        while True:
            if not ready.select(max(deadline - time.monotonic(), 0)):
                return b"", True  # its server tells no end either, so it counts as lost
            piece = os.read(handle, BLOCK)
            if not piece:
                return b"".join(pieces), True
            size += len(piece)
            if size > longest:
                return b"", False
            pieces.append(piece)


def _send(kind: Kind, order: bytes, handles: list[int]) -> None:
    for attempt in (1, 2):
        server = started(kind)
        try:
            socket.send_fds(server.control, [order], handles)
            return
        except OSError as reason:  # it was killed since: another starts
            if attempt == 2:
                raise UnavailableError(
                    f"the process that reads files cannot be reached ({reason.strerror})"
                ) from reason
            _drop(server)


def _drop(server: _Server) -> None:
    with _lock:
        server.control.close()
        server.process.kill()
        server.process.wait()
        for kind, one in list(_servers.items()):
            if one is server:
                del _servers[kind]


def started(kind: Kind) -> _Server:
    """The server of a kind of work; it is started, where none runs.

    Raises
    ------
    UnavailableError
    """
    with _lock:
        starting = _starting.setdefault(kind, threading.Lock())
    with starting:
        server = _servers.get(kind)
        if server is None or server.process.poll() is not None:
            server = _servers[kind] = _start(kind)
        return server


def _environment() -> dict[str, str]:
    return QUIET | {name: os.environ[name] for name in CACHES if name in os.environ}


def _start(kind: Kind) -> _Server:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "archive.sandbox.server", str(theirs.fileno()), str(kind.nice)]
            + [*kind.loaded, *also_loaded],
            cwd=PROJECT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    ours.settimeout(START_SECONDS)
    try:
        ready = ours.recv(100)
    except TimeoutError:
        ready = b""
    if ready != b"ready":
        ours.close()
        process.kill()
        process.wait()
        raise UnavailableError("the process that reads files did not start; the log says why")
    ours.settimeout(None)
    return _Server(process, ours)
