"""Work that no night asks for: light curves whose nights are settled are packed, place by place."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from archive.survey.identifiers import nid_of_jd
from archive.survey.times import julian_date
from lightcurves.storage import chunks, recent
from processing.models import Job


def plan_compaction() -> list[int]:
    """Make a job for each place with points of settled nights, and drop nights that are empty; returns the jobs.

    A place that waits from an earlier day, or is packed at this moment, gets no second job.
    """
    last_nid = nid_of_jd(julian_date(timezone.now())) - settings.LIGHTCURVES_HOT_NIGHTS
    recent.drop_empty(last_nid)
    waiting = Job.objects.filter(pipeline="compact", state__in=Job.OPEN).values_list("parameters__place", flat=True)
    due = sorted(set(chunks.places(last_nid)) - set(waiting))
    made = []
    for place in due:
        parameters = {"place": place, "last_nid": last_nid}
        job, new = Job.objects.get_or_create(
            pipeline="compact", key=f"{place}-{last_nid}", defaults={"nid": last_nid, "parameters": parameters}
        )
        if new:
            made.append(job.pk)
    return made
