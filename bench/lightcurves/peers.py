"""Other layouts of the same points in the same database, on one quadrant: a row per detection, arrays per object."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.report import Figure

FLAT = (("oid", ">i8"), ("pid", ">i8"), ("mjd", ">f8"), ("mag", ">f4"), ("magerr", ">f4"), ("chi", ">f4"),
        ("sharp", ">f4"), ("catflags", ">i4"), ("dra", ">i2"), ("ddec", ">i2"), ("programid", ">i2"))  # fmt: skip
ROWS = """
CREATE UNLOGGED TABLE peer_rows (oid bigint, pid bigint, mjd float8, mag real, magerr real, chi real, sharp real,
    catflags integer, dra smallint, ddec smallint, programid smallint)
"""
ARRAYS = """
CREATE TABLE peer_arrays AS SELECT oid, array_agg(pid ORDER BY mjd) AS pid, array_agg(mjd ORDER BY mjd) AS mjd,
    array_agg(mag ORDER BY mjd) AS mag, array_agg(magerr ORDER BY mjd) AS magerr, array_agg(chi ORDER BY mjd) AS chi,
    array_agg(sharp ORDER BY mjd) AS sharp, array_agg(catflags ORDER BY mjd) AS catflags,
    array_agg(dra ORDER BY mjd) AS dra, array_agg(ddec ORDER BY mjd) AS ddec,
    array_agg(programid ORDER BY mjd) AS programid
FROM peer_rows GROUP BY oid
"""
GROW = """
UPDATE peer_arrays AS a SET pid = a.pid || 1::bigint, mjd = a.mjd || 1::float8, mag = a.mag || 1::real,
    magerr = a.magerr || 1::real, chi = a.chi || 1::real, sharp = a.sharp || 1::real, catflags = a.catflags || 1,
    dra = a.dra || 1::smallint, ddec = a.ddec || 1::smallint, programid = a.programid || 1::smallint
WHERE oid = ANY(%s)
"""


def measure(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """Bytes, appends and reads of the alternatives; matching in SQL."""
    from django.db import connection

    rows = _rows(world)
    with connection.cursor() as cursor:
        row_figures = _measure_rows(cursor, rows)
        array_figures = _measure_arrays(cursor, rows, world)
        joined = _q3c_join(cursor, world)
        for name in ("peer_rows", "peer_arrays", "peer_new"):
            cursor.execute(f"DROP TABLE {name}")
    named = {"a row per detection": row_figures, "arrays per object": array_figures}
    made = {}
    for figure, key in {
        "append": "append",
        "cold bytes per detection": "bytes",
        "one light curve by id, database, p50": "one",
        "1000 light curves of a quadrant": "thousand",
    }.items():
        old = figures[figure]
        peer = old.peer | {name: found[key] for name, found in named.items()}
        made[figure] = replace(old, peer=peer)
    old = figures["matching"]
    made["matching"] = replace(old, peer=old.peer | {"q3c_join": joined})
    return made, [f"alternatives: one quadrant, {len(rows)} detections"]


def _rows(world) -> np.ndarray:
    exposure, _, columns = world.seen(0, range(world.size.packed))
    rows = np.zeros(len(exposure), dtype=list(FLAT))
    for name in columns:
        rows[name] = columns[name]
    pid = np.array([row[0].pid for row in world.images[: world.size.packed]])
    rows["pid"], rows["mjd"], rows["programid"] = pid[exposure], world.days[exposure], world.programs[exposure]
    return rows


def _measure_rows(cursor, rows: np.ndarray) -> dict[str, float]:
    from archive.database.copy import write_records

    cursor.execute(ROWS)
    cursor.execute("ALTER TABLE peer_rows SET LOGGED")
    write_records(cursor, "peer_rows", rows, {})
    cursor.execute("CREATE INDEX peer_rows_oid ON peer_rows (oid)")
    cursor.execute("VACUUM ANALYZE peer_rows")
    size = _size(cursor, "peer_rows")
    late = rows[rows["pid"] == rows["pid"][-1]]
    rates = []
    for _ in range(10):
        began = time.perf_counter()
        write_records(cursor, "peer_rows", late, {})
        rates.append(len(late) / (time.perf_counter() - began))
    append = float(np.median(rates))
    oids = np.unique(rows["oid"])
    return {"bytes": size / len(rows), "append": append} | _reads(cursor, "peer_rows", oids)


def _measure_arrays(cursor, rows: np.ndarray, world) -> dict[str, float]:
    cursor.execute(ARRAYS)
    cursor.execute("CREATE UNIQUE INDEX peer_arrays_oid ON peer_arrays (oid)")
    cursor.execute("VACUUM ANALYZE peer_arrays")
    size = _size(cursor, "peer_arrays")
    late = rows["oid"][rows["pid"] == rows["pid"][-1]].tolist()[:1000]
    found = {"bytes": size / len(rows)} | _reads(cursor, "peer_arrays", np.unique(rows["oid"]))
    began = time.perf_counter()
    cursor.execute(GROW, [late])
    return found | {"append": len(late) / (time.perf_counter() - began)}


def _reads(cursor, table: str, oids: np.ndarray) -> dict[str, float]:
    rng = np.random.default_rng(2)
    times = []
    for oid in rng.choice(oids, 200).tolist():
        began = time.perf_counter()
        cursor.execute(f"SELECT * FROM {table} WHERE oid = %s", [oid])
        cursor.fetchall()
        times.append(1e3 * (time.perf_counter() - began))
    began = time.perf_counter()
    cursor.execute(f"SELECT * FROM {table} WHERE oid = ANY(%s)", [rng.choice(oids, 1000).tolist()])
    cursor.fetchall()
    return {"one": float(np.median(times)), "thousand": time.perf_counter() - began}


def _q3c_join(cursor, world) -> float:
    """Detections of one image matched to all objects in SQL, detections a second."""
    rng = np.random.default_rng(4)
    objects = world.objects(0)
    rows = np.flatnonzero(objects.mag < 20)
    cursor.execute("CREATE TABLE peer_new (ra float8, dec float8)")
    values = [(objects.ra[k] + rng.normal(0, 3e-5), objects.dec[k] + rng.normal(0, 3e-5)) for k in rows]
    cursor.executemany("INSERT INTO peer_new VALUES (%s, %s)", [tuple(map(float, value)) for value in values])
    began = time.perf_counter()
    cursor.execute(
        "SELECT count(*) FROM peer_new AS n JOIN lightcurves_source AS s ON q3c_join(n.ra, n.dec, s.ra, s.dec, %s)",
        [1 / 3600],
    )
    return len(rows) / (time.perf_counter() - began)


def _size(cursor, table: str) -> int:
    cursor.execute("SELECT pg_total_relation_size(%s)", [table])
    return cursor.fetchone()[0]
