"""What TAP's requests have in common: their parameters and uploads, and errors as DALI has them."""

from __future__ import annotations

from functools import wraps

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from archive.services.vo.tap import query, uploads, user_tables, uws
from archive.tables.errors import UnwritableResultError
from archive.tables.votable import CONTENT_TYPE, error_votable

XML = "text/xml; charset=utf-8"
CHALLENGES = 'Basic realm="ZTF archive", charset="UTF-8", Bearer realm="ZTF archive"'


REFUSED = (query.ADQLError, query.BadRequestError, UnwritableResultError, uploads.BadUploadError)
"""What a query, its tables or its result may be refused for."""


class DeniedError(Exception):
    """What is not there for whoever asks; `status` as HTTP has it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def parameters_of(request: HttpRequest) -> dict[str, str]:
    """A request's parameters with names in upper case; UPLOAD may come several times.

    Raises
    ------
    tap.BadRequestError
        for another parameter that comes twice.
    """
    found: dict[str, str] = {}
    for source in (request.GET, request.POST):
        here: dict[str, list[str]] = {}
        for name, values in source.lists():
            if any("\0" in text for text in (name, *values)):
                raise query.BadRequestError(f"{name.upper()[:40]!r}: holds a NUL character, which no text here has")
            here.setdefault(name.upper(), []).extend(values)
        for key, values in here.items():
            if key == "UPLOAD":
                found[key] = ";".join([*([found[key]] if key in found else []), *values])
                continue
            several = key == "PHASE" and request.method != "POST"  # of a list of jobs
            if not several and (len(values) > 1 or found.get(key, values[-1]) != values[-1]):
                raise query.BadRequestError(f"{key[:40]}: is given more than once; give it once")
            found[key] = values[-1]
    return found


def bring(request: HttpRequest, parameters: dict[str, str]) -> dict[str, bytes]:
    """The uploads of a request, by their tables' names.

    Raises
    ------
    uploads.BadUploadError
    """
    named = uploads.sources(parameters.get("UPLOAD", ""))
    return {name: uploads.content_of(name, place, request.FILES) for name, place in named.items()}


def answered(view):
    """A view whose refusals become error documents."""

    @wraps(view)
    def wrapped(request: HttpRequest, *arguments, **named):
        try:
            return view(request, *arguments, **named)
        except DeniedError as reason:
            return refuse(str(reason), reason.status)
        except query.TooLongError as reason:
            return refuse(str(reason), 408)
        except (*REFUSED, user_tables.TableNotKeptError, uws.WrongPhaseError) as reason:
            return refuse(str(reason))
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent) as reason:
            return refuse(f"the request is too large: {reason}", 413)
        except MultiPartParserError as reason:
            return refuse(f"the request's parts cannot be read: {reason}")

    return wrapped


def refuse(message: str, status: int = 400) -> HttpResponse:
    """An error as DALI has it, in whatever format the result was asked for."""
    response = HttpResponse(error_votable(message), content_type=CONTENT_TYPE, status=status)
    if status == 401:
        response["WWW-Authenticate"] = CHALLENGES
    return response
