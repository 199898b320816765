"""A copy of the archive of this checkout, served: whatever a measurement does to it, the archive itself keeps nothing.

The database is dumped and read into another one of the same server, the product tree is linked file by file.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.servers import NotReadyError

COPIED = ("pg_dump", "--no-comments", "--no-tablespaces", "--format=custom", "--compress=0")


@dataclass(frozen=True)
class Served:
    """A served copy: its address, the folder with its files and its portal's temporary ones, its database's server."""

    address: str
    folder: Path
    postmaster: int


@contextmanager
def copy(workers: int, **variables: str) -> Iterator[Served]:
    """Serve a copy of the archive, and remove it; Django is set up already.

    workers : processes of the portal
    variables : of the portal's environment

    Raises
    ------
    NotReadyError
    """
    from django.conf import settings

    from deploy import built
    from tests import servers

    if not any(settings.ARCHIVE_ROOT.glob("*")):
        raise NotReadyError(f"{settings.ARCHIVE_ROOT}: there are no products to serve; run `make demo` first")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=settings.VAR) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("archive", "jobs", "tmp"):
            (folder / part).mkdir()
        _link(settings.ARCHIVE_ROOT, folder / "archive")
        settings.ARCHIVE_ROOT, settings.JOB_ROOT = folder / "archive", folder / "jobs"
        with (
            ThreadPoolExecutor(1) as pool,
            _database(pool.submit(built.STATIC.build)) as postmaster,
            servers.portal(folder, workers, (sys.executable,), TMPDIR=str(folder / "tmp"), **variables) as address,
        ):
            yield Served(address, folder, postmaster)


def _link(tree: Path, place: Path) -> None:
    """A product tree of the same files: nothing of the archive writes into one that has its name."""
    subprocess.run(["cp", "-al", f"{tree}/.", place], check=True)
    os.chown(place, os.geteuid(), os.getegid())  # commands act as whoever has the tree: here, as this process


@contextmanager
def _database(meanwhile: Future) -> Iterator[int]:
    """A copy of the database, to which this process's connections lead; gives the server's process id.

    meanwhile : what is done beside the copying, and done when this is
    """
    from django.core.management import call_command
    from django.db import connections

    source = connections["default"].settings_dict
    name, original = f"bench_{secrets.token_hex(6)}", source["NAME"]
    where = {"PGHOST": source["HOST"], "PGPORT": str(source["PORT"]), "PGUSER": source["USER"]}
    environment = os.environ | where | {"PGPASSWORD": source["PASSWORD"]}
    subprocess.run(["createdb", name], env=environment, check=True)
    try:
        with subprocess.Popen([*COPIED, original], env=environment, stdout=subprocess.PIPE) as dump:
            restore = ["pg_restore", "--exit-on-error", "--no-comments", "--dbname", name]
            subprocess.run(restore, env=environment, stdin=dump.stdout, check=True)
        if dump.returncode:
            raise subprocess.CalledProcessError(dump.returncode, dump.args)
        _lead_to(name)
        call_command("migrate", verbosity=0)  # the archive may have been made by an older version
        with connections["default"].cursor() as cursor:
            cursor.execute("ANALYZE")
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
        meanwhile.result()
        yield _parent(backend)
    finally:
        _lead_to(original)
        subprocess.run(["dropdb", "--force", name], env=environment, check=True)


def _parent(backend: int) -> int:
    """The process that started a backend; PostgreSQL must run on this machine, or its memory would not be seen."""
    stat = Path(f"/proc/{backend}/stat")
    if not stat.exists() or "(postgres)" not in stat.read_text():
        raise NotReadyError(
            "DATABASE_URL: PostgreSQL runs elsewhere; the measurement needs the private one (`make serve`)"
        )
    return int(stat.read_text().rpartition(")")[2].split()[1])


def _lead_to(name: str) -> None:
    from django.db import connections

    for alias in ("default", "reader"):
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name
