"""Cutouts around many targets as a tar, movies of one."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse

from archive.targets import bundle, movie
from portal.forms.targets import MovieForm, TargetListForm

PRIVATE = {"Cache-Control": "private, max-age=3600", "Vary": "Cookie, Authorization"}
TAR = {"Content-Disposition": 'attachment; filename="ztf-cutouts.tar"', "Cache-Control": "private, no-store"}


def streamed(form: TargetListForm) -> StreamingHttpResponse:
    """The tar of a short list, sent while it is made; what it holds was decided with the reader's rights before."""
    return StreamingHttpResponse(bundle.stream(form.list, form.request), content_type="application/x-tar", headers=TAR)


def movie_response(form: MovieForm) -> HttpResponse:
    """The animation that a form asks for.

    Raises
    ------
    CutoutsRefusedError
    """
    kind = form.cleaned_data["form"] or "apng"
    asked = form.request if kind != "png" else form.still
    body = movie.animation(movie.frames(form.target(), asked), kind, form.rendering())
    return HttpResponse(body, content_type=movie.FORMATS[kind], headers=PRIVATE)
