"""Matchfiles over HTTP, in folders as at IRSA."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path, register_converter
from django.views.decorators.http import require_safe

from archive.files.delivery import deliver_path
from archive.services.irsa.listings import listed
from archive.tables.responses import problem
from lightcurves.download.matchfiles import NoMatchfileError
from lightcurves.irsa import matchfiles

AGAIN = 60  # s, after which somebody asks again for a file that is being made
_CHANNEL = re.compile("rc([0-9]{2})")
View = Callable[..., HttpResponseBase]


class Channel:
    """The name of a readout channel's folder, rc00 to rc63; any other stays text, so that a view says what is wrong."""

    regex = "[^/]+"

    def to_python(self, value: str) -> int | str:
        named = _CHANNEL.fullmatch(value)
        return int(named[1]) if named and int(named[1]) < matchfiles.CHANNELS else value

    def to_url(self, value: int) -> str:
        return f"rc{value:02}"


register_converter(Channel, "channel")


def _of_channel(view: View) -> View:
    """A view below a readout channel's folder, which there must be."""

    @require_safe
    @wraps(view)
    def answered(request: HttpRequest, rcid: int | str, **more: str) -> HttpResponseBase:
        if isinstance(rcid, str):
            raise Http404(f"{rcid[:60]}: folders are of readout channels, rc00 to rc{matchfiles.CHANNELS - 1}")
        return view(request, rcid, **more)

    return answered


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """The folders of all readout channels."""
    return listed(request, [f"rc{number:02}/" for number in range(matchfiles.CHANNELS)], parent=False)


@_of_channel
def fields(request: HttpRequest, rcid: int) -> HttpResponse:
    """The folders of fields where a channel has objects."""
    return listed(request, [f"{name}/" for name in matchfiles.folders(rcid)])


@_of_channel
def files(request: HttpRequest, rcid: int, folder: str) -> HttpResponse:
    """The matchfiles of a folder; one that holds none that the reader may see is not there."""
    try:
        places = matchfiles.places(rcid, folder)
    except matchfiles.NoSuchFolderError as error:
        raise Http404(str(error)) from error
    if not places:
        raise Http404(f"rc{rcid:02}/{folder}: there is no matchfile here that you may see")
    return listed(request, [place.name for place in places])


@_of_channel
def file(request: HttpRequest, rcid: int, folder: str, name: str) -> HttpResponseBase:
    """A matchfile, or a part of it; one that takes long is being made when it is asked for again."""
    try:
        place = matchfiles.place_named(rcid, folder, name)
        found = matchfiles.file_of(place, request.reader, request.user)
    except (matchfiles.NoSuchFolderError, NoMatchfileError) as error:
        raise Http404(str(error)) from error
    if isinstance(found, matchfiles.Unfinished):
        told = f"{name}: is being made, as job {found.job.pk}; ask again in a minute"
        response = problem(told, 503, "Not yet")
        response["Retry-After"] = str(AGAIN)
        return response
    made, key = found
    return deliver_path(request, made, key, attachment=name)


TREE = "ztf/ops/srcmatch/"
urlpatterns = [
    path(TREE, channels, name="matchfile-channels"),
    path(f"{TREE}<channel:rcid>/", fields, name="matchfile-fields"),
    path(f"{TREE}<channel:rcid>/<str:folder>/", files, name="matchfile-folder"),
    path(f"{TREE}<channel:rcid>/<str:folder>/<str:name>", file, name="matchfile"),
]
