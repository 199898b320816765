"""Cutouts around many targets as a tar, movies of one, one place in many images."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import reverse

from archive.models import ScienceImage
from archive.pixels.rendering import Rendering
from archive.targets import bundle, movie
from archive.targets.comparison import KINDS, Comparison
from archive.targets.frames import Frame, common_limits, png
from archive.targets.moving import of_body
from portal.forms.targets import MovieForm, MovingCutoutsForm, TargetListForm

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
    return played(movie.frames(form.target(), asked), kind, form.rendering())


def moving_response(form: MovingCutoutsForm) -> HttpResponseBase:
    """The cutouts of a moving object in the form that is asked for.

    Raises
    ------
    CutoutsRefusedError
    """
    kind = form.cleaned_data["form"] or "tar"
    if kind == "tar":
        return StreamingHttpResponse(
            bundle.stream(form.body, form.request), content_type="application/x-tar", headers=TAR
        )
    asked = form.request if kind != "png" else replace(form.request, newest=1)
    found = of_body(form.body, asked, movie.MOST_FRAMES)
    otherwise = f"{form.orbit.name}: no image that you may see has pixels where it was"
    return played(movie.frames_of(found, asked.size, otherwise), kind, form.rendering())


def played(shown: Sequence[Frame], kind: str, rendering: Rendering) -> HttpResponse:
    """Frames as an animation, a still picture, or one by one for the player of pages."""
    if kind != "frames":
        return HttpResponse(movie.animation(shown, kind, rendering), content_type=movie.FORMATS[kind], headers=PRIVATE)
    (low, high), pictures = movie.pictures(shown, rendering)
    frames = [_frame(one, picture) for one, picture in zip(shown, pictures, strict=True)]
    document = {"stretch": rendering.stretch, "low": low, "high": high, "frames": frames}
    return JsonResponse(document, headers=PRIVATE)


def _frame(one: Frame, picture: bytes) -> dict:
    return {
        "pid": str(one.image.pk), "url": address_of(one), "filter": one.image.filtercode,
        "time": f"{one.when:%Y-%m-%d %H:%M:%S}" if one.when else None, "seeing": one.image.seeing,
        "ra": one.target.ra, "dec": one.target.dec, "side": one.data.shape[0], "src": data_url(picture),
    }  # fmt: skip


def address_of(one: Frame) -> str:
    """The page of a frame's image."""
    return reverse("image" if isinstance(one.image, ScienceImage) else "reference", args=[one.image.pk])


def data_url(picture: bytes) -> str:
    """A PNG as an address that holds it."""
    return f"data:image/png;base64,{b64encode(picture).decode()}"


def rows_of(shown: Comparison, rendering: Rendering) -> dict:
    """A comparison for its page: rows of cells, the limits of all, and the scale bar's length in hundredths."""
    low, high = common_limits(shown.frames, rendering)
    rows = [
        {
            "row": row,
            "cells": [
                None if one is None else
                {"frame": one, "url": address_of(one), "src": data_url(png(one, low, high, rendering)),
                 "alt": f"{row.title} image {one.image.pk}" + (f", {one.when:%Y-%m-%d %H:%M}" if one.when else "")}
                for one in row.frames
            ],
        }
        for row in shown.rows
    ]  # fmt: skip
    bar = {"arcsec": shown.bar, "percent": round(100 * shown.bar / (shown.size * 3600), 2)}
    return {"rows": rows, "low": low, "high": high, "bar": bar, "kinds": KINDS, "left_out": shown.left_out}
