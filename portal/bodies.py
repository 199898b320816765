"""The largest body of a request, for each address: said before a byte of it is read.

What reads a body may still find it too large for its own reasons; nothing reads more than stands here.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from archive.requests.numbers import whole
from archive.sky.skymaps import MOST_UPLOADED
from archive.targets.lists import LARGEST_UPLOAD
from lightcurves.irsa import periodogram
from lightcurves.viewer import own
from portal.refusals import name_of, refuse

ROOM = 256 * 1024  # bytes beyond a file: the parts around it, the other fields
FORM = 2 * 1024**2  # bytes of what is no file: forms, queries, lists that are pasted
TABLES = ("tap-sync", "tap-async", "tap-tables", "tap-table", "tap-load", "tap-job-parameters")
LISTS = (
    "image-list", "light-curve-list", "target-list", "api-images", "api-lightcurves", "api-cutouts", "ibe-search",
    "forced", "api-forced", "forced-batch", "region",
)  # fmt: skip
FILES = (
    dict.fromkeys(LISTS, LARGEST_UPLOAD + ROOM)
    | {"object-own": own.MOST_BYTES + ROOM, "irsa-periodogram": periodogram.MOST_BYTES + ROOM}
    | {"object-periodogram": own.MOST_BYTES + ROOM, "sky-region": MOST_UPLOADED + ROOM}
)


def largest(name: str) -> int:
    """Bytes that an address of a name takes."""
    return settings.LARGEST_BODY if name in TABLES else FILES.get(name, FORM)


class BoundedBodies:
    """Refuses a body that is longer than its address takes (413)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size = whole(request.META.get("CONTENT_LENGTH") or "0")
        if size is None:
            return refuse(request, "Content-Length: must be a number of bytes", 413)
        if size > FORM:  # most addresses take no more, and most requests are smaller
            most = largest(name_of(request))
            if size > most:
                return refuse(request, f"the request has {size} bytes; {request.path} takes at most {most}", 413)
        return self.get_response(request)
