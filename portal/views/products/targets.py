"""Cutouts around many targets or of a moving object, movies of one, and one place in many images."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt

from archive.forms import problems
from archive.requests.parameters import takes
from archive.tables.responses import problem
from archive.targets import bundle
from archive.targets.comparison import compare, sheet
from archive.targets.cutouts import CutoutsRefusedError
from portal.forms.targets import CompareForm, MovieForm, MovingCutoutsForm, TargetListForm
from portal.results.targets import PRIVATE, movie_response, moving_response, rows_of, streamed


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


@csrf_exempt  # makes a job of whoever sends it, and scripts do
@takes(MovingCutoutsForm, posted=[MovingCutoutsForm])
def moving_cutouts(request: HttpRequest) -> HttpResponseBase:
    """All cutouts of a moving object, centred on it: sent at once, played, or, when posted, as a job."""
    posted = request.method == "POST"
    form = MovingCutoutsForm(request.POST if posted else request.GET, posted=posted)
    if not form.is_valid():
        return problem(problems(form))
    try:
        if form.is_job:
            return redirect("job", bundle.order(form.body, form.request, request.reader, request.user).pk)
        return moving_response(form)
    except CutoutsRefusedError as error:
        return problem(str(error))


@takes(MovieForm)
def movie_of(request: HttpRequest) -> HttpResponse:
    """A target through time, as APNG, GIF, a still PNG of the newest image, or its frames one by one."""
    form = MovieForm(request.GET)
    if not form.is_valid():
        return problem(problems(form))
    try:
        return movie_response(form)
    except CutoutsRefusedError as error:
        return problem(str(error))


@takes(CompareForm)
def comparison(request: HttpRequest) -> HttpResponse:
    """One place in several epochs, filters and kinds of image side by side; as a page, or as one PNG."""
    form = CompareForm(request.GET)
    context: dict = {"form": form}
    if not form.is_valid():
        return render(request, "portal/comparison.html", context | {"error": problems(form)}, status=400)
    if form.cleaned_data["position"] is None:
        return render(request, "portal/comparison.html", context)
    try:
        shown = compare(**form.asked())
    except CutoutsRefusedError as error:
        return render(request, "portal/comparison.html", context | {"error": str(error)}, status=400)
    if form.cleaned_data["form"] == "png":
        return HttpResponse(sheet(shown, form.rendering()), content_type="image/png", headers=PRIVATE)
    asked = [(name, value) for name, values in request.GET.lists() for value in values if name != "form"]
    context |= rows_of(shown, form.rendering()) | {"png": urlencode([*asked, ("form", "png")])}
    return render(request, "portal/comparison.html", context)
