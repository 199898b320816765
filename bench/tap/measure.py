"""Queries to both services, by the same client."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import requests
from astropy.table import Table

from bench.report import Figure
from bench.tap import ours

FORMATS = ("votable/b2", "votable/td", "csv", "tsv", "fits", "json")
MORE_FORMATS = ("parquet", "arrow", "ipac")
TARGET = 3.0
session = requests.Session()
session.headers["Accept-Encoding"] = "identity"


def all_figures(mine: ours.Service, peer, rows: int, quick: bool) -> dict[str, Figure]:
    """Every figure, by its label."""
    services = [(mine.tap, mine.table)] + ([(peer.tap, peer.table)] if peer else [])
    figures = {}
    for radius, name in ((10, '10"'), (60, "1'"), (3600, "1 deg")):
        figures |= _beside(f"cone of {name}, sync", "ms", _cones(services, radius, 15 if quick else 40), TARGET)
    many = min(100_000, rows)
    for form in FORMATS:
        figures |= _beside(f"{many} rows as {form}", "ms", _results(services, form, many, 2 if quick else 5), TARGET)
    for form in MORE_FORMATS:
        figures |= _beside(f"{many} rows as {form}", "ms", _results(services[:1], form, many, 3), None)
    figures |= _beside("job of 10 rows, async", "ms", _jobs(services, 2 if quick else 5), 10.0)
    for form in ("votable/b2", "csv"):
        figures |= _stream(mine, form, rows)
    figures |= _upload(mine)
    return figures


def _beside(label: str, unit: str, times: list[list[float]], ratio: float | None) -> dict[str, Figure]:
    """Our time, and how many times as long the peer took."""
    values = [1000 * median(spent) for spent in times]
    print(f"{label}: {', '.join(f'{value:.1f}' for value in values)} ms", flush=True)
    found = {label: Figure(values[0], unit, n=len(times[0]), peer=dict(zip(("DaCHS",), values[1:], strict=False)))}
    if len(values) > 1:
        found[f"{label}: ratio"] = Figure(values[1] / values[0], "", ratio, "higher", n=len(times[0]))
    return found


def _timed(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def _query(service: str, query: str, form: str, maxrec: int = 1_000_000, **files) -> bytes:
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form, "MAXREC": maxrec}
    if files:
        asked["UPLOAD"] = ";".join(f"{name},param:{name}" for name in files)
    answer = session.post(f"{service}/sync", data=asked, files=files or None, timeout=300)
    answer.raise_for_status()
    return answer.content


def _cones(services: list[tuple[str, str]], radius: float, times: int) -> list[list[float]]:
    rng, spent = np.random.default_rng(1), [[] for _ in services]
    for turn in range(times + 2):
        ra, dec = rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-0.98, 0.98)))
        place = f"1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra:.6f}, {dec:.6f}, {radius / 3600:.8f}))"
        for n, (service, table) in enumerate(services):
            query = f"SELECT id, ra, dec, mag, fid FROM {table} WHERE {place}"
            seconds = _timed(lambda service=service, query=query: _query(service, query, "votable"))
            spent[n] += [seconds] if turn > 1 else []  # the first warm up
    return spent


def _results(services: list[tuple[str, str]], form: str, rows: int, times: int) -> list[list[float]]:
    spent = [[] for _ in services]
    for turn in range(times + 1):
        for n, (service, table) in enumerate(services):
            query = f"SELECT TOP {rows} id, ra, dec, mag, fid FROM {table}"
            seconds = _timed(lambda service=service, query=query: _query(service, query, form))
            spent[n] += [seconds] if turn else []
    return spent


def _jobs(services: list[tuple[str, str]], times: int) -> list[list[float]]:
    spent = [[] for _ in services]
    for turn in range(times + 1):
        for n, (service, table) in enumerate(services):
            seconds = _timed(
                lambda service=service, table=table: _job(service, f"SELECT TOP 10 id, ra, dec FROM {table}")
            )
            spent[n] += [seconds] if turn else []
    return spent


def _job(service: str, query: str) -> bytes:
    """From making a job to having its result, waited for as UWS 1.1 has it."""
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query}
    place = session.post(f"{service}/async", data=asked, timeout=60, allow_redirects=False).headers["Location"]
    session.post(f"{place}/phase", data={"PHASE": "RUN"}, timeout=60, allow_redirects=False)
    phase, end = "PENDING", time.monotonic() + 60
    while phase in ("PENDING", "QUEUED", "EXECUTING") and time.monotonic() < end:
        document = session.get(place, params={"WAIT": 30}, timeout=60).text
        phase = re.search(r"phase>\s*(\w+)", document).group(1)
    if phase != "COMPLETED":
        raise RuntimeError(f"{place} is {phase}")
    content = session.get(f"{place}/results/result", timeout=60).content
    session.delete(place, timeout=60)
    return content


def _stream(mine: ours.Service, form: str, rows: int) -> dict[str, Figure]:
    """Rows a second of a long result, and by how much the portal's memory grows meanwhile."""
    query = f"SELECT id, ra, dec, mag, fid FROM {mine.table}"
    _read(mine.tap, f"SELECT TOP 200000 id, ra, dec, mag, fid FROM {mine.table}", form)
    idle, most, over = ours.memory(mine.port), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            most[0] = max(most[0], ours.memory(mine.port))

    watcher = threading.Thread(target=watch)
    watcher.start()
    spent = [_timed(lambda: _read(mine.tap, query, form)) for _ in range(3)]
    over.set()
    watcher.join()
    return {
        f"{rows} rows streamed as {form}": Figure(rows / median(spent), "row/s", 300_000, "higher", n=3),
        f"{rows} rows streamed as {form}: memory above idle": Figure((most[0] - idle) / 2**20, "MiB", 100, n=3),
    }


def _read(service: str, query: str, form: str) -> None:
    asked = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form, "MAXREC": 1_000_000}
    with session.post(f"{service}/sync", data=asked, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        while answer.raw.read(1 << 20):
            pass


def _upload(mine: ours.Service) -> dict[str, Figure]:
    """Ten thousand positions of a reader's against ten million sources."""
    near = f"SELECT TOP 10000 id, ra, dec FROM {mine.many}"
    places = Table.read(io.BytesIO(_query(mine.tap, near, "csv")), format="ascii.csv")
    content = io.BytesIO()
    places.write(content, format="votable", tabledata_format="binary2")
    query = (
        f"SELECT u.id, s.id AS other, DISTANCE(u.ra, u.dec, s.ra, s.dec) AS r FROM TAP_UPLOAD.mine AS u "
        f"JOIN {mine.many} AS s ON 1 = CONTAINS(POINT('ICRS', s.ra, s.dec), CIRCLE('ICRS', u.ra, u.dec, {1 / 3600}))"
    )
    found = _query(mine.tap, query, "csv", mine=content.getvalue())
    if found.count(b"\n") < 10_001:
        raise RuntimeError(f"the crossmatch found {len(found.splitlines()) - 1} pairs, fewer than the positions")
    spent = [_timed(lambda: _query(mine.tap, query, "csv", mine=content.getvalue())) for _ in range(5)]
    return {"10000 uploaded positions, crossmatch": Figure(median(spent), "s", 1.0, n=5)}
