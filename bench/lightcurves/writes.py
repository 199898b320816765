"""Filling the store: packed, appended, compacted, exported."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from bench.report import Figure

SCANS = 5
RECENT_NIGHTS = 5  # that stay rows while light curves are read


def measure(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """Fill the older nights, append the last ones, compact."""
    from django.db import connection

    objects = world.put_sources()
    packed = world.put_packed()
    appended, rates, recent_bytes = _append(world)
    taken = _take_last(world)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE lightcurves_chunk")
        cursor.execute("VACUUM ANALYZE lightcurves_detection")
        before = _size(cursor, "lightcurves_chunk")
    counts, compact_seconds = _compact(world)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE lightcurves_chunk")
        cursor.execute("SELECT sum(nobs), count(*), sum(octet_length(data)) FROM lightcurves_chunk")
        cold, chunks, data = cursor.fetchone()
        cold, data = int(cold), int(data)
        after = _size(cursor, "lightcurves_chunk")
    figures = {
        "append": Figure(float(np.median(rates)), "det/s", 1e5, "higher", appended, statistic="median image"),
        "matched and appended, from a catalog": Figure(
            float(np.median(taken)), "det/s", better="higher", n=len(taken), statistic="median image"
        ),
        "cold bytes per detection": Figure(before / packed, "B", 22, n=packed),
        "cold bytes per detection, with the room that compaction left": Figure(after / cold, "B", n=cold),
        "cold bytes of data per detection": Figure(data / cold, "B", n=cold),
        "hot bytes per detection": Figure(recent_bytes / appended, "B", n=appended),
        "compaction": Figure(counts["points"] / compact_seconds, "det/s", better="higher", n=counts["points"]),
        "packing without rows": Figure(packed / world.fill_seconds, "det/s", better="higher", n=packed),
    }
    notes = [
        f"{objects} objects, {packed + appended} detections: {packed} packed as made, {appended} appended "
        f"(images of {world.size.appended} exposures, one transaction each) and compacted but for the last "
        f"{RECENT_NIGHTS} nights: {counts}; {chunks} chunks",
    ]
    return figures, notes


def _append(world) -> tuple[int, list[float], int]:
    """Append image by image as the pipeline does; points, detections a second of each image, bytes of the rows."""
    from django.db import connection

    from lightcurves.storage import store

    total, rates = 0, []
    for images in world.fresh():
        for image, points in images:
            began = time.perf_counter()
            written = store.append(image, points)
            rates.append(written / (time.perf_counter() - began))
            total += written
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits "
            "WHERE inhparent = 'lightcurves_detection'::regclass"
        )
        return total, rates, int(cursor.fetchone()[0])


def _take_last(world) -> list[float]:
    """The pipeline's call, with catalogs of the last exposure's images, whose points are replaced; det/s of each."""
    from lightcurves.storage import read, store
    from lightcurves.updates import sources

    rates = []
    for quadrant in range(world.size.quadrants):
        objects, image = world.objects(quadrant), world.images[-1][quadrant]
        points = store.points_of(image)
        row = points.oid - objects.oid[0]
        ra, dec = objects.ra[row], objects.dec[row]
        found = sources.Catalog(
            ra=ra + points.dra * read.MAS / np.cos(np.radians(dec)), dec=dec + points.ddec * read.MAS,
            mag=points.mag, magerr=points.magerr, snr=1.0857 / points.magerr, chi=points.chi, sharp=points.sharp,
            flags=points.catflags,
        )  # fmt: skip
        sources.add_points(image, found)  # the worker reads its sources
        began = time.perf_counter()
        counts = sources.add_points(image, found)
        rates.append(counts["points"] / (time.perf_counter() - began))
    return rates


def _compact(world) -> tuple[dict, float]:
    from lightcurves.storage import store

    last = world.images[-RECENT_NIGHTS - 1][0].nid
    began = time.perf_counter()
    counts = store.compact(last)
    return counts, time.perf_counter() - began


def _size(cursor, table: str) -> int:
    cursor.execute("SELECT pg_total_relation_size(%s)", [table])
    return cursor.fetchone()[0]


def exported(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """A release of all that is public as HATS, and scans of it."""
    import duckdb
    import pyarrow.parquet as pq

    from lightcurves.hats.collection import export

    began = time.perf_counter()
    done = export(_release(world), folder / "dr1")
    seconds = time.perf_counter() - began
    files = f"{folder}/dr1/ztf_dr1_lc-hats/dataset/*/*/*.parquet"
    query = f"SELECT sum(nepochs), avg(list_avg(lightcurve.mag)) FROM read_parquet('{files}')"
    rates = []
    for _ in range(SCANS):
        began = time.perf_counter()
        duckdb.sql(query).fetchall()
        rates.append(done.points / (time.perf_counter() - began))
    began = time.perf_counter()
    for file in (folder / "dr1" / "ztf_dr1_lc-hats").rglob("*.parquet"):
        pq.read_table(file, columns=["lightcurve.hmjd", "lightcurve.mag", "lightcurve.magerr"])
    arrow = done.points / (time.perf_counter() - began)
    made = {
        "export": Figure(done.points / seconds, "det/s", better="higher", n=done.points),
        "Parquet bytes per detection": Figure(done.size / done.points, "B", n=done.points),
        "scan of Parquet (DuckDB, mean of each curve)": Figure(
            float(np.median(rates)), "det/s", 1e7, "higher", done.points,
            {"pyarrow, three columns": arrow, "database": _database_rate(world)}, "median",
        ),
    }  # fmt: skip
    return made, [f"export: {done.objects} objects, {done.points} points, {done.files} files, {seconds:.0f} s"]


def _release(world):
    from datetime import date

    from django.db import transaction
    from django.utils import timezone

    from archive.models import Release, ReleaseItem
    from archive.releases.guard import write

    release = Release.objects.create(
        name="dr1", title="Bench", first_night=date(2018, 1, 1), last_night=date(2030, 1, 1)
    )
    release.programs.set([1])
    pids = [image.pid for row in world.images for image in row if image.programid == 1]
    ReleaseItem.objects.bulk_create(
        (ReleaseItem(release=release, kind="sci", key=pid) for pid in pids), batch_size=5000
    )
    release.state, release.frozen = Release.State.FROZEN, timezone.now()
    with transaction.atomic():
        write(release, "state", "frozen")
    return release


def _database_rate(world) -> float:
    from bench.lightcurves.world import FID, FIELD
    from lightcurves.storage import read

    began = time.perf_counter()
    points = sum(len(curves) for curves in read.batches(FIELD, 0, FID))
    return points / (time.perf_counter() - began)
