"""TAP over HTTP: synchronous queries and what the service says about itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from archive.vo import tap, vosi
from archive.vo.tap_formats import FORMATS, format_named
from archive.vo.votable import CONTENT_TYPE, error_votable

XML = "text/xml; charset=utf-8"


@require_safe
def service(request: HttpRequest) -> HttpResponseRedirect:
    """The address of TAP itself: people find the query page there."""
    return HttpResponseRedirect(reverse("query"))


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
def sync(request: HttpRequest) -> HttpResponse:
    """Run one query and stream its result."""
    parameters = {name.upper(): value for name, value in [*request.GET.items(), *request.POST.items()]}
    name = parameters.get("RESPONSEFORMAT") or parameters.get("FORMAT", "")
    written = format_named(name)
    if written is None:
        known = ", ".join(one.names[1] for one in FORMATS)
        return refuse(f"RESPONSEFORMAT={name}: use one of {known}")
    try:
        asked = tap.Request.of(parameters)
        fields, batches = tap.stream(asked, request.reader)
    except (tap.ADQLError, tap.BadRequest) as error:
        return refuse(str(error))
    response = StreamingHttpResponse(
        written.write(fields, batches, asked.maxrec),
        content_type=written.content_type,
        headers={"Content-Disposition": f'inline; filename="result.{written.suffix}"', "Cache-Control": "no-store"},
    )
    # Whatever happens to the client, the database connection goes with the response.
    response._resource_closers.append(batches.close)
    return response


def refuse(message: str, status: int = 400) -> HttpResponse:
    """An error as DALI has it, in whatever format the result was asked for."""
    return HttpResponse(error_votable(message), content_type=CONTENT_TYPE, status=status)


@require_safe
def capabilities(request: HttpRequest) -> HttpResponse:
    """What the service can do."""
    base = request.build_absolute_uri(reverse("tap")).rstrip("/")
    return HttpResponse(vosi.capabilities(base), content_type=XML)


@require_safe
def availability(request: HttpRequest) -> HttpResponse:
    """Whether the service works."""
    return HttpResponse(vosi.availability(), content_type=XML)


@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The tables and columns; `detail=min` leaves the columns out, `tables=` names one."""
    wanted = request.GET.get("tables")
    return _described(vosi.tables(wanted, columns=request.GET.get("detail") != "min"), wanted)


@require_safe
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table and its columns."""
    return _described(vosi.table(name), name)


def _described(text: str | None, name: str | None) -> HttpResponse:
    if text is None:
        return HttpResponse(f"table {name!r} is not here", content_type="text/plain", status=404)
    return HttpResponse(text, content_type=XML)
