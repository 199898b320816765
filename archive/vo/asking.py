"""What TAP's requests have in common: their parameters and uploads, and errors as DALI has them."""

from __future__ import annotations

from functools import wraps

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from archive.vo import tap, uploads, user_tables, uws
from archive.vo.votable import CONTENT_TYPE, error_votable

XML = "text/xml; charset=utf-8"
CHALLENGES = 'Basic realm="ZTF archive", charset="UTF-8", Bearer realm="ZTF archive"'


class Denied(Exception):
    """What is not there for whoever asks; `status` as HTTP has it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


def parameters_of(request: HttpRequest) -> dict[str, str]:
    """A request's parameters with names in upper case; UPLOAD may come several times.

    Raises
    ------
    tap.BadRequest
        for another parameter that comes twice with different values.
    """
    found: dict[str, str] = {}
    for source in (request.GET, request.POST):
        for name, values in source.lists():
            key = name.upper()
            if key == "UPLOAD":
                values = [";".join(values)]
            elif key != "PHASE" and len(set(values)) > 1:
                raise tap.BadRequest(f"{name}: it is there {len(values)} times with different values; give one")
            found[key] = values[-1]
    return found


def bring(request: HttpRequest, parameters: dict[str, str]) -> dict[str, bytes]:
    """The uploads of a request, by their tables' names.

    Raises
    ------
    uploads.BadUpload
    """
    named = uploads.sources(parameters.get("UPLOAD", ""))
    return {name: uploads.content_of(name, place, request.FILES) for name, place in named.items()}


def answered(view):
    """A view whose refusals become error documents."""

    @wraps(view)
    def wrapped(request: HttpRequest, *arguments, **named):
        try:
            return view(request, *arguments, **named)
        except Denied as reason:
            return refuse(str(reason), reason.status)
        except tap.TooLong as reason:
            return refuse(str(reason), 408)
        except (tap.ADQLError, tap.BadRequest, uploads.BadUpload, user_tables.NotKept, uws.WrongPhase) as reason:
            return refuse(str(reason))
        except (RequestDataTooBig, TooManyFilesSent) as reason:
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
