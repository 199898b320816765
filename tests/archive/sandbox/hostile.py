"""Functions that a confined child runs in tests: each tries what a captured parser would."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import time
from pathlib import Path

import numpy as np
from astropy.io.votable import parse_single_table

from archive.sandbox.inside import path_of


def opens(source, path: str) -> str:
    return Path(path).read_text()


def says_or_refuses(source) -> bytes:
    content = source.read()
    if content.startswith(b"!"):
        raise ValueError(content.decode())
    return content


def opens_for_writing(source, path: str) -> int:
    return Path(path).write_text("taken")


def lists(source, path: str) -> list[str]:
    return [entry.name for entry in Path(path).iterdir()]


def connects(source, port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        return True


def starts_a_process(source) -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid


def runs_a_program(source) -> int:
    os.execv("/bin/true", ["true"])
    return 0


def kills_its_server(source) -> None:
    os.kill(os.getppid(), 9)


def raises_its_limits(source) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))


def takes_memory(source, megabytes: int) -> int:
    return int(np.ones(megabytes << 17).size)


def writes_a_large_file(source, megabytes: int) -> int:
    handle = os.memfd_create("large")
    for _ in range(megabytes):
        os.write(handle, b"x" * (1 << 20))
    return megabytes


def turns(source) -> None:
    while True:
        pass


def sleeps(source, seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def crashes(source) -> None:
    ctypes.string_at(0)


def aborts(source) -> None:
    os.abort()


def answers_much(source, megabytes: int) -> np.ndarray:
    return np.zeros(megabytes << 20, np.uint8)


def calls_itself(source) -> None:
    calls_itself(source)


def forges(source, content: str) -> None:
    """Writes what it likes into the pipe of its answer, and ends as if all were well."""
    for handle in range(3, 64):
        try:
            if str(Path(f"/proc/self/fd/{handle}").readlink()).startswith("pipe:"):
                os.write(handle, bytes.fromhex(content))
        except OSError:
            continue
    os._exit(0)


def who(source) -> list[int]:
    return [os.getuid(), os.geteuid(), os.getgid(), *os.getgroups()]


def environment(source) -> list[str]:
    return sorted(os.environ)


def descriptors(source) -> int:
    """The number of open ones; a child has its three, its file, its answer, and one to nowhere."""
    found = 0
    for handle in range(256):
        try:
            os.fstat(handle)
            found += 1
        except OSError:
            continue
    return found


def reads(source) -> bytes:
    return source.read()


def reads_by_path(source) -> bytes:
    return Path(path_of(source)).read_bytes()


def returns(source) -> dict:
    return {
        "plain": [1, 2.5, None, True, float("inf"), "é\ud800", {"a": {"b": []}}],
        "text": np.array(["a", "bb"]),
        "bytes": np.array([b"a", b"bb"]),
        "whole": np.arange(6, dtype=">i2").reshape(2, 3),
        "objects": np.array([np.arange(3), None, "q"], dtype=object),
        "empty": np.array([]),
        "raw": b"\0\1",
    }


def parses_what_it_is_told(source) -> int:
    """A table read without a look at it before."""
    return len(parse_single_table(source).to_table())
