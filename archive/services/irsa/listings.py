"""Lists of folders as IRSA's servers write them: what scripts and wget follow."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from archive.files.delivery import private
from archive.files.folders import Entry


def listed(request: HttpRequest, names: Iterable[str], parent: bool = True) -> HttpResponse:
    """The page of a folder that holds these names; those of folders end in a slash."""
    context = {"address": request.path, "entries": [Entry(name) for name in names], "parent": parent}
    response = render(request, "irsa/folder.html", context)
    for name, value in private().items():
        response[name] = value
    return response
