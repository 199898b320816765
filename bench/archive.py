"""Point search among many science images, under the reader's rights.

The table is filled in a database of its own with exposures of the real field grid, each field many times. The plain
version beside it is the same search without an index (a sequential scan with the exact test).
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from tqdm import tqdm

from bench.report import Figure, report

FULL_ROWS, QUICK_ROWS = 5_000_000, 200_000
SEARCHES = 300
PLAIN_SEARCHES = 3
SEED = 7


def run(quick: bool) -> None:
    """Fill, search, print, and remove the database again."""
    import django

    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
    try:
        figures, notes = _measure(QUICK_ROWS if quick else FULL_ROWS)
    finally:
        connections["reader"].close()
        teardown_databases(made, verbosity=0)
    report("archive", figures, notes, quick)


def _measure(rows: int) -> tuple[dict[str, Figure], str]:
    from archive.access import ANYONE, reading
    from archive.models import ScienceImage
    from archive.search import ImageQuery, images

    started = time.perf_counter()
    _fill(rows)
    filled = time.perf_counter() - started
    rng = np.random.default_rng(SEED)
    places = list(
        zip(rng.uniform(0, 360, SEARCHES), np.degrees(np.arcsin(rng.uniform(-0.5, 1, SEARCHES))), strict=True)
    )
    times, found = [], 0
    with reading(ANYONE):
        for ra, dec in places:
            query = images(ImageQuery(ra=float(ra), dec=float(dec))).order_by().values_list("pid")
            began = time.perf_counter()
            found += len(list(query))
            times.append(1e3 * (time.perf_counter() - began))
        plan = images(ImageQuery(ra=float(places[0][0]), dec=float(places[0][1]))).explain(analyze=True)
        plain = _plain_search(places[:PLAIN_SEARCHES])
    visible = ScienceImage.objects.count()
    figures = {
        "point search, median": Figure(float(np.median(times)), "ms", 10, n=SEARCHES, peer={"no index": plain}),
        "point search, p99": Figure(float(np.percentile(times, 99)), "ms", 50, n=SEARCHES),
        "rows filled": Figure(visible / filled, "rows/s", better="higher"),
    }
    used = next(line.strip() for line in plan.splitlines() if "Index" in line or "Seq Scan" in line)
    return figures, f"{visible} rows; {found / SEARCHES:.0f} images a search on average; plan: {used}"


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


def _fill(rows: int) -> None:
    """Exposures of the real grid, all 64 quadrants each, with some pointing scatter; one exposure row serves all."""
    from django.db import connection

    from archive.bulk import upsert
    from archive.models import ScienceImage
    from archive.survey.fields import field_grid

    grid = field_grid()
    rng = np.random.default_rng(SEED)
    template = _quadrants()
    exposures = -(-rows // len(template))
    _one_exposure()
    fields = rng.integers(0, len(grid), exposures)
    batch = 300
    for start in tqdm(range(0, exposures, batch), unit="batch"):
        part = [
            _placed(template, grid[fields[n]], n, rng.normal(0, 10 / 3600, 2))
            for n in range(start, min(start + batch, exposures))
        ]
        upsert(ScienceImage, pd.concat(part))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE archive_scienceimage")


def _quadrants() -> pd.DataFrame:
    """The 64 quadrants of an exposure at (0, 0): plane offsets of centres and corners, degrees."""
    from archive.survey.camera import Camera, ccd_quadrant, pixel_to_plane, quadrant_centre

    camera, rows = Camera(), []
    x, y = np.array([1, camera.nx, camera.nx, 1]), np.array([1, 1, camera.ny, camera.ny])
    for rcid in camera.rcids:
        ccdid, qid = ccd_quadrant(rcid)
        east, north = pixel_to_plane(camera, ccdid, qid, x, y)
        centre = quadrant_centre(camera, ccdid, qid)
        row = {"rcid": rcid, "ccdid": ccdid, "qid": qid, "e0": centre[0], "n0": centre[1]}
        row |= {f"e{n}": east[n - 1] for n in range(1, 5)} | {f"n{n}": north[n - 1] for n in range(1, 5)}
        rows.append(row)
    return pd.DataFrame(rows)


def _placed(template: pd.DataFrame, field, number: int, offset) -> pd.DataFrame:
    from archive.footprints import separation
    from archive.survey.camera import plane_to_sky

    ra0, dec0 = float(field["ra"]) + offset[0], float(np.clip(field["dec"] + offset[1], -89.9, 89.9))
    values = {name: template[name].to_numpy() for name in ("rcid", "ccdid", "qid")}
    for n in range(5):
        name = str(n) if n else ""
        ra, dec = plane_to_sky(template[f"e{n}"].to_numpy(), template[f"n{n}"].to_numpy(), ra0, dec0)
        values |= {f"ra{name}": np.mod(ra, 360), f"dec{name}": dec}
    fid = number % 3 + 1
    constants = {
        "expid": 1,
        "field": int(field["field"]),
        "fid": fid,
        "filtercode": ("zg", "zr", "zi")[fid - 1],
        "nid": number // 800,
        "programid": 1 + number % 2,
        "public_date": "2018-01-01" if number % 4 else None,
        "obsjd": 2458197.5 + number / 800,
        "obsdate": "2018-03-17",
        "filefracday": 20180317000000 + number,
        **dict.fromkeys(("crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22"), 0.0),
        **{"itid": 1, "imgtype": "object", "imgtypecode": "o", "exptime": 30.0, "status": 1, "infobits": 0},
        **{"origin": "ours", "quality": "{}", "seeing": 2.0, "maglimit": 20.5},
    }
    pid = number * 10_000 + template["rcid"].to_numpy() * 100 + 15
    frame = pd.DataFrame(values | {"pid": pid}).assign(**constants)
    corners = [separation(frame.ra, frame.dec, frame[f"ra{n}"], frame[f"dec{n}"]) for n in (1, 2, 3, 4)]
    return frame.assign(radius=np.max(corners, axis=0))


def _one_exposure() -> None:
    from datetime import UTC, datetime

    from archive.models import Exposure

    Exposure.objects.create(
        expid=1, nid=1, field=1, fid=1, filtercode="zg", imgtypecode="o", obsjd=2458197.5, exptime=30.0,
        obsdate=datetime(2018, 3, 17, tzinfo=UTC), filefracday=1, tdb_mid=2458197.5, programid=1,
        observer_x=0.0, observer_y=0.0, observer_z=0.0,
    )  # fmt: skip
