"""Processes of ours that tests start against the test database."""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.db import connections

from deploy import built
from deploy.machine import free_port
from tests import preloaded


def environment(database: str = "") -> dict[str, str]:
    """What a process needs to work on the test database (or another) and the test run's product tree."""
    return os.environ | {
        "DATABASE_URL": _url("default", database),
        "READER_DATABASE_URL": _url("reader", database),
        "ARCHIVE_ROOT": str(settings.ARCHIVE_ROOT),
        "JOB_ROOT": str(settings.JOB_ROOT),
        "EXPORT_ROOT": str(settings.EXPORT_ROOT),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
    }


def without_servers() -> dict[str, str]:
    """Our environment without what leads to the servers of the tests: for what starts servers of its own."""
    theirs = ("DATABASE_URL", "BROKER_URL", "POSTGRES_PASSING")
    return {name: value for name, value in os.environ.items() if not name.endswith(theirs)}


@contextmanager
def portal(folder: Path, workers: int = 1, python: tuple[str, ...] = (), **variables: str):
    """The portal as it is served, with a queue of user jobs beside it; gives its address.

    python : runs them, instead of one with everything loaded
    """
    port = free_port()
    python = python or preloaded.python(environment() | variables)
    serve = [*python, "-m", "granian", "--interface", "asgi", "portal.asgi:application"]
    serve += ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--no-ws"]
    built.STATIC.build()
    with (folder / "portal.log").open("w") as log, (folder / "queue.log").open("w") as queue_log:
        options = {"env": environment() | variables, "cwd": settings.BASE_DIR, "stderr": subprocess.STDOUT}
        server = subprocess.Popen(serve, stdout=log, start_new_session=True, **options)
        queue = subprocess.Popen([*python, "manage.py", "queue"], stdout=queue_log, start_new_session=True, **options)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/health", server, folder / "portal.log")
            yield address
        finally:
            for process in (server, queue):
                process.terminate()
            for process in (server, queue):
                process.wait(timeout=120)


@dataclass(frozen=True)
class Front:
    """nginx before a portal."""

    address: str
    plain: str
    certificate: Path


@contextmanager
def nginx(folder: Path, portal: str, archive: Path, name: str = "localhost", user: str = ""):
    """nginx with the project's own example of a configuration and a certificate made here, before a portal.

    `user` as nginx's directive has it, where it is started as root.
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}"]
    make += ["-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(make, check=True, capture_output=True)
    listen, plain = (f"127.0.0.1:{free_port()}" for _ in range(2))
    values = {"FOLDER": folder, "LISTEN": listen, "PLAIN": plain, "PORTAL": portal, "ARCHIVE": archive}
    values |= {"NAME": name, "CERTIFICATE": certificate, "KEY": key}
    text = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text()
    for word, value in values.items():
        text = re.sub(rf"\b{word}\b", str(value), text)
    head = f"user {user};\n" if os.geteuid() == 0 and user else ""
    (folder / "nginx.conf").write_text(head + text)
    server = subprocess.Popen(["/usr/sbin/nginx", "-c", folder / "nginx.conf", "-p", folder])
    try:
        front = Front(f"https://{listen}", f"http://{plain}", certificate)
        wait_until(lambda: _answers(f"{front.address}/health", certificate), failure="nginx does not answer")
        yield front
    finally:
        server.terminate()
        server.wait(timeout=30)


def _answers(address: str, certificate: Path) -> bool:
    try:
        return requests.get(address, timeout=10, verify=certificate).ok
    except requests.ConnectionError:
        return False


def wait_until(condition, seconds: float = 60, failure: str = "it did not happen in time") -> None:
    """Wait for what other processes do."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(failure)
        time.sleep(0.1)


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

    def __init__(self, address: str, name: str = "", password: str = "", verify: Path | bool = True):
        super().__init__()
        self.address, self.verify = address, verify
        self.trust_env = verify is True  # a bundle that the environment names would win over `verify`
        if name:
            self.get("/sign-in/")
            fields = {"username": name, "password": password, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
            answer = self.post("/sign-in/", data=fields, headers={"Referer": address})
            if "sessionid" not in self.cookies:
                raise RuntimeError(f"{name} could not sign in: {answer.status_code}")

    def request(self, method, url, **options):
        return super().request(method, urljoin(self.address, url), timeout=60, **options)
