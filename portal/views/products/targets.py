"""Cutouts around many targets, and movies of one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from archive.forms import problems
from archive.requests.parameters import takes
from archive.tables.responses import problem
from archive.targets import bundle
from archive.targets.cutouts import CutoutsRefusedError
from portal.forms.targets import MovieForm, TargetListForm
from portal.results.targets import movie_response, streamed


@takes(posted=[TargetListForm])
def target_list(request: HttpRequest) -> HttpResponseBase:
    """Cutouts of many targets: the form; posted, a tar that is streamed at once, or a job."""
    if request.method != "POST":
        return render(request, "portal/targets.html", {"form": TargetListForm(), "most": bundle.MOST_STREAMED})
    form = TargetListForm(request.POST, request.FILES)
    context = {"form": form, "most": bundle.MOST_STREAMED}
    if not form.is_valid():
        return render(request, "portal/targets.html", context | {"error": problems(form)}, status=400)
    try:
        if form.cleaned_data["deliver"] == "stream":
            return streamed(form)
        return redirect("job", bundle.order(form.list, form.request, request.reader, request.user).pk)
    except CutoutsRefusedError as error:
        return render(request, "portal/targets.html", context | {"error": str(error)}, status=400)


@takes(MovieForm)
def movie_of(request: HttpRequest) -> HttpResponse:
    """A target through time, as APNG, GIF, or a still PNG of the newest image."""
    form = MovieForm(request.GET)
    if not form.is_valid():
        return problem(problems(form))
    try:
        return movie_response(form)
    except CutoutsRefusedError as error:
        return problem(str(error))
