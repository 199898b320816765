"""The table of clients: the calls that tests marked `client` make, and how many of them passed in a real run.

A test says `@pytest.mark.client("ztfquery", "ZTFQuery.load_metadata", …)`; `replayed=True` where it makes the calls of
a client that does not run here. `pytest -m client --clients docs/clients.json` writes the table that the documentation
shows.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from bench import provenance

PROGRAMS = {
    "aria2": ["aria2c", "--version"],
    "curl": ["curl", "--version"],
    "stilts": ["stilts", "-version"],
    "wget": ["wget", "--version"],
}
REPLAYED = "calls replayed"
MARK = "client"


@dataclass
class Row:
    """One call of a client: how many tests make it, how many of those passed, and where they stand."""

    client: str
    version: str
    call: str
    made: int = 0
    passed: int = 0
    files: list[str] = field(default_factory=list)


class Table:
    """What a run has called so far; a plugin of pytest."""

    def __init__(self, path: Path):
        self.path = path
        self.made: Counter[tuple[str, str, str]] = Counter()
        self.passed: Counter[tuple[str, str, str]] = Counter()
        self.files: dict[tuple[str, str, str], set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: when it was called, or when it did not come to that."""
        if report.when != "call" and (report.when != "setup" or report.passed):
            return
        for name, call in report.user_properties:
            if name == MARK:
                key = tuple(call)
                self.made[key] += 1
                self.passed[key] += report.passed
                self.files.setdefault(key, set()).add(report.nodeid.partition("::")[0])

    def pytest_sessionfinish(self) -> None:
        """Write the table."""
        rows = [
            asdict(Row(client, known or version(client), call, count, self.passed[key], sorted(self.files[key])))
            for key, count in sorted(self.made.items())
            for client, call, known in [key]
        ]
        body = {"commit": provenance.commit(), "date": f"{datetime.now(UTC):%Y-%m-%d}", "rows": rows}
        self.path.write_text(json.dumps(body, indent=1) + "\n")


def note(item: pytest.Item) -> None:
    """Let a test's report carry the calls that its marks name, from whichever process it ran in."""
    for mark in item.iter_markers(MARK):
        client, *calls = mark.args
        known = REPLAYED if mark.kwargs.get("replayed") else ""
        item.user_properties += [(MARK, [client, call, known]) for call in calls]


def version(client: str) -> str:
    """The version of a client as it is installed."""
    if client not in PROGRAMS:
        return metadata.version(client)
    done = subprocess.run(PROGRAMS[client], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+(-\d+)?", done.stdout)
    if found is None:
        raise ValueError(f"{client} does not say its version: {done.stdout[:100]!r}")
    return found[0]
