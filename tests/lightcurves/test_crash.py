"""kill -9 of a worker and of PostgreSQL while light curves are appended and packed: nothing is lost or doubled."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

from tests.lightcurves.crashing import IMAGES, STARS
from tests.servers import without_servers

pytestmark = pytest.mark.slow


class Servers:
    """A PostgreSQL of its own, and processes on it that may be killed."""

    def __init__(self, folder):
        self.environment = without_servers() | {"ZTF_VAR": str(folder), "PYTHONPATH": str(settings.BASE_DIR)}
        self.done: set[int] = set()  # images that were said to be appended ...
        self.known: set[int] = set()  # ... before the process began that looks

    def run(self, *words: str) -> str:
        made = subprocess.run([sys.executable, *words], **self._where(), capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr[-2000:]
        return made.stdout

    def up(self) -> None:
        self.run("-m", "deploy", "up", "postgres")

    def killed(self, verb: str, after: int, seconds: float, victim: str) -> dict:
        """Start `verb`; when it has said `after` times that something is done, wait and kill; returns what it found
        before it began."""
        command = [sys.executable, "-m", "tests.lightcurves.crashing", verb]
        quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        process = subprocess.Popen(command, **self._where(), **quiet)
        said = {}
        for line in process.stdout:
            what, value = json.loads(line)
            said.setdefault(what, []).append(value)
            if len(said.get("done", ())) == after:
                break
        time.sleep(seconds)
        os.kill(process.pid if victim == "worker" else said["backend"][0], signal.SIGKILL)
        done = [value for what, value in map(json.loads, process.stdout) if what == "done"]
        process.wait(timeout=60)
        assert process.returncode != 0, "it was killed before it had ended"
        if verb == "append":
            self.done.update(said["done"], done)
        self._wait()
        return self._sound(said["found"][0])

    def after(self, verb: str) -> dict:
        """State before `verb`, which runs to its end."""
        return self._sound(json.loads(self.run("-m", "tests.lightcurves.crashing", verb).splitlines()[0])[1])

    def _sound(self, found: dict) -> dict:
        """Every image whole or not at all, every point right and once, and none lost of those that were done."""
        assert found["twice"] == 0 and found["wrong"] == 0
        assert set(found["points"].values()) <= {STARS}
        assert sum(found["tiers"]) == STARS * len(found["points"])
        assert self.known <= set(map(int, found["points"]))
        self.known = set(self.done)
        return found

    def _wait(self) -> None:
        """PostgreSQL starts again by itself after one of its processes was killed."""
        deadline = time.monotonic() + 60
        while "running" not in self.run("-m", "deploy", "status", "postgres"):
            assert time.monotonic() < deadline, "PostgreSQL did not come back"
            time.sleep(0.2)

    def _where(self) -> dict:
        return {"cwd": settings.BASE_DIR, "env": self.environment}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    made = Servers(tmp_path_factory.mktemp("servers"))
    made.up()
    made.run("manage.py", "migrate", "-v0")
    made.run("-m", "tests.lightcurves.crashing", "seed")
    yield made
    made.run("-m", "deploy", "down", "postgres")


def test_killed_at_any_point_nothing_is_lost_and_nothing_doubled(servers):
    servers.killed("append", 3, 0.01, "worker")
    servers.killed("append", 7, 0.02, "backend")
    assert len(servers.after("append")["points"]) < IMAGES
    assert len(servers.killed("compact", 2, 0.02, "backend")["points"]) == IMAGES
    servers.killed("compact", 3, 0.05, "worker")
    servers.killed("append", 2, 0.04, "backend")  # again, into chunks that hold these points
    assert len(servers.after("append")["points"]) == IMAGES
    assert len(servers.after("compact")["points"]) == IMAGES
    assert servers.after("check")["tiers"] == [0, STARS * IMAGES]
