"""The catalog search of one quadrant, from the database to rows of periods (part of the bench of periods)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.report import Figure
from bench.variable_stars import draw

FIELD, CCDID, QID, RCID = 655, 13, 3, 50
EPOCHS = 150
FILTERS = ((1, "zg"), (2, "zr"))
CENTRE = (358.0, 10.0)
FIRST = datetime(2019, 1, 1, 6, tzinfo=UTC)


def catalog_job(stars: int) -> dict[str, Figure]:
    """Fill a database of its own with variable stars in two filters, run the job that searches them, time it."""
    import django

    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
    try:
        truth = _fill(stars)
        return _timed(truth)
    finally:
        connections["reader"].close()
        teardown_databases(made, verbosity=0)


def _timed(truth: dict[int, float]) -> dict[str, Figure]:
    from lightcurves.models import SourcePeriod
    from processing.executive import plan_periods, queue, tasks
    from processing.executive.plan import EVERYTHING

    (job,) = plan_periods.plan_places(EVERYTHING)
    claimed = queue.claim(job.pk)
    start, cpu = time.perf_counter(), time.process_time()
    tasks.run_claimed(claimed)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    queue.release(job.pk)
    rows = SourcePeriod.objects.filter(oid__in=truth).values_list("oid", "period")
    right = np.mean([abs(period / truth[oid] - 1) < 1e-3 for oid, period in rows])
    n = len(truth)
    return {
        "catalog job": Figure(n / cpu, "stars/s/core", better="higher", n=n),
        "catalog job, wall clock with the database": Figure(n / seconds, "stars/s", better="higher", n=n),
        "catalog job: true period written": Figure(float(right), "of stars", better="higher", n=n),
    }


def _fill(stars: int) -> dict[int, float]:
    """RR Lyrae stars, 150 public images of each filter; returns the period by oid of the first filter."""
    from archive.survey.identifiers import make_oid
    from lightcurves.models import Source
    from lightcurves.storage import healpix, store
    from lightcurves.updates import statistics

    rng = np.random.default_rng(5)
    ra, dec = CENTRE[0] + rng.uniform(-0.3, 0.3, stars), CENTRE[1] + rng.uniform(-0.3, 0.3, stars)
    drawn = [draw("RRab", rng) for _ in range(stars)]
    truth = {}
    for fid, code in FILTERS:
        oids = np.array([make_oid(FIELD, fid, CCDID, QID, k) for k in range(stars)])
        common = {"field": FIELD, "ccdid": CCDID, "qid": QID, "rcid": RCID, "fid": fid, "filtercode": code}
        rights = {"programid": 1, "public_date": FIRST}
        cells = healpix.numbers(ra, dec)
        Source.objects.bulk_create(
            Source(
                oid=int(oids[k]),
                ra=ra[k],
                dec=dec[k],
                **{name: int(cell[k]) for name, cell in cells.items()},
                **common,
                **rights,
            )
            for k in range(stars)
        )
        days = np.sort(rng.choice(1000, EPOCHS, replace=False) + rng.normal(0.2 * fid, 0.05, EPOCHS))
        for day in days:
            image = _image(day, fid, code)
            phase = np.array([image.obsjd / one.period for one in drawn])
            curves = [one.factors[fid] * one.curve(p) for one, p in zip(drawn, phase, strict=True)]
            mag = 16 + np.array(curves) + rng.normal(0, 0.03, stars)
            zero = np.zeros(stars, int)
            points = store.Points(oids, mag, np.full(stars, 0.03), np.ones(stars), np.zeros(stars), zero, zero, zero)
            store.append(image, points)
        statistics.refresh(FIELD, RCID, fid)
        if not truth:
            truth = {int(oid): one.period for oid, one in zip(oids, drawn, strict=True)}
    return truth


def _image(day: float, fid: int, code: str):
    from archive.models import Exposure, ScienceImage
    from archive.survey import identifiers
    from archive.survey.times import julian_date

    observed = FIRST + timedelta(days=float(day))
    jd = julian_date(observed)
    expid = identifiers.expid_of_jd(jd)
    common = {
        "nid": identifiers.nid_of_jd(jd), "field": FIELD, "fid": fid, "filtercode": code, "imgtypecode": "o",
        "obsjd": jd, "obsdate": observed, "exptime": 30.0, "filefracday": int(f"{observed:%Y%m%d}250000"),
        "programid": 1, "public_date": FIRST,
    }  # fmt: skip
    exposure = Exposure.objects.create(
        expid=expid, tdb_mid=jd, observer_x=1.0, observer_y=0.0, observer_z=0.0, **common
    )
    corners = {f"{axis}{n}": CENTRE[axis == "dec"] for axis in ("ra", "dec") for n in (1, 2, 3, 4)}
    wcs = dict.fromkeys(("crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22"), 1.0)
    return ScienceImage.objects.create(
        pid=identifiers.make_pid(expid, RCID), exposure=exposure, ccdid=CCDID, qid=QID, rcid=RCID, ra=CENTRE[0],
        dec=CENTRE[1], radius=0.6, magzp=26.0, magzprms=0.02, maglimit=20.5, **common, **corners, **wcs,
    )  # fmt: skip
