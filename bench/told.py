"""Light curves that come as files: points a second into the archive, of real files and of a large one; memory.

The database and the tree are of their own and are removed. Real files lie beside the checkout (`../shared/data`, or
ZTF_REAL_DATA); without them only the large one is taken.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.report import Figure, report

NEEDS = ("postgres", "redis")

FULL, QUICK = 40_000, 4_000  # objects of the large file
POINTS = 100  # of each
FIELD, CCD, QID, FID = 655, 13, 3, 2
PLACE = (58.0, 35.7)  # deg, where they lie
ROWS_AT_ONCE = 10_000
RATE_TARGET = 10_000.0  # points a second, of a large file
REAL = {
    "data release, Parquet": "lightcurves/ztf_000250_zg_c01_q1_dr5.parquet",
    "matchfile": "lightcurves/ztf_000245_zr_c10_q1_match.pytable",
    "IRSA's tables, CSV": "lightcurves/*.csv",
    "IRSA's tables, CSV, the others": "lightcurves2/*.csv",
    "forced photometry": "forcedphot/*.txt",
}


def run(quick: bool) -> None:
    """Make the large file, take all in, count."""
    with tempfile.TemporaryDirectory(prefix="ztf-bench-") as folder:
        os.environ["ARCHIVE_ROOT"] = f"{folder}/archive"
        import django

        django.setup()
        from django.db import connections
        from django.test.utils import setup_databases, teardown_databases

        made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
        try:
            figures = _measure(Path(folder), QUICK if quick else FULL)
        finally:
            connections["reader"].close()
            teardown_databases(made, verbosity=0)
    report("told", figures, f"a large file of {QUICK if quick else FULL} objects, {POINTS} points each", quick)


def _measure(folder: Path, objects: int) -> dict[str, Figure]:
    figures = {}
    data = Path(os.environ.get("ZTF_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    _take(sorted(data.glob(REAL["matchfile"])))  # starts the sandbox; taken again below
    for name, pattern in REAL.items():
        if paths := sorted(data.glob(pattern)):
            seconds, points = _take(paths)
            figures[f"{name}: points/s"] = Figure(points / seconds, "1/s", n=points, peer={"files": len(paths)})
    path = _large(folder, objects)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, points = _take([path])
    size = {"MB": path.stat().st_size / 1e6}
    figures["a large file: points/s"] = Figure(points / seconds, "1/s", RATE_TARGET, "higher", points, size)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    figures["a large file: memory of the process that writes, more than before"] = Figure(grown, "MB")
    figures["a large file: bytes a point in the database"] = Figure(_size() / points, "B")
    return figures


def _take(paths: list[Path]) -> tuple[float, int]:
    """Seconds that taking files took, and how many points they gave."""
    from archive.ingest import Source, ingest

    begun, points = time.monotonic(), 0
    for path in paths:
        points += ingest(path, Source("ztf", program=1)).rows
    return time.monotonic() - begun, points


def _size() -> int:
    from django.db import connections

    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT sum(octet_length(data)) FROM lightcurves_toldcurve WHERE oid / 100000000 = %s", [_first() // 10**8]
        )
        return int(cursor.fetchone()[0])


def _first() -> int:
    from archive.survey.identifiers import make_oid

    return make_oid(FIELD, FID, CCD, QID, 0)


def _large(folder: Path, objects: int) -> Path:
    """A bulk file as IRSA's: every object seen in the same exposures, times by its place on the sky."""
    from lightcurves.download.editions import BULK_SCHEMA
    from lightcurves.hats.light_curves import LISTS

    rng = np.random.default_rng(50)
    path = folder / f"ztf_{FIELD:06d}_zr_c{CCD:02d}_q{QID}_dr50.parquet"
    epochs = np.sort(rng.uniform(58200, 60000, POINTS))
    coefficients = rng.normal(0.1, 0.01, POINTS)
    with pq.ParquetWriter(path, BULK_SCHEMA, compression="zstd") as writer:
        for first in range(0, objects, ROWS_AT_ONCE):
            n = min(ROWS_AT_ONCE, objects - first)
            ra, dec = PLACE[0] + rng.uniform(-0.4, 0.4, n), PLACE[1] + rng.uniform(-0.4, 0.4, n)
            mag = np.clip(rng.normal(18, 1.5, (n, 1)) + rng.normal(0, 0.03, (n, POINTS)), 12, 22)
            lists = {
                "hmjd": epochs + (ra[:, None] - PLACE[0]) * 8e-5, "mag": mag, "magerr": 0.01 + 1e-3 * mag,
                "clrcoeff": np.broadcast_to(coefficients, mag.shape), "catflags": (rng.random(mag.shape) < 0.05) * 4,
            }  # fmt: skip
            offsets = pa.array(POINTS * np.arange(n + 1), pa.int32())
            told = [_first() + first + np.arange(n), np.full(n, FID), np.full(n, FIELD), np.full(n, 4 * (CCD - 1) + 2)]
            fields = [*told, ra, dec, np.full(n, POINTS)]
            arrays = [pa.array(one).cast(kind.type) for one, kind in zip(fields, BULK_SCHEMA, strict=False)]
            arrays += [
                pa.ListArray.from_arrays(offsets, pa.array(values.ravel()).cast(dict(LISTS)[name]))
                for name, values in lists.items()
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=BULK_SCHEMA))
    return path
