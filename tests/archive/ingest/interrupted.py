"""Takes a file again and again, killed (signal 9) at one step further each time; prints what was found after each.

A step is a change of the disk below the archive's root (audited by the interpreter) or a commit, before and after it.
Run as: python -m tests.archive.ingest.interrupted FILE ORIGIN
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import django

CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
MOST_STEPS = 200
LOADED = ("archive.ingest", "lightcurves.told.taking", "processing.forced.told")


def main(path: str, origin: str) -> None:
    django.setup()
    for module in LOADED:  # once, not by each child
        importlib.import_module(module)
    server = _server()
    for step in range(1, MOST_STEPS):
        ended = _in_child(Path(path), origin, step, server)
        print(json.dumps({"step": step, "killed": ended == signal.SIGKILL, "wrong": _wrong()}), flush=True)
        if ended != signal.SIGKILL:
            return
    raise SystemExit(f"more than {MOST_STEPS} steps")


def _server() -> socket.socket:
    """The way to a fork server that all children use: each would load the parsers anew."""
    from archive import sandbox
    from archive.sandbox import client

    return client.started(sandbox.INGEST).control.dup()


def _in_child(path: Path, origin: str, step: int, server: socket.socket) -> int:
    """The signal that ended the process which took the file."""
    child = os.fork()
    if child == 0:
        from archive import sandbox
        from archive.files import placing
        from archive.ingest import ingest
        from archive.sandbox import client

        client._servers[sandbox.INGEST] = client._Server(SimpleNamespace(poll=lambda: None), server)
        _kill_at(step)
        placing.settle_all()
        ingest(path, origin)
        os._exit(0)
    return os.waitpid(child, 0)[1] & 0x7F


def _kill_at(step: int) -> None:
    from django.conf import settings
    from django.db.backends.postgresql.base import DatabaseWrapper

    root, left = str(settings.ARCHIVE_ROOT), step

    def one() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def seen(event: str, arguments: tuple) -> None:
        changes = event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT)
        if changes and str(arguments[0]).startswith(root):
            one()

    plain = DatabaseWrapper._commit

    def commit(self) -> None:
        one()
        plain(self)
        one()

    DatabaseWrapper._commit = commit
    sys.addaudithook(seen)


def _wrong() -> list[str]:
    """Rows whose files are not there as the row tells."""
    from django.db import connections

    from archive.files import storage
    from archive.models import ProductFile

    found = []
    for row in ProductFile.objects.all():
        try:
            storage.check_whole(row.location, row.size, row.sha256)
        except OSError as error:
            found.append(str(error))
    connections.close_all()  # the next child makes its own
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
