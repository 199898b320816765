"""Nights: how processing goes, for operators. Jobs of all programs are counted here, so only staff see them."""

from __future__ import annotations

from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from archive.survey.identifiers import date_of_nid
from processing.executive.runners import RUNNERS
from processing.models import Job

PIPELINES = tuple(RUNNERS)


@staff_member_required(login_url="sign-in")
def night_list(request: HttpRequest) -> HttpResponse:
    """Every night's jobs by state."""
    nights: dict[int, dict] = {}
    for nid, state, count in Job.objects.values_list("nid", "state").annotate(n=Count("pk")).order_by("-nid"):
        nights.setdefault(nid, {})[state] = count
    rows = [{"nid": nid, "date": date_of_nid(nid), "states": states} for nid, states in nights.items()]
    return render(request, "portal/nights.html", {"nights": rows, "states": Job.State.values})


@staff_member_required(login_url="sign-in")
def night_page(request: HttpRequest, nid: int) -> HttpResponse:
    """One night: jobs by pipeline and state, and what went wrong with its reason."""
    jobs = Job.objects.filter(nid=nid)
    if not jobs.exists():
        raise Http404(f"night {nid} has no jobs")
    counts: dict[str, dict] = {name: {} for name in PIPELINES}
    for pipeline, state, count in jobs.values_list("pipeline", "state").annotate(n=Count("pk")).order_by():
        counts.setdefault(pipeline, {})[state] = count
    wrong = jobs.filter(state__in=(Job.State.FAILED, Job.State.QUARANTINED)).order_by("pk")
    context = {
        "nid": nid,
        "date": date_of_nid(nid),
        "counts": counts,
        "states": Job.State.values,
        "wrong": wrong[:200],
        "wrong_count": wrong.count(),
    }
    return render(request, "portal/night.html", context)
