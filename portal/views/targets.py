"""Cutouts around many targets, and movies of one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render

from archive.answers import problem
from archive.forms import problems
from archive.targets import bundle, movie
from archive.targets.pieces import CutoutsRefused
from portal.target_forms import MovieForm, TargetListForm

PRIVATE = {"Cache-Control": "private, max-age=3600", "Vary": "Cookie, Authorization"}
TAR = {"Content-Disposition": 'attachment; filename="ztf-cutouts.tar"', "Cache-Control": "private, no-store"}


def target_list(request: HttpRequest) -> HttpResponseBase:
    """Cutouts of many targets: the form; posted, a tar that is streamed at once, or a job."""
    if request.method != "POST":
        return render(request, "portal/targets.html", {"form": TargetListForm(), "most": bundle.MOST_STREAMED})
    form = TargetListForm(request.POST, request.FILES)
    context = {"form": form, "most": bundle.MOST_STREAMED}
    if not form.is_valid():
        return render(request, "portal/targets.html", context | {"error": problems(form)}, status=400)
    try:
        if request.POST.get("deliver") == "stream":
            return streamed(form)
        return redirect("job", bundle.order(form.list, form.wish, request.reader, request.user).pk)
    except CutoutsRefused as error:
        return render(request, "portal/targets.html", context | {"error": str(error)}, status=400)


def streamed(form: TargetListForm) -> StreamingHttpResponse:
    """The tar of a short list, sent while it is made; what it holds was decided with the reader's rights before."""
    return StreamingHttpResponse(bundle.stream(form.list, form.wish), content_type="application/x-tar", headers=TAR)


def movie_of(request: HttpRequest) -> HttpResponse:
    """A target through time, as APNG, GIF, or a still PNG of the newest image."""
    form = MovieForm(request.GET)
    if not form.is_valid():
        return problem(problems(form))
    try:
        return movie_response(form)
    except CutoutsRefused as error:
        return problem(str(error))


def movie_response(form: MovieForm) -> HttpResponse:
    """The animation that a form asks for.

    Raises
    ------
    CutoutsRefused
    """
    kind = form.cleaned_data["form"] or "apng"
    wish = form.wish if kind != "png" else form.still
    body = movie.animation(movie.frames(form.target(), wish), kind, form.rendering())
    return HttpResponse(body, content_type=movie.FORMATS[kind], headers=PRIVATE)
