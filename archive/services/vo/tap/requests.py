"""Parameters and uploads of TAP's requests, and the errors that they are refused for."""

from __future__ import annotations

from functools import wraps

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponseBase
from django.http.multipartparser import MultiPartParserError

from archive.services.protocol import refusals
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import single_values
from archive.services.protocol.refusals import as_votable
from archive.services.vo.tap import query, uploads, user_tables, uws
from archive.tables.formats.errors import UnwritableResultError

XML = "text/xml; charset=utf-8"
REFUSED = (query.ADQLError, BadRequestError, UnwritableResultError, uploads.BadUploadError)
"""What a query, its tables or its result may be refused for."""


def parameters_of(request: HttpRequest) -> dict[str, str]:
    """A request's parameters with names in upper case; UPLOAD may come several times, PHASE where jobs are listed.

    Raises
    ------
    BadRequestError
        for another parameter that comes twice.
    """
    return single_values(request, joined=["UPLOAD"], several=[] if request.method == "POST" else ["PHASE"])


def read_uploads(request: HttpRequest, parameters: dict[str, str]) -> dict[str, bytes]:
    """The uploads of a request, by their tables' names.

    Raises
    ------
    uploads.BadUploadError
    """
    named = uploads.sources(parameters.get("UPLOAD", ""))
    return {name: uploads.content_of(name, place, request.FILES) for name, place in named.items()}


def tap_errors(view):
    """A view whose refusals become error documents."""
    answered = refusals.errors_as_votable(*REFUSED, user_tables.TableNotKeptError, uws.WrongPhaseError)(view)

    @wraps(view)
    def wrapped(request: HttpRequest, *arguments, **named) -> HttpResponseBase:
        try:
            return answered(request, *arguments, **named)
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as reason:
            return as_votable(f"the request is too large: {reason}", 413)
        except MultiPartParserError as reason:
            return as_votable(f"the request's parts cannot be read: {reason}")

    return wrapped
