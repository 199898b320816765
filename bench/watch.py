"""Cost of a served portal while something is sent to it: memory, disk, and how long its health check takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MB = 1 << 20
EVERY = 0.25  # s between two looks
PARTS = {"granian": "portal", "manage.py queue": "queue", "bench.probe": ""}
"""Part of the system that a child process is, by a word of its command; the probe is none of the archive's."""
OTHERS = "command"
DATABASE = "PostgreSQL"


@dataclass
class Peak:
    """memory: bytes of each part at its largest, `whole` of all parts in one look; disk: bytes above what there was.

    Of memory that processes share each counts its share (PSS). health: the longest answer, s; failed: of `asked`
    answers those that were none.
    """

    memory: dict[str, int] = field(default_factory=dict)
    whole: int = 0
    disk: int = 0
    health: float = 0.0
    failed: int = 0
    asked: int = 0

    def look(self, memory: Counter, disk: int) -> None:
        """Take in what one look found."""
        for part, size in memory.items():
            self.memory[part] = max(self.memory.get(part, 0), size)
        self.whole, self.disk = max(self.whole, memory.total()), max(self.disk, disk)


@dataclass
class Watch:
    """Looks at what this process started, at PostgreSQL, at a folder and at /health, until it is closed.

    postmaster : process id of PostgreSQL's server, which started the others of its own
    """

    address: str
    folder: Path
    postmaster: int
    peak: Peak = field(default_factory=Peak)

    def __enter__(self) -> Watch:
        self._stop, self._before = threading.Event(), _used(self.folder)
        command = [sys.executable, "-m", "bench.probe", self.address]
        self._probe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        time.sleep(2 * EVERY)  # what was short is seen, too
        self._stop.set()
        self._thread.join()
        told, _ = self._probe.communicate()
        found = json.loads(told)
        self.peak.asked, self.peak.failed, self.peak.health = found["asked"], found["failed"], found["longest"]

    def _look(self) -> None:
        while not self._stop.wait(EVERY):
            self.peak.look(memory_of_parts(self.postmaster), _used(self.folder) - self._before)


def memory_of_parts(postmaster: int) -> Counter:
    """Bytes of the portal, of the queue's workers, of commands and of PostgreSQL, each with all it started."""
    children, found = _children(), Counter()
    for child in children.get(os.getpid(), ()):
        part = next((name for word, name in PARTS.items() if word in _command(child)), OTHERS)
        if part:
            found[part] += sum(map(_memory, _with_all_below(child, children)))
    found[DATABASE] = sum(map(_memory, _with_all_below(postmaster, children)))
    return found


def _children() -> dict[int, list[int]]:
    """The processes that each process started."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
            found.setdefault(parent, []).append(int(entry.name))
    return found


def _with_all_below(root: int, children: dict[int, list[int]]) -> list[int]:
    found = [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _memory(pid: int) -> int:
    """Proportional set size; of a process that is not ours to look into what is in memory, shared parts whole."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except PermissionError:
        return _resident(pid)
    except OSError:  # it has ended
        return 0


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _used(folder: Path) -> int:
    """Bytes on disk; files that go while they are counted count nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(f"{parent}/{name}").st_blocks * 512
            except OSError:
                continue
    return total
