"""PostgreSQL clusters of a measurement's own, in temporary folders, with pgSphere where Debian's package has it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from deploy.machine import as_user, make_folder, server_user

BIN = Path("/usr/lib/postgresql/15/bin")
SPHERE = Path("/usr/share/postgresql/15/extension/pg_sphere--1.2.0.sql")
DATABASE = "gavo"
CONFIG = """
listen_addresses = ''
port = 5432
unix_socket_directories = '{folder}'
shared_buffers = 512MB
fsync = off
jit = off
random_page_cost = 1.1
"""


@contextmanager
def cluster(folder: Path) -> Iterator[None]:
    """A server that listens on a socket in that (new) folder, with an empty database; it goes afterwards."""
    user = server_user("postgres")
    make_folder(folder, user)
    data, log = folder / "pg", folder / "pg.log"
    control = as_user(user, [BIN / "pg_ctl", "-D", data, "-l", log, "-w"])
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(as_user(user, [BIN / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "-U", "bench"]), **quiet)
    with (data / "postgresql.conf").open("a") as file:
        file.write(CONFIG.format(folder=folder))
    subprocess.run([*control, "start"], **quiet)
    try:
        connection = psycopg2.connect(url_of(folder, "postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
        connection.close()
        yield
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


def url_of(folder: Path, database: str) -> str:
    """The address of a database of a cluster."""
    return f"host={folder} port=5432 dbname={database} user=bench"


@contextmanager
def connected(folder: Path) -> Iterator:
    """A cursor on the cluster's database; what was done is committed at the end."""
    connection = psycopg2.connect(url_of(folder, DATABASE))
    with connection, connection.cursor() as cursor:
        yield cursor
    connection.close()


def create_sphere(cursor) -> None:
    """pg_sphere; PostgreSQL 15.20 refuses two operators of Debian's version, which then goes in without them."""
    cursor.execute("SAVEPOINT before")
    try:
        cursor.execute("CREATE EXTENSION pg_sphere")
    except psycopg2.Error:
        cursor.execute("ROLLBACK TO before")
        text = re.sub(r"^\\echo.*$", "", SPHERE.read_text(), flags=re.MULTILINE)
        text = text.replace("MODULE_PATHNAME", "$libdir/pg_sphere")
        cursor.execute(re.sub(r"CREATE\s+OPERATOR\s+@\s*\([^)]*smoc[^)]*\);", _without_partners, text))
        cursor.execute(
            "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) "
            "VALUES (99999, 'pg_sphere', 10, 2200, false, '1.2.0')"
        )


def _without_partners(operator: re.Match) -> str:
    return re.sub(r",?\s*(COMMUTATOR\s*=\s*'@>'|NEGATOR\s*=\s*'!<@')", "", operator.group(0))
