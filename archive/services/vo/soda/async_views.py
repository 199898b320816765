"""SODA's /async: jobs that make cutouts; one job's addresses are answered as TAP's are (tap.uws_views)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.models import QueryJob
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import all_values, single
from archive.services.vo.soda import jobs as soda_jobs
from archive.services.vo.tap import uws, uws_views, uws_xml
from archive.services.vo.tap.requests import XML, tap_errors

LISTED = 1000


@csrf_exempt  # makes a job of whoever sends it, and scripts do
@require_http_methods(["GET", "HEAD", "POST"])
@tap_errors
def jobs(request: HttpRequest) -> HttpResponse:
    """The asker's jobs; by POST a new one, which starts at once with PHASE=RUN."""
    if request.method != "POST":
        mine = QueryJob.objects.filter(owner_id=request.user.pk or -1, service=soda_jobs.SERVICE)
        shown = mine.exclude(phase=QueryJob.Phase.ARCHIVED).select_related("owner")[:LISTED]
        address = request.build_absolute_uri(request.path)
        return HttpResponse(uws_xml.job_list(shown, address), content_type=XML)
    parameters = all_values(request)
    soda_jobs.check(parameters)
    phase = single(parameters, "PHASE").upper()
    if phase not in ("", "RUN"):
        raise BadRequestError(f"PHASE={phase}: a new job may be started with PHASE=RUN")
    job = uws.create(soda_jobs.kept(parameters), {}, single(parameters, "RUNID"), request.user, soda_jobs.SERVICE)
    if phase == "RUN":
        uws.start(job, request.reader)
    return uws_views.SeeOther(uws_views.address_of(request, job))
