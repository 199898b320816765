"""Queries that run by themselves, beside the query page: ordering one, watching it, stopping it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive.access.reading import Reader
from archive.models import QueryJob
from archive.requests.parameters import takes
from archive.services.vo.formats import FORMATS, format_named
from archive.services.vo.tap import uws
from archive.tables.responses import problem
from portal.results.jobs import result_is_closed

REMEMBERED = "queries"  # of whoever is not signed in: the ids of their jobs, in their session
SHOWN = 20
CHOICES = tuple((one.names[1], one.suffix) for one in FORMATS if not one.names[1].endswith("/told"))


def jobs_of(request: HttpRequest) -> list[QueryJob]:
    """The last jobs of whoever asks."""
    if request.user.is_authenticated:
        return list(QueryJob.objects.filter(owner=request.user)[:SHOWN])
    return list(QueryJob.objects.filter(owner=None, pk__in=request.session.get(REMEMBERED, []))[:SHOWN])


def panel(jobs: list[QueryJob], reader: Reader) -> dict:
    """The content of the list of jobs; it is asked for again while some are running."""
    closed = {one.pk for one in jobs if result_is_closed(one, reader)}
    return {"jobs": jobs, "closed": closed, "running": any(not one.has_ended for one in jobs)}


@require_POST
@takes(posted=["query", "format"])
def order(request: HttpRequest) -> HttpResponse:
    """Run a query by itself; what is wrong with it stands in the job."""
    query, form = request.POST.get("query", "").strip(), request.POST.get("format", "votable")
    if not query:
        return problem("query: is empty; write one in ADQL")
    if format_named(form) is None:
        return problem(f"format={form!r}: use one of {', '.join(name for name, _ in CHOICES)}")
    parameters = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form}
    job = uws.create(parameters, {}, user=request.user)
    uws.start(job, request.reader)
    if job.owner_id is None:
        request.session[REMEMBERED] = [str(job.pk), *request.session.get(REMEMBERED, [])][:SHOWN]
    return redirect(f"{reverse('query')}?job={job.pk}")


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The jobs as they are now; the page asks again until all have ended."""
    return render(request, "portal/parts/query_jobs.html", panel(jobs_of(request), request.reader))


@require_POST
def end(request: HttpRequest, pk) -> HttpResponse:
    """Stop a job that runs; forget one that has ended."""
    job = next((one for one in jobs_of(request) if one.pk == pk), None)
    if job is None:
        raise Http404(f"job {pk}: there is none of this name that is yours")
    if job.has_ended:
        uws.remove(job)
    else:
        uws.abort(job)
    return redirect(f"{reverse('query')}#query-jobs")
