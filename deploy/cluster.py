"""The private PostgreSQL cluster of this checkout, with Q3C and the two roles the system uses.

The steps follow what kill -9 taught: `pg_ctl status` takes an unreaped zombie for a live postmaster, so readiness
is asked with pg_isready, and a stale lock file goes only when no process sits in the data folder any more.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from archive.requests.numbers import whole
from deploy import machine

DATABASE, OWNER, READER = "ztf", "ztf", "ztf_reader"
SQL = Path(__file__).with_name("postgres.sql")
START_SECONDS = 120
READY, REFUSING, SILENT = 0, 1, 2  # as pg_isready ends
PROCESS_BYTES = 3 * 1024**3
"""Memory that one process of PostgreSQL may map, its share of `shared_buffers` among it; POSTGRES_PROCESS_BYTES.

A query that wants more fails as "out of memory", and only it. Without a bound the kernel ends the process, and with it
every connection there is.
"""
LEAST_PROCESS_BYTES = 1024**3

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket}'
max_connections = 120
shared_buffers = 512MB
effective_cache_size = 4GB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 1000
log_line_prefix = '%m [%p] %a '
idle_in_transaction_session_timeout = '10min'
"""
UNSAFE = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""
HOST_RULES = """local all postgres peer map=operator
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


class Cluster:
    """One data folder and its postmaster."""

    def __init__(self) -> None:
        self.user = machine.server_user("postgres")
        self.bin = _newest_postgresql_with_q3c()
        home = machine.service_folder("postgres", self.user)
        self.data, self.log = home / "data", home / "postgres.log"
        self.socket = machine.socket_folder(home / "run", self.user)
        self.complete = home / "complete"
        self.port_file = home / "port"

    @property
    def port(self) -> int:
        return int(self.port_file.read_text())

    def up(self) -> None:
        """Make the cluster where there is none, start it where it is stopped, see that roles and database are there."""
        machine.provide_var()
        with (machine.VAR / ".postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._create()
            if not self.ready():
                self._start()
            self._provide_database()
        machine.write_environment(
            DATABASE_URL=self.url(OWNER),
            READER_DATABASE_URL=self.url(READER),
        )

    def down(self) -> None:
        if self.complete.exists() and self.ready():
            stop = [self.bin / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "-t", "60", "stop"]
            self._run(stop, stdout=subprocess.DEVNULL)

    def ready(self) -> bool:
        return self._answer() == READY

    def _answer(self) -> int:
        """The answer of pg_isready about the server behind our own socket."""
        if not (self.data / "postmaster.pid").exists():
            return SILENT
        return self._run([self.bin / "pg_isready", "-q", "-h", self.socket, "-p", self.port], check=False).returncode

    def url(self, role: str) -> str:
        host = quote(str(self.socket), safe="")
        return f"postgres://{role}:{machine.secret(f'postgres-{role}')}@{host}:{self.port}/{DATABASE}"

    def _create(self) -> None:
        if self.complete.exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # half-made by an interrupted first run
        machine.make_folder(self.data, self.user, 0o700)
        options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=peer"]
        self._run([self.bin / "initdb", "-D", self.data, *options, "--no-instructions"], stdout=subprocess.DEVNULL)
        me = pwd.getpwuid(os.geteuid()).pw_name
        self._write("pg_ident.conf", f"operator {me} postgres\noperator postgres postgres\n")
        self._write("pg_hba.conf", HOST_RULES)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("include_if_exists = 'ztf.conf'\n")
        self.complete.touch()

    def _start(self) -> None:
        recovering = self.port_file.exists() and self._answer() == REFUSING  # after a crash; the port is its own
        if not recovering and (not self.port_file.exists() or not machine.port_is_free(self.port)):
            self.port_file.write_text(str(machine.free_port()))
        self._write("ztf.conf", SETTINGS.format(port=self.port, socket=self.socket) + (UNSAFE if passing() else ""))
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            self._clear_stale_lock()
            bounded = ["prlimit", f"--as={process_bytes()}", "--"]
            start = [*bounded, self.bin / "pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "60", "start"]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self._run(start, check=False, **quiet)
            if time.monotonic() > deadline:
                tail = self.log.read_text()[-2000:] if self.log.exists() else "(no log)"
                raise machine.SetupError(f"PostgreSQL did not start; the end of {self.log}:\n{tail}")
            time.sleep(0.2)

    def _clear_stale_lock(self) -> None:
        """After a crash: wait for orphaned backends to leave, then remove the dead postmaster's lock file."""
        lock = self.data / "postmaster.pid"
        for _ in range(100):
            if not lock.exists() or self.ready():
                return
            if not self._processes_inside():
                lock.unlink(missing_ok=True)
                return
            time.sleep(0.1)

    def _processes_inside(self) -> list[int]:
        """Processes whose working folder is the data folder; zombies have none."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cwd").readlink() == self.data:
                    found.append(int(entry.name))
            except OSError:  # it ended meanwhile, or is not ours to look into
                continue
        return found

    def _provide_database(self) -> None:
        statements = [
            _create_unless(f"SELECT FROM pg_roles WHERE rolname = '{role}'", f"CREATE ROLE {role} LOGIN")
            for role in (OWNER, READER)
        ]
        statements += [
            f"ALTER ROLE {role} PASSWORD '{machine.secret(f'postgres-{role}')}';" for role in (OWNER, READER)
        ]
        statements.append(f"ALTER ROLE {OWNER} CREATEDB;")
        self._psql("postgres", "\n".join(statements))
        # Test databases are copies of template1, so what they need goes there too.
        self._psql("template1", SQL.read_text())
        exists = f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"
        self._psql("postgres", _create_unless(exists, f"CREATE DATABASE {DATABASE} OWNER {OWNER}"))

    def _psql(self, database: str, script: str) -> None:
        """Run a script as superuser; it goes through standard input, so that no password shows among the processes."""
        command = [
            self.bin / "psql",
            "-Xq",
            "-v",
            "ON_ERROR_STOP=1",
            "-v",
            f"owner={OWNER}",
            "-v",
            f"reader={READER}",
        ]
        command += ["-h", self.socket, "-p", self.port, "-U", "postgres", "-d", database]
        done = self._run(command, check=False, input=script, text=True, capture_output=True)
        if done.returncode:
            raise machine.SetupError(f"PostgreSQL refused its set-up: {done.stderr.strip()}")

    def _write(self, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text)
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _run(self, command: list[str | Path], **options) -> subprocess.CompletedProcess:
        options.setdefault("check", True)
        environment = machine.clean_environment(self.data.parent)
        return subprocess.run(machine.as_user(self.user, command), env=environment, cwd="/", **options)


def passing() -> bool:
    """Whether the data need not outlive a crash of the machine, as those of tests: POSTGRES_PASSING.

    Raises
    ------
    SetupError
    """
    # 1: what PostgreSQL stores need not outlive a crash of the machine (tests: they wait for no disk)
    text = os.environ.get("POSTGRES_PASSING", "0")
    if text not in ("0", "1"):
        raise machine.SetupError(f"POSTGRES_PASSING={text[:40]}: must be 0 or 1")
    return text == "1"


def process_bytes() -> int:
    """Memory of one process, as POSTGRES_PROCESS_BYTES or else PROCESS_BYTES says.

    Raises
    ------
    SetupError
    """
    # Bytes of memory that one process of PostgreSQL may map, with its share of shared_buffers
    text = os.environ.get("POSTGRES_PROCESS_BYTES", str(PROCESS_BYTES))
    if (found := whole(text, LEAST_PROCESS_BYTES)) is None:
        raise machine.SetupError(
            f"POSTGRES_PROCESS_BYTES={text[:40]}: must be a whole number of bytes, at least {LEAST_PROCESS_BYTES}"
        )
    return found


def _create_unless(exists: str, statement: str) -> str:
    return f"SELECT '{statement}' WHERE NOT EXISTS ({exists}) \\gexec\n"


def _newest_postgresql_with_q3c() -> Path:
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    versions = sorted((int(path.parent.parent.name) for path in installed), reverse=True)
    for version in versions:
        if Path(f"/usr/share/postgresql/{version}/extension/q3c.control").exists():
            return Path(f"/usr/lib/postgresql/{version}/bin")
    raise machine.SetupError("PostgreSQL with Q3C is not installed: run deploy/setup.sh")
