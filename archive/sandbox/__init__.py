"""Foreign files are parsed here: a named function runs in a child process that can reach neither network nor files.

    rows = sandbox.run("archive.tables.readers:parse", content)

Each process of ours has one fork server (`archive.sandbox.server`), started when first needed. It has the parsers
loaded, has given up root and the network, and forks one child for each call; the child is confined
(`archive.sandbox.confine`), parses, writes its answer into a pipe and ends. However it ends, the caller gets an answer
or a `SandboxError` that says why in words for the person who sent the file. No Django.

A function that runs here takes an open binary file and keyword arguments that JSON can hold, and returns what
`archive.sandbox.wire` can carry. What it raises reaches the caller as `RefusedError`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from archive.requests import disconnect
from archive.sandbox import client, wire
from archive.sandbox.errors import (
    BusyError,
    DiedError,
    RefusedError,
    SandboxError,
    TooLargeError,
    TooSlowError,
    TryLaterError,
    UnavailableError,
)
from archive.sandbox.turns import turn

READERS = (
    "products.avrofile", "products.curvetables", "products.fitsfile", "products.forced", "products.matchfiles",
    "products.metadata", "products.releases", "products.tabular", "products.texts",
    "uploads.copying", "uploads.mocs", "uploads.skymaps", "uploads.tables",
)  # fmt: skip
FILES = client.Kind(
    "files",
    (
        *(f"archive.sandbox.readers.{name}" for name in READERS),
        "astropy.io.fits", "astropy.wcs", "astropy.time", "fastavro", "fitsio", "pandas",
        "tables", "unittest",
    ),
)  # fmt: skip
INGEST = client.Kind("ingest", FILES.loaded, nice=0, wait=3600.0)  # by commands, which no page waits behind
MIB = 1024**2
LONGEST_ARGUMENTS = 60_000  # bytes as JSON; what is larger belongs into the file


@dataclass(frozen=True)
class Limits:
    """Limits of one call. memory, answer, files' size: bytes; seconds: of the clock; cpu: s."""

    memory: int = 1024 * MIB
    cpu: int = 30
    seconds: float = 60.0
    answer: int = 256 * MIB
    written: int = 256 * MIB
    descriptors: int = 64


def run(
    function: str, source: bytes | int, limits: Limits | None = None, kind: client.Kind = FILES, /, **arguments
) -> Any:
    """The value that a function makes of a file that a stranger sent.

    Parameters
    ----------
    function : "module:name", a function of (binary file, **arguments)
    source : the file's bytes, or the number of a descriptor that is open for reading (it stays open here; it is read
        from its beginning, so give one that nobody else reads)
    limits : what it may use
    kind : of work; each has its own server and its own turns
    arguments : for the function; what JSON can hold

    Raises
    ------
    RefusedError
        with the function's own words, where it raised.
    TooLargeError, TooSlowError, Died
        where it needs more than the limits, or its parser crashed.
    BusyError
        where as many as may run at once run already, and go on running.
    UnavailableError
        where no child can be started.
    disconnect.ClientGoneError
        where the client of the current request has left: the child is killed.
    """
    return _asked(function, source, limits or Limits(), kind, arguments)


def run_many(
    function: str, contents: Sequence[bytes], limits: Limits | None = None, kind: client.Kind = FILES, /, **arguments
) -> list[Any | RefusedError]:
    """A function's value for each of some small files, or how it refused it; one child reads all of them.

    They should come from one hand: a file that takes over the child answers for the others, too. The limits are those
    of all of them together; arguments and what is raised as of `run`. Where the child dies, one of them is to blame:
    `run` tells which.
    """
    sizes = [len(one) for one in contents]
    found = _asked(function, b"".join(contents), limits or Limits(), kind, arguments, sizes)
    if not isinstance(found, list) or len(found) != len(sizes):
        raise DiedError("reading it made the parser crash (it did not answer for each file)")
    return [_outcome(one) for one in found]


def _asked(
    function: str, source: bytes | int, limits: Limits, kind: client.Kind, arguments: dict, sizes: list | None = None
) -> Any:
    told = {"function": function, "arguments": arguments, "limits": asdict(limits), "sizes": sizes}
    order = json.dumps(told).encode()
    if len(order) > LONGEST_ARGUMENTS:
        raise ValueError(f"{function}: {len(order)} bytes of arguments; at most {LONGEST_ARGUMENTS}")
    client.started(kind)  # before a turn is taken: that may take seconds
    leash = client.Leash()
    try:
        with turn(kind, kind.wait), _descriptor(source) as handle, disconnect.current().cancelling(leash.let_go):
            content, end = client.ask(kind, order, handle, limits.answer, limits.seconds, leash)
    finally:
        leash.let_go()
    disconnect.check()
    return _answer(content, end, limits)


def layers() -> dict[str, bool]:
    """The layers of the confinement that this machine's kernel grants; asked of a child."""
    return run("archive.sandbox.confine:layers", b"")


def _answer(content: bytes, end: client.End, limits: Limits) -> Any:
    if end.late or end.out_of_cpu:
        raise TooSlowError(f"reading it takes longer than {limits.seconds if end.late else limits.cpu:g} seconds")
    if end.too_long or end.code == wire.TOO_LONG:
        raise TooLargeError(f"what it holds takes more than {limits.answer // MIB} MB")
    if end.lost:
        raise UnavailableError("the process that works on it ended; try again")
    if end.code == wire.OUT_OF_MEMORY:
        raise TooLargeError(f"reading it takes more than {limits.memory // MIB} MB of memory")
    if end.code != 0:
        raise DiedError(f"reading it made the parser crash ({end.words})")
    try:
        answer = wire.decode(content)
    except wire.BrokenCopyError as reason:
        raise DiedError(f"reading it made the parser crash (no whole answer: {reason})") from reason
    outcome = _outcome(answer)
    if isinstance(outcome, RefusedError):
        raise outcome
    return outcome


def _outcome(answer: Any) -> Any | RefusedError:
    """The value that a function returned, or the error that it raised; a broken child may have written anything."""
    told = answer if isinstance(answer, dict) else {}
    if "value" in told:
        return told["value"]
    error = told.get("error")
    if not isinstance(error, dict) or not all(isinstance(error.get(part), str) for part in ("kind", "message")):
        raise DiedError("reading it made the parser crash (no whole answer)")
    return RefusedError(error["kind"], error["message"])


@contextmanager
def _descriptor(source: bytes | int):
    """A file's bytes as a descriptor; what lies in memory can be changed by nobody."""
    if isinstance(source, int):
        yield source
        return
    handle = os.memfd_create("upload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(source)
        while rest:
            rest = rest[os.write(handle, rest) :]
        client.seal(handle)
        yield handle
    finally:
        os.close(handle)


def reset() -> None:
    """Forget the fork server of a parent process: after a fork, this process starts its own."""
    client.forget()


os.register_at_fork(after_in_child=reset)

__all__ = [
    "BusyError",
    "DiedError",
    "FILES",
    "INGEST",
    "Limits",
    "RefusedError",
    "SandboxError",
    "TooLargeError",
    "TooSlowError",
    "TryLaterError",
    "UnavailableError",
    "layers",
    "run",
    "run_many",
]
