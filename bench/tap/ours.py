"""Our side: a database of its own in the private cluster, under row-level security, and the portal that serves it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

DATABASE = "bench_tap"
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
FILL = """
CREATE TABLE {name} (id bigint, ra float8, dec float8, mag real, fid smallint, programid smallint,
    public_date timestamptz);
INSERT INTO {name} SELECT n, random() * 360, degrees(asin(2 * random() - 1)), 12 + 10 * random(), 1 + n % 3, 1,
    '2020-01-01' FROM generate_series(1, {rows}) AS n;
CREATE INDEX ON {name} (q3c_ang2ipix(ra, dec));
ANALYZE {name};
ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON {name} FOR SELECT TO ztf_reader USING ({visible});
GRANT SELECT ON {name} TO ztf_reader;
"""


@dataclass(frozen=True)
class Service:
    """tap : address; table, many : names of tables; port : of the portal; database : its URL."""

    tap: str
    table: str
    many: str
    port: int
    database: str

    def copy_rows(self, cursor, table: str) -> None:
        """Give the sources to another database."""
        body = io.BytesIO()
        with psycopg2.connect(self.database) as connection, connection.cursor() as mine:
            mine.copy_expert("COPY (SELECT id, ra, dec, mag, fid FROM bench_sources) TO STDOUT", body)
        body.seek(0)
        cursor.copy_expert(f"COPY {table} (id, ra, dec, mag, fid) FROM STDIN", body)


@contextmanager
def served(place: Path, rows: int, many: int) -> Iterator[Service]:
    """The portal over freshly filled tables; the database goes afterwards."""
    from django.conf import settings

    from tests.servers import environment, portal

    settings.JOB_ROOT, settings.ARCHIVE_ROOT = place / "jobs", place / "archive"
    urls = {key: value for key, value in environment(DATABASE).items() if key.endswith("DATABASE_URL")}
    variables = urls | {"DJANGO_SETTINGS_MODULE": "bench.tap.settings", "LOG_LEVEL": "ERROR"}
    with _database() as execute:
        fill(urls["DATABASE_URL"], rows, many)
        command = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(command, env=os.environ | variables, check=True)
        (place / "portal").mkdir()
        with portal(place / "portal", **variables) as address:
            port = int(address.rpartition(":")[2])
            yield Service(f"{address}/tap", "ztf.bench_sources", "ztf.bench_many", port, urls["DATABASE_URL"])
        execute(f"DROP DATABASE {DATABASE}")


@contextmanager
def _database() -> Iterator:
    """An empty database in the place of one that an interrupted run left."""
    from django.db import connections

    def execute(statement: str) -> None:
        for alias in ("reader", "default"):  # each role ends its own connections
            with connections[alias].cursor() as cursor:
                cursor.execute(END, [DATABASE])
        with connections["default"].cursor() as cursor:
            cursor.execute(statement)

    execute(f"DROP DATABASE IF EXISTS {DATABASE}")
    execute(f"CREATE DATABASE {DATABASE}")
    yield execute


def fill(url: str, rows: int, many: int) -> None:
    """Both tables."""
    from archive.access.reading import VISIBLE

    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for name, size in (("bench_sources", rows), ("bench_many", many)):
            cursor.execute(FILL.format(name=name, rows=size, visible=VISIBLE))


def memory(port: int) -> int:
    """Bytes of memory that the portal's processes hold (RSS)."""
    return sum(_rss(pid) for pid in _family(port))


def _family(port: int) -> list[str]:
    words = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ")
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:  # it has ended meanwhile
            continue
        words[path.name] = (parent, line)
    main = [pid for pid, (_, line) in words.items() if f"--port {port} ".encode() in line]
    return main + [pid for pid, (parent, _) in words.items() if parent in main and pid not in main]


def _rss(pid: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)
