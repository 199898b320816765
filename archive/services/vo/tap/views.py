"""TAP over HTTP: synchronous queries and what the service says about itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from archive.requests.stream_response import stream_response
from archive.services.protocol.refusals import CHALLENGES, as_votable
from archive.services.vo.formats import FORMATS, format_named
from archive.services.vo.tap import examples, query, uploads, vosi
from archive.services.vo.tap.requests import XML, parameters_of, read_uploads, tap_errors

GZIP = 16 + zlib.MAX_WBITS


@require_safe
def service(request: HttpRequest) -> HttpResponseRedirect:
    """The address of TAP itself: people find the query page there, programs what the service offers."""
    wants_page = "text/html" in request.headers.get("Accept", "")
    return HttpResponseRedirect(reverse("query" if wants_page else "tap-capabilities"), headers={"Vary": "Accept"})


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
@tap_errors
def sync(request: HttpRequest) -> HttpResponseBase:
    """Run one query and stream its result."""
    parameters = parameters_of(request)
    name = parameters.get("RESPONSEFORMAT") or parameters.get("FORMAT", "")
    written = format_named(name)
    if written is None:
        known = ", ".join(one.names[1] for one in FORMATS)
        return as_votable(f"RESPONSEFORMAT={name}: use one of {known}")
    asked = query.Request.of(parameters)
    brought = uploads.uploads_of(read_uploads(request, parameters).items())
    headers = {
        "Content-Disposition": f'inline; filename="result.{written.suffix}"',
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding",
    }
    if request.method == "HEAD":
        query.check(asked, request.reader, brought)
        return HttpResponse(content_type=written.content_type, headers=headers)
    result = query.run(asked, request.reader, brought)
    pieces = written.write(result.fields, result.batches, asked.maxrec)
    if written.plain and "gzip" in request.headers.get("Accept-Encoding", ""):
        pieces, headers = _gzipped(pieces), headers | {"Content-Encoding": "gzip"}
    return stream_response(pieces, result.close, written.content_type, headers)


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Compressed quickly rather than well: a result is sent once."""
    compressor = zlib.compressobj(1, wbits=GZIP)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


@require_safe
def capabilities(request: HttpRequest) -> HttpResponse:
    """The service's capabilities; a challenge tells clients that they may sign in."""
    base = request.build_absolute_uri(reverse("tap")).rstrip("/")
    response = HttpResponse(vosi.capabilities(base), content_type=XML)
    if not request.user.is_authenticated:
        response["WWW-Authenticate"] = CHALLENGES
    return response


@require_safe
def availability(request: HttpRequest) -> HttpResponse:
    """Whether the service works."""
    return HttpResponse(vosi.availability(), content_type=XML)


@require_safe
def example_list(request: HttpRequest) -> HttpResponse:
    """Queries to start from (DALI examples)."""
    base = request.build_absolute_uri(reverse("tap")).rstrip("/")
    return HttpResponse(examples.document(base), content_type="application/xhtml+xml; charset=utf-8")
