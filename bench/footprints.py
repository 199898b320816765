"""Footprints and regions: Q3C with exact half-spaces, as queries go here, beside pgSphere's index on the same rows."""

from __future__ import annotations

import importlib
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from archive.sky.sphere import to_ra_dec, unit_vectors
from bench.clusters import SPHERE, cluster, connected, create_sphere
from bench.report import Figure, report
from bench.servers import NotReadyError

NEEDS = ("postgres",)

HALF = 0.43  # deg, of a quadrant's side
REACH = 0.61  # deg, from its centre to a corner
TIMES = 100
CORNERS = tuple(f"{axis}{n}" for n in (1, 2, 3, 4) for axis in ("ra", "dec"))
FILL = """
CREATE TABLE footprints (pid bigint, ra float8, "dec" float8, ra1 float8, dec1 float8, ra2 float8, dec2 float8,
    ra3 float8, dec3 float8, ra4 float8, dec4 float8);
"""
OUTLINE = ", ".join(f"ra{n}, dec{n}" for n in (1, 2, 3, 4))
WITH_SPHERE = f"""
CREATE TABLE outlines AS SELECT pid, format('{{(%sd,%sd),(%sd,%sd),(%sd,%sd),(%sd,%sd)}}', {OUTLINE})::spoly AS outline
    FROM footprints;
"""


def run(quick: bool) -> None:
    """Fill, ask both, compare what they find, print."""
    import django

    django.setup()
    if not SPHERE.exists():
        raise NotReadyError("pgSphere is not installed: `make bench-peers` installs it")
    rows = 50_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="bench-footprints-") as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "cluster"
        with cluster(folder), connected(folder) as cursor:
            figures = _fill(cursor, rows) | _searches(cursor)
    notes = (
        f"{rows} footprints of a quadrant's size at random; {TIMES} places for each kind of search; one session, warm"
    )
    report("footprints", figures, notes, quick)


def _fill(cursor, rows: int) -> dict[str, Figure]:
    cursor.execute("CREATE EXTENSION q3c")
    create_sphere(cursor)
    functions = importlib.import_module("archive.migrations.0023_sky_functions")
    for operation in functions.Migration.operations:
        for statement in [operation.sql] if isinstance(operation.sql, str) else operation.sql:
            cursor.execute(statement)
    cursor.execute(FILL)
    body = io.StringIO()
    np.savetxt(body, _footprints(rows), fmt=["%d"] + ["%.12f"] * 10, delimiter="\t")
    body.seek(0)
    cursor.copy_from(body, "footprints")
    cursor.execute(WITH_SPHERE)
    built = {}
    for name, place in (("q3c", "footprints (q3c_ang2ipix(ra, dec))"), ("sphere", "outlines USING gist (outline)")):
        begun = time.monotonic()
        cursor.execute(f"CREATE INDEX {name} ON {place}")
        cursor.execute("SELECT pg_relation_size(%s)", [name])
        built[name] = (time.monotonic() - begun, cursor.fetchone()[0] / 2**20)
    cursor.execute("ANALYZE")
    (seconds, size), (their_seconds, their_size) = built["q3c"], built["sphere"]
    return {
        "index, time to build": Figure(seconds, "s", peer={"pgSphere": their_seconds}),
        "index, size": Figure(size, "MiB", peer={"pgSphere": their_size}),
    }


def _footprints(rows: int) -> np.ndarray:
    """Squares on the sky: number, centre, four corners (degrees)."""
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    centre, east = unit_vectors(ra, dec), unit_vectors(ra + 90, 0 * dec)
    north = np.cross(centre, east)
    side, columns = np.tan(np.radians(HALF)), [np.arange(rows), ra, dec]
    for x, y in ((1, -1), (-1, -1), (-1, 1), (1, 1)):
        columns += to_ra_dec(centre + side * (x * east + y * north))
    return np.column_stack(columns)


def _searches(cursor) -> dict[str, Figure]:
    rng = np.random.default_rng(4)
    kinds: dict[str, tuple[Callable, Callable]] = {
        "point within a footprint": (
            lambda ra, dec: f"1 = CONTAINS(POINT({ra}, {dec}), s_region)",
            lambda ra, dec: f"outline @> spoint('({ra}d,{dec}d)')",
        )
    }
    for radius in (0.1, 2.0):
        kinds[f"circle of {radius} deg touches a footprint"] = (
            lambda ra, dec, radius=radius: f"1 = INTERSECTS(CIRCLE({ra}, {dec}, {radius}), s_region)",
            lambda ra, dec, radius=radius: (
                f"outline && scircle(spoint(radians({ra}), radians({dec})), radians({radius}))"
            ),
        )
    kinds["triangle of 1 deg touches a footprint"] = (_triangle_here, _triangle_there)
    figures = {}
    for label, (here, there) in kinds.items():
        spent, differing = ([], []), 0
        for _ in range(TIMES):
            place = round(rng.uniform(0, 360), 6), round(np.degrees(np.arcsin(rng.uniform(-0.99, 0.99))), 6)
            answers = []
            for n, statement in enumerate(
                (_translated(here(*place)), f"SELECT pid FROM outlines WHERE {there(*place)}")
            ):
                begun = time.perf_counter()
                cursor.execute(statement)
                answers.append({row[0] for row in cursor.fetchall()})
                spent[n].append(1000 * (time.perf_counter() - begun))
            differing += len(answers[0] ^ answers[1])
        figures[label] = Figure(median(spent[0]), "ms", n=TIMES, peer={"pgSphere": median(spent[1])})
        figures[f"{label}: found by one alone"] = Figure(differing, "", 0, n=TIMES)
    return figures


def _corners(ra: float, dec: float) -> list[tuple[float, float]]:
    wide = 1 / np.cos(np.radians(dec))
    return [(ra % 360, dec), ((ra + wide) % 360, dec), (ra % 360, dec + 1 if dec < 0 else dec - 1)]


def _triangle_here(ra: float, dec: float) -> str:
    numbers = ", ".join(f"{x:.9f}, {y:.9f}" for x, y in _corners(ra, dec))
    return f"1 = INTERSECTS(POLYGON({numbers}), s_region)"


def _triangle_there(ra: float, dec: float) -> str:
    listed = ",".join(f"({x:.9f}d,{y:.9f}d)" for x, y in _corners(ra, dec))
    return f"outline && spoly('{{{listed}}}')"


def _translated(condition: str) -> str:
    """SQL that the query service sends to PostgreSQL."""
    from archive.services.vo.adql import Catalog, Column, Region, Table, translate

    region = Column("s_region", "text", xtype="adql:REGION", region=Region(CORNERS, ("ra", "dec"), REACH))
    columns = (Column("pid", "bigint"), Column("ra", "double precision"), Column("dec", "double precision"), region)
    catalog = Catalog((Table("public", "footprints", columns, 10**6),))
    return translate(f"SELECT pid FROM public.footprints WHERE {condition}", catalog).sql
