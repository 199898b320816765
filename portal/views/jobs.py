"""User jobs: ordering a bundle, watching it, fetching it."""

from __future__ import annotations

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from archive.files import download_scripts
from archive.files.delivery import deliver_path
from archive.forms import problems
from archive.models import UserJob
from archive.models.phases import WAITING
from archive.products import bundles
from archive.requests.parameters import BadParameterError, Taken, refusal, takes
from archive.requests.parts import part_alone
from archive.tables.responses import format_of, refuse
from portal.forms.images import ImageSearchForm
from portal.results.jobs import job_of, result_is_closed, result_is_open

UNITS = {"cutouts": "cutouts"}  # what a job counts; bytes of files otherwise
SEARCH = Taken((ImageSearchForm, "format", "page"))  # what the address of a search holds


@require_POST
@takes(posted=["query"])
def order_bundle(request: HttpRequest) -> HttpResponse:
    """Order the files of all images that a search found."""
    given = QueryDict(request.POST.get("query", ""))
    if message := refusal(SEARCH, dict(given.lists()), None, "the search"):
        raise BadParameterError(f"query: {message}")
    form = ImageSearchForm(given)
    if not form.is_valid():
        return refuse(request, "portal/images.html", problems(form), {"form": form})
    try:
        job = bundles.order(form.as_parameters(), request.reader, request.user)
    except bundles.BundleRefusedError as reason:
        return refuse(request, "portal/images.html", str(reason), {"form": form})
    return redirect("job", job.pk)


@takes(ImageSearchForm)
def download_script(request: HttpRequest, kind: str) -> StreamingHttpResponse:
    """A script that fetches the files of all images that a search found."""
    form = ImageSearchForm(request.GET)
    if not form.is_valid():
        return refuse(request, "portal/images.html", problems(form), {"form": form})
    files = bundles.files_of(form.as_parameters())
    site = request.build_absolute_uri("/")
    downloads = (
        download_scripts.Download(site[:-1] + reverse("file", args=[one.path]), one.path, one.size, one.sha256)
        for one in files
    )
    suffix, _ = download_scripts.KINDS[kind]
    lines = download_scripts.script(kind, downloads, f"{len(files)} files", site)
    headers = {"Content-Disposition": f'attachment; filename="ztf-download.{suffix}"', "Cache-Control": "private"}
    return StreamingHttpResponse(lines, content_type="text/plain; charset=utf-8", headers=headers)


def job_list(request: HttpRequest) -> HttpResponse:
    """The jobs of whoever is signed in."""
    mine = UserJob.objects.filter(owner=request.user) if request.user.is_authenticated else UserJob.objects.none()
    return render(request, "portal/jobs.html", {"jobs": mine[:100]})


@takes("format", "part")
def job_page(request: HttpRequest, job_id) -> HttpResponse:
    """A job's progress; the page asks again by itself until it has ended."""
    job, alone = job_of(request, job_id), part_alone(request, "format")
    if job.kind == "forced" and format_of(request) != "json":
        return redirect("forced-job", job.pk)
    if format_of(request) == "json":
        return JsonResponse(
            {"id": str(job.pk), "phase": job.phase, "done": job.done, "total": job.total, "message": job.message}
        )
    done = job.phase == UserJob.Phase.COMPLETED and job.has_file
    context = {
        "job": job,
        "open": job.phase in WAITING,
        "unit": UNITS.get(job.kind, ""),
        "closed": result_is_closed(job, request.reader),
        "download": reverse("job-result", args=[job.pk]) if done else "",
    }
    return render(request, "ui/job.html" if alone else "portal/job.html", context)


def result(request: HttpRequest, job_id) -> HttpResponseBase:
    """The tar of a finished bundle, whole or in part: a download that broke off goes on where it was."""
    job = job_of(request, job_id)
    if job.phase != UserJob.Phase.COMPLETED:
        raise Http404(f"job {job_id} is {job.phase}: it has no result yet")
    if job.kind == "forced":
        return redirect("forced-result", job.pk)
    if not job.has_file:
        raise Http404(f"job {job_id} is a {job.kind} job: it has no file")
    if not result_is_open(job, request.reader):
        raise Http404(f"job {job_id}: files of it are not open to you any more; order it again")
    made = f"{job.pk}-{job.ended:%Y%m%d%H%M%S%f}"  # a job is carried out once; its file does not change afterwards
    return deliver_path(request, bundles.result_path(job), made, attachment=f"ztf-{job.pk}.tar")
