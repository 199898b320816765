"""The programs that run beside the servers: portal, workers, user-job queue. Each has a log and a process file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy import machine

BIN = machine.PROJECT / ".venv" / "bin"
RUN, LOG = machine.VAR / "run", machine.VAR / "log"
PORT = int(os.environ.get("PORT", "8000"))
STOP_SECONDS = 20
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

    def up(self) -> None:
        """Start it; the caller has seen that neither it nor anything left of it runs."""
        RUN.mkdir(parents=True, exist_ok=True)
        LOG.mkdir(parents=True, exist_ok=True)
        with (LOG / f"{self.name}.log").open("ab") as log:
            process = subprocess.Popen(
                self.command,
                cwd=machine.PROJECT,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.note.write_text(json.dumps({"pid": process.pid, "started": _start_time(process.pid)}))

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
    """Portal, pipeline workers (one thread each, one process per core) and the queue of user jobs."""
    cores = str(os.cpu_count() or 1)
    return [
        Program(
            "portal",
            (
                str(BIN / "granian"),
                *("--interface", "wsgi", "portal.wsgi:application"),
                *("--host", "127.0.0.1", "--port", str(PORT)),
                *("--workers", cores, "--blocking-threads", "4", "--no-ws", "--respawn-failed-workers"),
            ),
            {},
        ),
        Program(
            "worker",
            (
                *(str(BIN / "celery"), "-A", "portal", "worker", "--beat", "--concurrency", cores),
                *("--loglevel", "INFO", "--hostname", "pipeline@%h"),
            ),
            ONE_THREAD,
        ),
        Program("queue", (str(BIN / "python"), "manage.py", "qcluster"), ONE_THREAD),
    ]


def _start_time(pid: int) -> int | None:
    """Clock ticks since boot at which a process started; None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _session_members(session: int) -> list[int]:
    """Live processes of a session, its leader first."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.name))
    return sorted(found, key=lambda pid: (pid != session, pid))


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
