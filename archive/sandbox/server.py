"""The fork server: loads the parsers once, gives up root and network, and forks a confined child for each order.

One thread, no Django, no secret in its environment. It ends when the process that started it does.
"""

from __future__ import annotations

import codecs
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from archive.sandbox import confine, wire

LONGEST_ORDER = 1 << 16
ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso8859-15")


@dataclass
class Child:
    """One that runs: where its end is told, what it is held by, and when it must have ended."""

    pid: int
    told: int
    leash: int
    deadline: float
    late: bool = False


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    os.nice(int(sys.argv[2]))
    for name in sys.argv[3:]:  # before root is given up: below a closed home, nothing can be loaded afterwards
        module = importlib.import_module(name)
        getattr(module, "warm_up", lambda: None)()
    for name in ENCODINGS:
        codecs.lookup(name)
    memory, nothing = confine.address_space(), os.open(os.devnull, os.O_RDWR)
    confine.give_up()
    gc.collect()
    gc.freeze()  # children share what is loaded
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's; the end of the control socket ends us
    control.send(b"ready")
    Server(control, memory, nothing).serve()


class Server:
    """Takes orders and tells how children end, until the control socket closes.

    memory : bytes that a child has mapped before it begins
    nothing : descriptor of /dev/null
    """

    def __init__(self, control: socket.socket, memory: int, nothing: int):
        self._control, self._memory, self._nothing = control, memory, nothing
        self._children: dict[int, Child] = {}  # by the descriptor of their process
        self._ready = selectors.DefaultSelector()

    def serve(self) -> None:
        self._ready.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _ in self._ready.select(self._wait()):
                if key.data is not None:
                    self._let_go(key.data, key.fd)
                elif key.fileobj is not self._control:
                    self._end(key.fd)
                elif not self._take_order():
                    for child in self._children.values():
                        os.kill(child.pid, signal.SIGKILL)
                    return
            for child in self._children.values():
                if time.monotonic() > child.deadline:
                    child.late = True
                    os.kill(child.pid, signal.SIGKILL)

    def _let_go(self, child: Child, leash: int) -> None:
        """End a child whose leash was let go, unless it has ended by itself since both were looked at."""
        if any(one is child for one in self._children.values()):
            os.kill(child.pid, signal.SIGKILL)
            self._ready.unregister(leash)

    def _wait(self) -> float | None:
        left = [child.deadline - time.monotonic() for child in self._children.values()]
        return max(0.01, min(left)) if left else None

    def _take_order(self) -> bool:
        """Fork a child for the next order; False where none will come any more."""
        text, handles, _, _ = socket.recv_fds(self._control, LONGEST_ORDER, 4)
        if not text:
            return False
        order, (answer, told, leash, source) = json.loads(text), handles
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                confine.die_with(server)
                confine.confine({answer, source, self._nothing}, self._memory, order["limits"])
                _work(order, answer, source, self._nothing)
            except BaseException:  # noqa: BLE001 (the log is told; before the parser began, or a fault of ours)
                traceback.print_exc()
            finally:
                os._exit(70)
        os.close(answer)
        os.close(source)
        handle = os.pidfd_open(pid)
        child = Child(pid, told, leash, time.monotonic() + order["limits"]["seconds"])
        self._children[handle] = child
        self._ready.register(handle, selectors.EVENT_READ)
        self._ready.register(leash, selectors.EVENT_READ, child)
        return True

    def _end(self, handle: int) -> None:
        """Tell the caller how a child ended."""
        self._ready.unregister(handle)
        os.close(handle)
        child = self._children.pop(handle)
        with suppress(KeyError):  # it was let go
            self._ready.unregister(child.leash)
        os.close(child.leash)
        _, status = os.waitpid(child.pid, 0)
        killed = os.WIFSIGNALED(status)
        end = {
            "code": None if killed else os.WEXITSTATUS(status),
            "signal": os.WTERMSIG(status) if killed else None,
            "late": child.late,
        }
        with suppress(BrokenPipeError):  # the caller has gone
            os.write(child.told, json.dumps(end).encode())
        os.close(child.told)


def _work(order: dict, answer: int, source: int, nothing: int) -> None:
    """The child's life, once it is confined."""
    for standard in (0, 1, 2):  # what a library prints may be a stranger's text: not into the log
        os.dup2(nothing, standard)
    try:
        pieces = _result(order, source)
        if sum(map(len, pieces)) > order["limits"]["answer"]:
            os._exit(wire.TOO_LONG)
        _put(answer, pieces)
    except MemoryError:
        os._exit(wire.OUT_OF_MEMORY)
    os._exit(0)


def _result(order: dict, source: int) -> list[bytes | memoryview]:
    os.lseek(source, 0, os.SEEK_SET)
    with os.fdopen(source, "rb", closefd=False) as file:
        if order["sizes"] is None:
            return wire.encoded(_outcome(order, file))
        return wire.encoded(wire.value([_outcome(order, io.BytesIO(file.read(size))) for size in order["sizes"]]))


def _outcome(order: dict, file: BinaryIO) -> dict:
    module, _, name = order["function"].partition(":")
    try:
        return wire.value(getattr(importlib.import_module(module), name)(file, **order["arguments"]))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (a parser may raise anything; the caller is told all of it)
        if _is_memory(error):
            raise MemoryError from error
        return wire.refusal(error)


def _is_memory(error: BaseException | None) -> bool:
    """Whether an error stands for one of memory: some libraries wrap it in theirs."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _put(answer: int, pieces: list[bytes | memoryview]) -> None:
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(answer, rest[: 1 << 20]) :]


if __name__ == "__main__":
    main()
