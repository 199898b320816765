"""The programs that run beside the servers: portal, workers, clock, user jobs. Each has a log and a process file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deploy import machine

BIN = machine.PROJECT / ".venv" / "bin"
RUN, LOG = machine.VAR / "run", machine.VAR / "log"
PORT = int(os.environ.get("PORT", "8000"))  # port of the portal, on 127.0.0.1
STOP_SECONDS = 20
CODE = (
    "archive",
    "deploy",
    "lightcurves",
    "portal",
    "processing",
    "templates",
    "requirements.txt",
    "package-lock.json",
)
SETTINGS, PROVIDERS = (machine.PROJECT / "portal" / name for name in ("settings.py", "auth/providers.py"))
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Program:
    """A long-running program of ours."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]

    @property
    def note(self) -> Path:
        return RUN / f"{self.name}.json"

    def pid(self) -> int | None:
        """Its process id while it runs. The start time tells it from a later process of the same number."""
        if not self.note.exists():
            return None
        known = json.loads(self.note.read_text())
        return known["pid"] if _start_time(known["pid"]) == known["started"] else None

    def is_current(self) -> bool:
        """Whether it runs the code, packages and settings that are here now, as it would be started now."""
        known = json.loads(self.note.read_text()) if self.note.exists() else {}
        return (known.get("fingerprint"), known.get("command")) == (fingerprint(), list(self.command))

    def up(self) -> None:
        """Start it, never as root; the caller has seen that neither it nor anything left of it runs."""
        user, code = machine.service_user(), fingerprint()
        with os.fdopen(machine.open_own(LOG / f"{self.name}.log", os.O_APPEND), "ab") as log:
            process = subprocess.Popen(
                machine.as_user(user, list(self.command)),
                cwd=machine.PROJECT,
                env=os.environ | machine.caches(user) | self.environment,
                umask=machine.UMASK,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = _start_time(process.pid)
        known = {"pid": process.pid, "started": started, "fingerprint": code, "command": self.command}
        with os.fdopen(machine.open_own(self.note, os.O_TRUNC), "w") as note:
            note.write(json.dumps(known))

    def down(self) -> None:
        """End the whole process group: politely, then by force."""
        if not self.note.exists():
            return
        group = json.loads(self.note.read_text())["pid"]
        members = _session_members(group)
        for deadline, number in ((STOP_SECONDS, signal.SIGTERM), (5, signal.SIGKILL)):
            # A live leader ends its own children in order; orphans of a killed one are each told.
            for pid in members[:1] if number is signal.SIGTERM and members[:1] == [group] else members:
                _signal(pid, number)
            end = time.monotonic() + deadline
            while (members := _session_members(group)) and time.monotonic() < end:
                time.sleep(0.05)
            if not members:
                break
        self.note.unlink(missing_ok=True)


def programs() -> list[Program]:
    """Portal, pipeline workers (one thread each, one process per core), the clock of what recurs, and user jobs."""
    cores = str(os.cpu_count() or 1)
    python = str(BIN / "python")
    return [
        Program(
            "portal",
            (
                *(python, "-m", "granian", "--interface", "asgi", "portal.asgi:application"),
                *("--host", "127.0.0.1", "--port", str(PORT)),
                *("--workers", cores, "--no-ws", "--respawn-failed-workers"),
                # The gateway bounds requests; these bound connections that have not become one yet.
                *("--backlog", "2048", "--backpressure", "1000", "--http1-header-read-timeout", "15000"),
            ),
            {},
        ),
        Program(
            "worker",
            (
                *(python, "-m", "celery", "-A", "portal", "worker", "--concurrency", cores),
                *("--loglevel", "INFO", "--hostname", "pipeline@%h"),
            ),
            ONE_THREAD,
        ),
        Program("beat", (python, "manage.py", "beat"), ONE_THREAD),
        Program("queue", (python, "manage.py", "queue"), ONE_THREAD),
    ]


@cache
def fingerprint() -> str:
    """A number for the code, the packages and the settings that a program started now would have."""
    digest = hashlib.sha256()
    for name in CODE:
        path = machine.PROJECT / name
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file}\0".encode() + file.read_bytes())
    known = machine.read_environment() | os.environ
    for name in settings_variables():
        digest.update(f"{name}={known.get(name)}\0".encode())
    return digest.hexdigest()


def settings_variables() -> list[str]:
    """The variables of the environment that settings are read from."""
    asked = re.findall(r'(?:env(?:\.\w+)?|_database)\(\s*"([A-Z][A-Z0-9_]+)"', SETTINGS.read_text())
    return sorted({*asked, *re.findall(r'"([A-Z][A-Z0-9]+_[A-Z0-9_]+)"', PROVIDERS.read_text())})


def _start_time(pid: int) -> int | None:
    """Clock ticks since boot at which a process started; None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _session_members(session: int) -> list[int]:
    """Live processes of a session, its leader first; only of the account that programs run as."""
    user = machine.service_user()
    owner, found = os.geteuid() if user is None else user.pw_uid, []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields, theirs = (entry / "stat").read_text().rpartition(")")[2].split(), entry.stat().st_uid
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z" and theirs == owner:
            found.append(int(entry.name))
    return sorted(found, key=lambda pid: (pid != session, pid))


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
