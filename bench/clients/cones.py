"""TAP cones that hold 0, 10 and 1,000 rows, by the portal and by DaCHS on the same rows."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg2

from bench.clients.timing import Times, session, timed
from bench.report import Figure
from bench.tap import dachs, ours

TARGET = 25.0  # ms, p50
HELD = (0, 10, 1000)
NEAR_NOTHING = 0.5  # of the distance to the nearest source: a cone that holds none
Place = tuple[float, float, float]  # ra, dec, radius, deg


def measured(place: Path, rows: int, quick: bool) -> tuple[dict[str, Figure], list[str]]:
    """The figures, and how many rows the cones gave."""
    times = 15 if quick else 40
    with ours.served(place, rows, 1000) as mine, dachs.served(place, mine.copy_rows) as peer:
        services = {"ours": (mine.tap, mine.table)} | ({"DaCHS": (peer.tap, peer.table)} if peer else {})
        found = {held: _asked(services, _cones(mine.database, held, times + 2)) for held in HELD}
    figures, notes = {}, [f"{rows} sources at random places in both services"]
    for held, spent in found.items():
        more = {"peer": {"DaCHS": spent["DaCHS"].p50}} if "DaCHS" in spent else {}
        figures |= spent["ours"].figures(f"TAP cone of {held} rows", TARGET, **more)
        print(f"TAP cone of {held} rows: {spent['ours'].p50:.1f} ms", flush=True)
        notes.append(f"TAP cone of {held} rows: " + ", ".join(f"{name} {one.rows}" for name, one in spent.items()))
    return figures, notes


def _cones(database: str, held: int, count: int) -> list[Place]:
    """Cones around random places that hold so many sources."""
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        body = io.BytesIO()
        cursor.copy_expert("COPY (SELECT ra, dec FROM bench_sources) TO STDOUT", body)
    ra, dec = np.radians(np.array(body.getvalue().split(), np.float64).reshape(-1, 2)).T
    vectors = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    rng, found = np.random.default_rng(held + 1), []
    for _ in range(count):
        centre = rng.normal(size=3)
        centre /= np.linalg.norm(centre)
        nearest = np.sort(np.partition(np.linalg.norm(vectors - centre, axis=1), held + 1)[: held + 1])
        chord = nearest[0] * NEAR_NOTHING if held == 0 else (nearest[held - 1] + nearest[held]) / 2
        radius = 2 * np.degrees(np.arcsin(chord / 2))
        lon, lat = np.degrees(np.arctan2(centre[1], centre[0])) % 360, np.degrees(np.arcsin(centre[2]))
        found.append((float(lon), float(lat), float(radius)))
    return found


def _asked(services: dict[str, tuple[str, str]], cones: list[Place]) -> dict[str, Times]:
    """The services' times, asked in turn; the first two cones warm up."""
    spent = {name: Times() for name in services}
    for turn, cone in enumerate(cones):
        for name, (service, table) in services.items():
            one = timed(_query(service, table, *cone), _rows)
            if turn > 1:
                spent[name].add(*one)
    return spent


def _query(service: str, table: str, ra: float, dec: float, radius: float) -> Callable:
    place = f"1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra:.7f}, {dec:.7f}, {radius:.7f}))"
    query = f"SELECT id, ra, dec, mag, fid FROM {table} WHERE {place}"
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", "MAXREC": 2000}
    return lambda: session.post(f"{service}/sync", data=asked, timeout=60)


def _rows(content: bytes) -> int:
    return len(content.splitlines()) - 1
