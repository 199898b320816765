"""Forced photometry: ordering, watching, and the result as table, plot and files."""

from __future__ import annotations

from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from archive.forms import problems
from archive.models import UserJob
from archive.requests.parameters import check_each, takes
from archive.requests.parts import part_alone
from archive.tables.responses import answer, refuse
from portal.forms.forced import ForcedForm, ToldPointsForm
from portal.plots.forced import document, drawing
from portal.results.forced import FORMATS, PRIVATE, forced_job_of, open_result, result_response
from portal.results.jobs import result_is_closed
from processing.forced import jobs, told
from processing.forced.points import point
from processing.forced.table import TABLE

SHOWN = 500  # rows on the page


@require_http_methods(["GET", "HEAD", "POST"])
@takes(ForcedForm, posted=[ForcedForm])
def forced_page(request: HttpRequest) -> HttpResponse:
    """The form; posted, one job for each position."""
    form = ForcedForm(request.POST) if request.method == "POST" else ForcedForm(initial=request.GET.dict())
    context = {"form": form, "jobs": jobs.of_user(request.user)[:50]}
    if request.method != "POST":
        check_each(form, request.GET.dict())
        return render(request, "forced/form.html", context)
    if not form.is_valid():
        return render(request, "forced/form.html", context | {"error": problems(form)}, status=400)
    try:
        made = jobs.order(form.places, form.request, request.reader, request.user, request.build_absolute_uri("/"))
    except jobs.ForcedRefusedError as reason:
        return render(request, "forced/form.html", context | {"error": str(reason)}, status=400)
    return redirect("forced-job", made[0].pk) if len(made) == 1 else redirect("forced")


@require_safe
@takes(ToldPointsForm, "format")
def forced_points(request: HttpRequest) -> HttpResponse:
    """Points around a position that came as files of IRSA's service, with all their columns."""
    template = "forced/points.html"
    if not request.GET:
        return render(request, template, {"form": ToldPointsForm()})
    form = ToldPointsForm(request.GET)
    if not form.is_valid():
        return refuse(request, template, problems(form), {"form": form})
    found = told.near(*form.circle)
    rows = [SimpleNamespace(**row, point=point(row)) for row in found]
    more = len(rows) > told.MOST_SHOWN
    return answer(request, TABLE, rows, template, {"form": form, "count": len(rows), "shown": rows[:SHOWN]}, more)


@require_safe
@takes("part")
def forced_job(request: HttpRequest, job_id) -> HttpResponse:
    """A light curve's progress; when it is done, its table and its plot."""
    job = forced_job_of(request, job_id)
    context = {"job": job, "open": job.phase in jobs.PENDING, "unit": "images"}
    if part_alone(request):
        return render(request, "ui/job.html", context | {"reload": True})
    context["closed"] = result_is_closed(job, request.reader)
    if job.phase == UserJob.Phase.COMPLETED and not context["closed"]:
        found = open_result(request, job)
        points = [point(row) for row in found.rows]
        rows = [SimpleNamespace(row=row, point=one) for row, one in zip(found.rows, points, strict=True)]
        context |= {"rows": rows[:SHOWN], "count": len(rows), "drawing": drawing(points)}
    return render(request, "forced/job.html", context | {"formats": FORMATS, "reqid": jobs.reqid(job)})


@require_safe
def forced_document(request: HttpRequest, job_id) -> JsonResponse:
    """The plot as a Bokeh document, with its points beside it."""
    found = open_result(request, forced_job_of(request, job_id))
    return JsonResponse({"forced": document(), "points": [point(row) for row in found.rows]}, headers=PRIVATE)


@require_safe
@takes("format")
def forced_result(request: HttpRequest, job_id) -> HttpResponse:
    """The light curve as a file: txt (IRSA's), csv, json, votable, parquet."""
    return result_response(request, forced_job_of(request, job_id))
