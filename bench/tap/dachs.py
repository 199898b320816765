"""The peer: GAVO DaCHS from Debian's package python3-gavo, with a PostgreSQL cluster of its own in a temporary folder.

Its server package would configure the machine's own cluster; the library alone is enough.
"""

from __future__ import annotations

import grp
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.clusters import SPHERE, cluster, connected, create_sphere, url_of
from deploy.machine import free_port

SETTINGS = """
[general]
rootDir: {folder}/root
group: {group}
[web]
serverPort: {port}
bindAddress: 127.0.0.1
serverURL: http://127.0.0.1:{port}
"""
DESCRIPTOR = """
<resource schema="bench">
  <meta name="title">Rows of a measurement</meta><meta name="description">Random sources</meta>
  <meta name="creationDate">2026-01-01T00:00:00Z</meta><meta name="subject">catalogs</meta>
  <meta name="creator">Bench</meta>
  <table id="sources" onDisk="True" adql="True" mixin="//scs#q3cindex">
    <column name="id" type="bigint" required="True" ucd="meta.id;meta.main" description="Number"/>
    <column name="ra" type="double precision" unit="deg" ucd="pos.eq.ra;meta.main" description="Right ascension"/>
    <column name="dec" type="double precision" unit="deg" ucd="pos.eq.dec;meta.main" description="Declination"/>
    <column name="mag" type="real" unit="mag" ucd="phot.mag" description="Magnitude"/>
    <column name="fid" type="smallint" required="True" ucd="instr.filter" description="Filter"/>
  </table>
  <data id="import">
    <embeddedGrammar><iterator><code>
      yield {"id": 0, "ra": 1.0, "dec": 1.0, "mag": 1.0, "fid": 1}
    </code></iterator></embeddedGrammar>
    <make table="sources"/>
  </data>
</resource>
"""


@dataclass(frozen=True)
class Peer:
    """tap : address; table : name."""

    tap: str
    table: str = "bench.sources"


@contextmanager
def served(place: Path, copy_rows: Callable) -> Iterator[Peer | None]:
    """DaCHS with the same rows; None where it is not installed (make bench-peers installs it)."""
    if shutil.which("dachs") is None or not SPHERE.exists():
        print("DaCHS is not installed: make bench-peers")
        yield None
        return
    folder = place / "dachs"
    with cluster(folder):
        with connected(folder) as cursor:
            cursor.execute("CREATE EXTENSION q3c")
            create_sphere(cursor)
        port = free_port()
        environment = _set_up(folder, port)
        with connected(folder) as cursor:
            cursor.execute("DELETE FROM bench.sources")
            copy_rows(cursor, "bench.sources")
        with connected(folder) as cursor:
            cursor.execute("ANALYZE bench.sources")
        with _server(folder, port, environment):
            yield Peer(f"http://127.0.0.1:{port}/tap")


def _set_up(folder: Path, port: int) -> dict[str, str]:
    """DaCHS's own tables and the measurement's; gives the environment that its commands need."""
    (folder / "home").mkdir()
    group = grp.getgrgid(os.getgid()).gr_name
    (folder / "settings").write_text(SETTINGS.format(folder=folder, port=port, group=group))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = kept | {"GAVOSETTINGS": str(folder / "settings"), "HOME": str(folder / "home")}
    _run(["/usr/bin/dachs", "init", "-d", url_of(folder, "gavo")], environment)
    described = folder / "root" / "inputs" / "bench"
    described.mkdir(parents=True)
    (described / "q.rd").write_text(DESCRIPTOR)
    _run(["/usr/bin/dachs", "imp", "bench/q"], environment)
    return environment


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-500:]} {done.stderr[-1500:]}")


@contextmanager
def _server(folder: Path, port: int, environment: dict[str, str]) -> Iterator[None]:
    with (folder / "serve.log").open("w") as log:
        options = {"env": environment, "stdout": log, "stderr": subprocess.STDOUT, "start_new_session": True}
        process = subprocess.Popen(["/usr/bin/dachs", "serve", "debug"], **options)
        try:
            _wait_for(f"http://127.0.0.1:{port}/tap/availability", process)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            requests.get(address, timeout=20).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.3)
    raise RuntimeError(f"DaCHS did not start at {address}")
