"""The servers of a checkout after a crash: starting them again just works, and what was committed is there."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg2
import pytest
from django.conf import settings

from deploy.machine import free_port, port_is_free
from tests.servers import without_servers

pytestmark = pytest.mark.slow


@pytest.fixture
def deploy(tmp_path_factory):
    """`python -m deploy` on servers of its own, whatever servers the tests themselves use."""
    folder = tmp_path_factory.mktemp("servers")
    environment = without_servers() | {"ZTF_VAR": str(folder)}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "deploy", *words]
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    run("up", "postgres", "redis")
    yield run, folder
    run("down", "postgres", "redis")


def connect(folder: Path):
    known = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    url = urlsplit(known["DATABASE_URL"])
    host = unquote(url.netloc.rpartition("@")[2].rpartition(":")[0])
    return psycopg2.connect(host=host, port=url.port, user=url.username, password=url.password, dbname=url.path[1:])


def processes(name: str, folder: Path) -> list[int]:
    """Processes of a server whose working folder or arguments lie in `folder`, or below where it had to move."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode().replace("\0", " ") if entry.name.isdigit() else ""
        except (FileNotFoundError, ProcessLookupError):
            continue
        if name in words and any(str(place) in words for place in places(folder)):
            found.append(int(entry.name))
    return found


def places(folder: Path) -> list[str]:
    known = dict(line.split("=", 1) for line in (folder / "env").read_text().splitlines())
    host = unquote(urlsplit(known["DATABASE_URL"]).netloc.rpartition("@")[2].rpartition(":")[0])
    redis = urlsplit(known["CELERY_BROKER_URL"])
    return [str(Path(host).parent), f":{redis.port}"]


def test_a_killed_postgresql_and_redis_come_back_with_what_was_committed(deploy):
    run, folder = deploy
    with connect(folder) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW fsync")
        assert cursor.fetchone() == ("on",)
        cursor.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    for name in ("postgres", "redis-server"):
        assert (found := processes(name, folder)), name
        os.kill(min(found), signal.SIGKILL)
    run("up", "postgres", "redis")
    with connect(folder) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (1000,)
    assert run("status", "postgres", "redis").split() == ["postgres", "running", "redis", "running"]


def test_starting_what_runs_or_recovers_changes_nothing_and_stopping_it_twice_is_no_error(deploy):
    run, folder = deploy
    before = (folder / "env").read_text()
    os.kill(connect(folder).info.backend_pid, signal.SIGKILL)  # all of PostgreSQL recovers, on its own port
    run("up", "postgres", "redis")
    assert (folder / "env").read_text() == before
    run("down", "postgres", "redis")
    run("down", "postgres", "redis")
    assert run("status", "postgres", "redis").split() == ["postgres", "stopped", "redis", "stopped"]


def test_servers_do_not_run_as_root(deploy):
    _, folder = deploy
    for name in ("postgres", "redis-server"):
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes(name, folder)}
        assert owners
        assert 0 not in owners


def test_a_free_port_is_free():
    assert port_is_free(free_port())
