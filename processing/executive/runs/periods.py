"""Period jobs: the variable stars of a field's quadrant, or chosen objects."""

from __future__ import annotations

import time

from lightcurves.models import Source
from lightcurves.updates import periods
from lightcurves.updates.periods import CatalogConfig
from processing.executive.queue import Outcome
from processing.models import Job
from processing.science.errors import UnusableFrameError


def run_periods(job: Job, config: CatalogConfig = CatalogConfig()) -> Outcome:  # noqa: B008 (frozen)
    """Search, telling in the job's row how far it is; the rows are written when the job ends."""
    start = time.process_time()
    asked = job.parameters

    def progress(done: int, of: int) -> None:
        Job.objects.filter(pk=job.pk).update(measurements={"searched": done, "stars": of})

    if "oids" in asked:
        sources = Source.objects.filter(pk__in=asked["oids"])
        found = periods.search_objects(asked["oids"], config, progress)
    else:
        sources = Source.objects.filter(field=asked["field"], rcid=asked["rcid"])
        found = periods.search_place(asked["field"], asked["rcid"], config, progress)
    searched = {oid for search in found for oid in search.star} | set(sources.values_list("pk", flat=True))
    if not searched:
        raise UnusableFrameError(f"{asked}: no source is known there; its images have no light curves yet")
    measured = {"stars": len({search.star for search in found}), "periods": len(found)}
    measured["confident"] = sum(search.result.confidence >= 0.9 for search in found)
    seconds = {"search": round(time.process_time() - start, 3)}

    def record() -> None:
        measured["rows"] = periods.write(found, searched)

    return Outcome(record, measured, seconds)
