"""Turns on this machine: of each kind of work a few children run at once, whichever process asks for them.

A turn is a lock on a file, which the kernel opens when its holder ends, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.sandbox.client import PROJECT, Kind
from archive.sandbox.errors import BusyError, UnavailableError

FOLDER = Path(os.environ.get("ZTF_VAR", PROJECT / "var")).resolve() / "run" / "sandbox"
LOOKS = 0.03  # s between two looks for a free one


@contextmanager
def turn(kind: Kind, seconds: float) -> Iterator[None]:
    """Within the block, one of the machine's turns of a kind is ours.

    Raises
    ------
    BusyError
        where none is free within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while (handle := _free(kind)) is None:
        if time.monotonic() > deadline:
            raise BusyError(f"{kind.name}: {kind.at_once} are being worked on, and none ended within {seconds:g} s")
        time.sleep(LOOKS)
    try:
        yield
    finally:
        os.close(handle)


def _free(kind: Kind) -> int | None:
    for number in range(kind.at_once):
        handle = _opened(f"{kind.name}-{number}")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            return handle
    return None


def _opened(name: str) -> int:
    """A lock of this machine, which whoever works below the folder may take: a command of root's, the portal's user."""
    path = FOLDER / name
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise UnavailableError(
            f"the turns of those that read files cannot be taken ({path}: {error.strerror})"
        ) from error
    with suppress(PermissionError):  # another's file, which its owner opened to us when it was made
        os.fchmod(handle, 0o666)
    return handle
