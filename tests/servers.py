"""Processes of ours that tests start against the test database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.db import connections

from deploy.machine import free_port


def environment(database: str = "") -> dict[str, str]:
    """What a process needs to work on the test database (or another) and the test run's product tree."""
    return os.environ | {
        "DATABASE_URL": _url("default", database),
        "READER_DATABASE_URL": _url("reader", database),
        "ARCHIVE_ROOT": str(settings.ARCHIVE_ROOT),
        "JOB_ROOT": str(settings.JOB_ROOT),
        "STATIC_ROOT": str(settings.ARCHIVE_ROOT.with_name("static")),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
    }


@contextmanager
def portal(folder: Path, **variables: str):
    """The portal as it is served, with a queue of user jobs beside it; gives its address."""
    port = free_port()
    python = Path(sys.executable)
    serve = [python.with_name("granian"), "--interface", "wsgi", "portal.wsgi:application"]
    serve += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "4", "--no-ws"]
    subprocess.run([python, "manage.py", "collectstatic", "--noinput", "-v0"], env=environment(), check=True)
    with (folder / "portal.log").open("w") as log, (folder / "queue.log").open("w") as queue_log:
        options = {"env": environment() | variables, "cwd": settings.BASE_DIR, "stderr": subprocess.STDOUT}
        server = subprocess.Popen(serve, stdout=log, start_new_session=True, **options)
        queue = subprocess.Popen([python, "manage.py", "qcluster"], stdout=queue_log, start_new_session=True, **options)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/health", server, folder / "portal.log")
            yield address
        finally:
            for process in (server, queue):
                process.terminate()
            for process in (server, queue):
                process.wait(timeout=120)


def _wait_for(address: str, server: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the portal did not start:\n{log.read_text()[-3000:]}")


def _url(alias: str, database: str) -> str:
    known = connections[alias].settings_dict
    host = known["HOST"].replace("/", "%2F")
    return f"postgres://{known['USER']}:{known['PASSWORD']}@{host}:{known['PORT']}/{database or known['NAME']}"


class Client(requests.Session):
    """A person's HTTP client of one server, signed in when a name is given."""

    def __init__(self, address: str, name: str = "", password: str = ""):
        super().__init__()
        self.address = address
        if name:
            self.get("/sign-in/")
            fields = {"username": name, "password": password, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
            answer = self.post("/sign-in/", data=fields, headers={"Referer": address})
            if "sessionid" not in self.cookies:
                raise RuntimeError(f"{name} could not sign in: {answer.status_code}")

    def request(self, method, url, **options):
        return super().request(method, urljoin(self.address, url), timeout=60, **options)
