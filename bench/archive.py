"""Searches by point and by box among many science images, under the reader's rights.

The table is filled in a database of its own with exposures of the real field grid, each field many times. The plain
version beside the point search is the same search without an index (a sequential scan with the exact test).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from tqdm import tqdm

from bench.report import Figure, report

NEEDS = ("postgres",)

FULL_ROWS, QUICK_ROWS = 5_000_000, 200_000
SEARCHES = 300
LISTED = 1000  # positions of a list
PLAIN_SEARCHES = 3
BATCH = 1000  # exposures filled at once
EXPOSURES_A_NIGHT = 800
FIRST_JD = 2458197.5
SEED = 7
CUTS = "seeing < 2.2 AND maglimit > 20 AND filtercode = 'zr' AND infobits = 0"


def run(quick: bool) -> None:
    """Fill, search, print, and remove the database again."""
    with_filled(QUICK_ROWS if quick else FULL_ROWS, lambda rows: report("archive", *_measure(rows), quick))


def with_filled(rows: int, measure: Callable[[int], None]) -> None:
    """Do something with so many science images in a database of its own, and remove it."""
    import django

    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
    try:
        measure(_fill(rows))
    finally:
        connections["reader"].close()
        teardown_databases(made, verbosity=0)


@dataclass
class Timed:
    """One kind of search at many places: milliseconds each, images found in all, the plan of the first."""

    times: list[float]
    found: int
    plan: str

    def figures(self, name: str, median: float, p99: float | None = None, **more) -> dict[str, Figure]:
        made = {f"{name}, median": Figure(float(np.median(self.times)), "ms", median, n=len(self.times), **more)}
        return made | {f"{name}, p99": Figure(float(np.percentile(self.times, 99)), "ms", p99, n=len(self.times))}

    def note(self, name: str) -> str:
        return f"{name}: {self.found / len(self.times):.0f} images a search on average; plan:\n{self.plan}"


def _measure(rows: int) -> tuple[dict[str, Figure], str]:
    from archive.access.reading import ANYONE, reading

    places = _places(SEARCHES)
    kinds = {
        "point search": {},
        "box of 1 deg": {"width": 1.0},
        "box of 1 deg and metadata": {"width": 1.0, "where": CUTS},
        "box of 1 deg, a month and metadata": {"width": 1.0, "where": f"{CUTS} AND obsjd BETWEEN 2458210 AND 2458240"},
        "box of 3 deg, enclosed, and metadata": {"width": 3.0, "intersect": "ENCLOSED", "where": CUTS},
    }
    with reading(ANYONE):
        timed = {name: _timed(places, parts) for name, parts in kinds.items()}
        plain = _plain_search(places[:PLAIN_SEARCHES])
    figures = timed["point search"].figures("point search", 10, 50, peer={"no index": plain})
    for name in list(kinds)[1:]:
        figures |= timed[name].figures(name, 50)
    figures |= _list_of_positions(timed["point search"])
    return figures, "\n".join([f"{rows} rows", *(one.note(name) for name, one in timed.items())])


def point_search() -> Timed:
    """Point searches under the rights of whoever reads now."""
    return _timed(_places(SEARCHES), {})


def _places(count: int) -> list[tuple[float, float]]:
    """Positions evenly over the sky north of -30 degrees."""
    rng = np.random.default_rng(SEED)
    ra, dec = rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-0.5, 1, count)))
    return list(zip(ra.tolist(), dec.tolist(), strict=True))


def _list_of_positions(single: Timed) -> dict[str, Figure]:
    """One search around LISTED positions at once; beside it as many single searches."""
    from archive.access.reading import ANYONE
    from archive.search.query import ImageQuery
    from archive.targets.around import matches
    from archive.targets.lists import Target

    targets = [Target(str(n), ra, dec) for n, (ra, dec) in enumerate(_places(LISTED))]
    began = time.perf_counter()
    found = sum(len(batch) for batch in matches(ImageQuery(), targets, ANYONE, ["pid"]))
    seconds = time.perf_counter() - began
    alone = float(np.mean(single.times)) * LISTED / 1e3
    name = f"list of {LISTED} positions"
    return {name: Figure(seconds, "s", better="lower", n=found, peer={"one search each": alone})}


def _timed(places: list[tuple[float, float]], parts: dict) -> Timed:
    from archive.search.query import ImageQuery, images

    times, found = [], 0
    for ra, dec in places:
        rows = images(ImageQuery(ra=ra, dec=dec, **parts)).values_list("pid")
        began = time.perf_counter()
        found += len(list(rows))
        times.append(1e3 * (time.perf_counter() - began))
    ra, dec = places[0]
    plan = images(ImageQuery(ra=ra, dec=dec, **parts)).values_list("pid").explain(analyze=True)
    lines = [line.split("  (cost")[0] for line in plan.splitlines() if "Scan" in line or "Time" in line]
    counted = Counter(lines)  # a large circle is a hundred ranges of the same index
    shown = [line if n == 1 else f"{line} ({n} times)" for line, n in counted.items()]
    return Timed(times, found, "\n".join(shown))


def _plain_search(places) -> float:
    """Median time (ms) of the exact test on every row."""
    from django.db import connections

    corners = ", ".join(f"ra{n}, dec{n}" for n in (1, 2, 3, 4))
    times = []
    with connections["reader"].cursor() as cursor:
        for ra, dec in places:
            began = time.perf_counter()
            sql = f"SELECT pid FROM archive_scienceimage WHERE q3c_in_poly(%s, %s, ARRAY[{corners}])"
            cursor.execute(sql, [float(ra), float(dec)])
            cursor.fetchall()
            times.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times))


def _fill(rows: int) -> int:
    """Exposures of the real grid, all 64 quadrants each, with some pointing scatter; one exposure row serves all."""
    from django.db import connection

    from archive.database.copy import write_records
    from archive.survey.fields import field_grid

    grid, rng, template = field_grid(), np.random.default_rng(SEED), _quadrants()
    exposures = -(-rows // len(template["rcid"]))
    _one_exposure()
    with connection.cursor() as cursor:
        indexes = _without_indexes(cursor)
        for start in tqdm(range(0, exposures, BATCH), unit="batch"):
            numbers = np.arange(start, min(start + BATCH, exposures))
            records = _records(template, grid[rng.integers(0, len(grid), len(numbers))], numbers, rng)
            closed = records["programid"] == 2
            for part, date in ((records[~closed], datetime(2018, 6, 1, tzinfo=UTC)), (records[closed], None)):
                moments = {"obsdate": datetime(2018, 3, 17, tzinfo=UTC), "public_date": date}
                write_records(cursor, "archive_scienceimage", part, moments)
        for statement in indexes:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE archive_scienceimage")
    return exposures * len(template["rcid"])


def _without_indexes(cursor) -> list[str]:
    """Take the table's indexes away (the key's stays) and give the statements that make them again.

    The database is thrown away afterwards: the table needs neither a log nor the key to its one exposure.
    """
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'archive_scienceimage' "
        "AND indexname NOT LIKE '%pkey'"
    )
    indexes = dict(cursor.fetchall())
    cursor.execute(
        "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' "
        "AND 'archive_scienceimage'::regclass IN (conrelid, confrelid)"
    )
    for table, name in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    cursor.execute("ALTER TABLE archive_scienceimage SET UNLOGGED")
    return list(indexes.values())


def _quadrants() -> dict[str, np.ndarray]:
    """The 64 quadrants of an exposure: numbers, and plane offsets (deg) of centre (0) and corners (1 to 4)."""
    from archive.survey.camera import Camera, ccd_quadrant, pixel_to_plane, quadrant_centre

    camera = Camera()
    x, y = np.array([1, camera.nx, camera.nx, 1]), np.array([1, 1, camera.ny, camera.ny])
    places = []
    for rcid in camera.rcids:
        ccdid, qid = ccd_quadrant(rcid)
        corners = np.transpose(pixel_to_plane(camera, ccdid, qid, x, y))
        places.append(np.vstack([quadrant_centre(camera, ccdid, qid), corners]))
    rcid = np.array(camera.rcids)
    east, north = np.moveaxis(np.array(places), (0, 1, 2), (2, 1, 0))
    return {"rcid": rcid, "ccdid": rcid // 4 + 1, "qid": rcid % 4 + 1, "east": east, "north": north}


_REALS = [f"{axis}{n}" for n in ("", 1, 2, 3, 4) for axis in ("ra", "dec")]
_REALS += ["crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22", "radius", "obsjd", "exptime"]
_REALS += ["seeing", "maglimit", "airmass"]
_DTYPE = np.dtype(
    [("pid", ">i8"), ("expid", ">i8"), ("filefracday", ">i8"), ("field", ">i4"), ("nid", ">i4"), ("infobits", ">i4")]
    + [(name, ">i2") for name in ("rcid", "ccdid", "qid", "fid", "programid", "itid", "status")]
    + [("filtercode", "S2"), ("imgtype", "S6"), ("imgtypecode", "S1"), ("origin", "S4"), ("quality", "S3")]
    + [(name, ">f8") for name in _REALS]
)


def _records(template: dict[str, np.ndarray], fields: np.ndarray, numbers: np.ndarray, rng) -> np.ndarray:
    """The rows of some exposures, 64 each, as the database's columns."""
    from archive.sky.sphere import separation
    from archive.survey.camera import plane_to_sky

    shape = (len(numbers), len(template["rcid"]))
    rows = np.zeros(shape, _DTYPE)
    for name in ("rcid", "ccdid", "qid"):
        rows[name] = template[name]
    fid = rng.integers(1, 4, len(numbers))
    of_exposure = {
        "field": fields["field"],
        "fid": fid,
        "filtercode": np.array([b"zg", b"zr", b"zi"])[fid - 1],
        "nid": numbers // EXPOSURES_A_NIGHT,
        "obsjd": FIRST_JD + numbers / EXPOSURES_A_NIGHT,
        "filefracday": 20180317000000 + numbers,
        "programid": rng.integers(1, 3, len(numbers)),
        "airmass": rng.uniform(1, 2.5, len(numbers)),
    }
    for name, values in of_exposure.items():
        rows[name] = values[:, None]
    constants = {"expid": 1, "itid": 1, "status": 1, "exptime": 30.0, "imgtype": b"object", "imgtypecode": b"o"}
    constants |= {"origin": b"ours", "quality": b"\x01{}"}  # the binary form of JSON begins with its version
    for name, value in constants.items():
        rows[name] = value
    rows["pid"] = numbers[:, None] * 10_000 + template["rcid"] * 100 + 15
    rows["seeing"], rows["maglimit"] = rng.lognormal(0.75, 0.25, shape), rng.normal(20.4, 0.5, shape)
    rows["infobits"] = np.where(rng.random(shape) < 0.06, 2, 0)
    scatter = rng.normal(0, 10 / 3600, (2, len(numbers)))
    ra0, dec0 = fields["ra"] + scatter[0], np.clip(fields["dec"] + scatter[1], -89.9, 89.9)
    for n, suffix in enumerate(("", 1, 2, 3, 4)):
        ra, dec = plane_to_sky(template["east"][n], template["north"][n], ra0[:, None], dec0[:, None])
        rows[f"ra{suffix}"], rows[f"dec{suffix}"] = np.mod(ra, 360), dec
        if n:
            far = separation(rows["ra"], rows["dec"], rows[f"ra{n}"], rows[f"dec{n}"])
            rows["radius"] = np.maximum(rows["radius"], far)
    return rows.reshape(-1)


def _one_exposure() -> None:
    from archive.models import Exposure

    Exposure.objects.create(
        expid=1, nid=1, field=1, fid=1, filtercode="zg", imgtypecode="o", obsjd=2458197.5, exptime=30.0,
        obsdate=datetime(2018, 3, 17, tzinfo=UTC), filefracday=1, tdb_mid=2458197.5, programid=1,
        observer_x=0.0, observer_y=0.0, observer_z=0.0,
    )  # fmt: skip
