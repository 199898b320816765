"""Errors as RFC 9457 has them."""

from __future__ import annotations

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions

from archive.answers import problem
from archive.bundles import BundleRefused
from archive.forms import problems
from archive.images import BadCutout
from archive.moving.dynamics import DynamicsError
from archive.names import BadPosition, NameNotFound
from archive.search import BadQuery
from processing.forced.jobs import ForcedRefused

BAD = (BadCutout, BadPosition, BadQuery, BundleRefused, DynamicsError, ForcedRefused)


class BadParameters(exceptions.APIException):
    """A request whose parameters do not make a question."""

    status_code = 400
    default_code = "Bad request"


def checked(form: forms.Form) -> forms.Form:
    """A form that is valid; otherwise BadParameters says why."""
    if not form.is_valid():
        raise BadParameters(problems(form))
    return form


def as_problem(error: Exception, context: dict):
    """The answer to a request that failed; None for what is our own fault (it becomes a 500)."""
    if isinstance(error, BAD):
        return problem(str(error))
    if isinstance(error, NameNotFound | Http404):
        return problem(str(error) or "there is no such thing, or it is not public", 404, "Not found")
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(*error.args)
    if not isinstance(error, exceptions.APIException):
        return None
    response = problem(str(error.detail), error.status_code, str(error.default_code).replace("_", " ").capitalize())
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response
