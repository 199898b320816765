"""Errors as RFC 9457 has them."""

from __future__ import annotations

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from rest_framework import exceptions

from archive.files.storage import DamagedFileError
from archive.forms import TargetsField, YesNoField, problems
from archive.jobs.quotas import QuotaExceededError
from archive.moving.dynamics.errors import DynamicsError
from archive.pixels.rendering import BadCutoutError
from archive.products.bundles import BundleRefusedError
from archive.requests import parameters
from archive.requests.parameters import BadParameterError
from archive.search.names import BadPositionError, NameNotFoundError
from archive.search.query import BadQueryError
from archive.tables.responses import problem
from processing.forced.jobs import ForcedRefusedError

BAD = (
    BadParameterError,
    BadCutoutError,
    BadPositionError,
    BadQueryError,
    BundleRefusedError,
    DynamicsError,
    ForcedRefusedError,
)


class BadParametersError(exceptions.APIException):
    """A request whose parameters do not make a question."""

    status_code = 400
    default_code = "Bad request"


def checked(form: forms.Form) -> forms.Form:
    """A form that is valid; otherwise BadParametersError says why.

    The names of a form that was posted are known by now (`archive.requests.parameters`); those of a JSON object are
    looked at here. What JSON has as a list or an object is no value of a field; where lists are taken, they are text by
    now.
    """
    if not isinstance(form.data, QueryDict) and (odd := next((one for one in form.data if one not in form.fields), "")):
        raise BadParametersError(parameters.unknown(str(odd), form.fields, "the body"))
    for name, value in form.data.items():
        if isinstance(value, list | dict) and not isinstance(form.fields.get(name), TargetsField):
            raise BadParametersError(f"{name}={str(value)[:40]}: must be a single value, such as a text or a number")
        if isinstance(value, bool) and not isinstance(form.fields.get(name), (YesNoField, forms.BooleanField)):
            raise BadParametersError(f"{name}={str(value).lower()}: must be a text or a number, not yes or no")
    if not form.is_valid():
        raise BadParametersError(problems(form))
    return form


def as_problem(error: Exception, context: dict):
    """The answer to a request that failed; None for what is our own fault (it becomes a 500)."""
    if isinstance(error, QuotaExceededError):
        return problem(str(error), 429, "Too much at once")
    if isinstance(error, BAD):
        return problem(str(error))
    if isinstance(error, DamagedFileError):
        return problem(str(error), 500, "Damaged file")
    if isinstance(error, NameNotFoundError | Http404):
        return problem(str(error) or "there is no such thing, or it is not public", 404, "Not found")
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(*error.args)
    if isinstance(error, exceptions.MethodNotAllowed):
        return HttpResponse(status=405)  # portal.refusals says what is taken, from the header Allow
    if not isinstance(error, exceptions.APIException):
        return None
    response = problem(str(error.detail), error.status_code, str(error.default_code).replace("_", " ").capitalize())
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response
