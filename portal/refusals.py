"""Error responses before, in and after a view, in the form of the protocol that its address speaks."""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Callable, Iterator
from functools import cache
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, SuspiciousFileOperation, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.template.loader import render_to_string
from django.urls import Resolver404, URLPattern, get_resolver, resolve
from django.utils.cache import patch_vary_headers

from archive.services.protocol.refusals import as_asked, as_ibe_xml, as_struct, as_votable
from archive.tables.responses import problem

VOTABLE = ("tap", "soda", "sia", "scs", "datalink", "dal", "irsa-")
# Of the Virtual Observatory: an unknown parameter is ignored there, and the services themselves refuse repeated ones.
DALI = ("tap", "soda", "sia", "irsa-sia", "scs", "datalink", "dal", "registry", "hips")
OURS = ("tap-kept",)  # beside them, and no part of a protocol
PROBLEM = "application/problem+json"
# Whose unknown addresses speak a protocol too, by how their paths begin; all others are pages.
FAMILIES = (("/api/", "api"), ("/tap", "tap"), ("/TAP", "tap"), ("/vo/", "dal"), ("/SIA", "sia"), ("/ibe", "ibe"),
            ("/cgi-bin/Gator/", "gator"))  # fmt: skip
PAGES_TAKE = ("GET", "HEAD", "POST")
TITLES = {400: "Bad request", 403: "Not allowed", 404: "Not found", 405: "Method not allowed", 413: "Too large"}
TITLES |= {429: "Too much at once", 500: "Failed", 503: "Try again later"}
SECONDS = 10  # after which it may be tried again
NOT_HERE = "there is no such address here"
NOTHING = "there is no such thing, or it is not public"
LONGEST_PATH = 300  # characters of an address that an answer repeats
MOST_PLACES = 4
WHAT = {
    400: "This request cannot be answered",
    401: "Sign in first",
    403: "This is not open to you",
    404: "Page not found",
    405: "This address is not asked in this way",
    413: "Too large",
    429: "Too much at once",
    500: "Something failed here",
    503: "Try again later",
}


def refuse(request: HttpRequest, message: str, status: int, title: str = "") -> HttpResponse:
    """The answer that says why a request is refused: a VOTable, IBE's XML, Gator's line or problem JSON."""
    name = name_of(request)
    if name.startswith("ibe"):
        response = as_ibe_xml(message, status)
    elif name.startswith("gator"):
        response = as_struct(message, status)
    elif name == "irsa-light-curves":
        response = as_asked(message, _form_of(request), status)
    elif name.startswith(VOTABLE):
        response = as_votable(message, status)
    else:
        response = problem(message, status, title or TITLES[status])
    if status == 503:
        response["Retry-After"] = str(SECONDS)
    return response


def _form_of(request: HttpRequest) -> str:
    """The format that IRSA's light-curve service is asked for; none where there are two, or a body that is no form."""
    try:
        given = (*request.GET.lists(), *(request.POST.lists() if request.method == "POST" else ()))
    except (BadRequest, SuspiciousOperation, MultiPartParserError):  # which may be what is refused
        return ""
    found = [value for name, values in given if name.upper() == "FORMAT" for value in values]
    return found[0] if len(found) == 1 else ""


def follows_dali(request: HttpRequest) -> bool:
    """Whether an address is one of the Virtual Observatory's protocols."""
    name = name_of(request)
    return name.startswith(DALI) and name not in OURS


def name_of(request: HttpRequest) -> str:
    """The name of a request's address; of one that there is not, the kind of its family, or nothing."""
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return next((kind for start, kind in FAMILIES if request.path_info.startswith(start)), "")


# --- what Django itself refuses (handlers of portal.urls.site, and CSRF_FAILURE_VIEW) ---------------------------------
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Error 400: the request cannot be read."""
    if isinstance(exception, DisallowedHost):
        return refuse(request, _host_refused(request), 400)
    if isinstance(exception, SuspiciousFileOperation):  # its words are the server's own folders
        return refuse(request, f"{path_of(request)}: {NOTHING}", 404)
    message = str(exception) if isinstance(exception, SuspiciousOperation) else "the request cannot be read"
    return refuse(request, message or "the request cannot be read", 400)


def _host_refused(request: HttpRequest) -> str:
    host = request.META.get("HTTP_HOST", "")
    return f"Host={ascii(host[:100])[1:-1]}: this archive has no such name; ask it under its own"


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Error 403: not open to this person."""
    return refuse(request, str(exception) or f"{path_of(request)}: is not open to you", 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Error 404: not there, in the words of the view that looked for it."""
    words = exception.args[0] if exception.args and isinstance(exception.args[0], str) else ""
    if isinstance(exception, Resolver404):
        words = f"{path_of(request)}: {NOT_HERE}"
    elif not words or words.endswith("matches the given query."):
        words = f"{path_of(request)}: {NOTHING}"
    return refuse(request, words, 404)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was not sent by a page of ours, or by one that is too old.

    An address that does not take the method says so: no page of ours sends such a form.
    """
    taken = _methods_of(request.resolver_match.func if request.resolver_match else None)
    if request.method not in taken:
        return _method_refused(request, HttpResponseNotAllowed(taken))
    words = f"the form was not taken ({reason.rstrip('.')}): open its page again, and send it from there"
    if reason.startswith(REASON_BAD_ORIGIN.split("%")[0]):
        words = f"the form was sent by another site ({reason.rstrip('.')})"
    return refuse(request, f"{path_of(request)}: {words}", 403)


def _methods_of(view: Callable | None) -> tuple[str, ...]:
    """The methods that a view takes, as Django's decorators, which keep them to themselves, were told."""
    while view is not None:
        if listed := inspect.getclosurevars(view).nonlocals.get("request_method_list"):
            return tuple(listed)
        view = getattr(view, "__wrapped__", None)
    return PAGES_TAKE


def failed(request: HttpRequest) -> HttpResponse:
    """A fault of ours; what it was stands in the log, under the request's id."""
    words = "something failed here, which is our fault, not yours; it is in the log under this request's id"
    return as_browsers_get_it(request, refuse(request, f"{path_of(request)}: {words}", 500))


def path_of(request: HttpRequest) -> str:
    """A request's path as an answer repeats it."""
    path = request.path_info
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


# --- as people get it ---------------------------------------------------------------------------------------------
class Refusals:
    """Makes pages of the refusals that people get, and names the request by which the log knows each."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response = _method_refused(request, response)
        if response.status_code >= 400:
            response["X-Request-ID"] = request_id()
            response = as_browsers_get_it(request, response)
        return response


def request_id() -> str:
    """The id under which the log has the current request."""
    return structlog.contextvars.get_contextvars().get("request_id", "")


def as_browsers_get_it(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A problem as a page of the portal's, where a browser asked for a page."""
    if response.headers.get("Content-Type") != PROBLEM:
        return response
    patch_vary_headers(response, ("Accept",))
    if not _wants_page(request):
        return response
    told = json.loads(response.content)
    page = HttpResponse(_page(request, told["detail"], response.status_code), status=response.status_code)
    return _with_headers_of(page, response)


def _wants_page(request: HttpRequest) -> bool:
    if name_of(request).startswith("api") and request.path_info != "/api/":
        return False
    return "text/html" in request.headers.get("Accept", "") and request.GET.get("format", "html").lower() == "html"


def _page(request: HttpRequest, message: str, status: int) -> str:
    """The page; one about a fault of ours asks the database nothing, which may be what failed."""
    last = request.path_info.rstrip("/").rpartition("/")[2]
    context = {
        "what": WHAT.get(status, HTTPStatus(status).phrase),
        "message": message,
        "status": status,
        "request_id": request_id(),
        "path": path_of(request),
        "places": places_near(request.path_info),
        "q": last if last.isalnum() and any(map(str.isdecimal, last)) else "",
        "back": request.method in ("GET", "HEAD"),
    }
    return render_to_string("portal/refused.html", context, None if status >= 500 else request)


def _method_refused(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    takes = response.headers.get("Allow", "")
    refused = refuse(request, f"{request.method} {path_of(request)}: this address takes {takes}", 405)
    return _with_headers_of(refused, response)


def _with_headers_of(response: HttpResponse, other: HttpResponse) -> HttpResponse:
    """A response with all that another says but about its content."""
    for name, value in other.headers.items():
        if name not in ("Content-Type", "Content-Length"):
            response[name] = value
    response.cookies = other.cookies
    return response


def places_near(path: str) -> list[str]:
    """Addresses that somebody may have meant: those above, and those that are written alike."""
    above, parts = [], [part for part in path.split("/") if part]
    for length in range(len(parts) - 1, 0, -1):
        above.append(f"/{'/'.join(parts[:length])}/")
    known = _pages()
    top = sorted(one for one in known if one.count("/") == 2)
    alike = difflib.get_close_matches(f"/{parts[0]}/" if parts else "/", top, MOST_PLACES, 0.6)
    found = dict.fromkeys([*(one for one in above if one in known), *alike])
    return [one for one in found if one != path][:MOST_PLACES]


@cache
def _pages() -> frozenset[str]:
    """The addresses that end in a slash and need no argument: pages, and lists of what is below."""
    paths = _paths(get_resolver(settings.ROOT_URLCONF).url_patterns)
    return frozenset(path for path in paths if path.endswith("/") and not set(path) & set("<(^"))


def _paths(patterns, start: str = "/") -> Iterator[str]:
    for one in patterns:
        path = f"{start}{one.pattern}"
        if isinstance(one, URLPattern):
            yield path
        elif one.namespace != "admin":
            yield from _paths(one.url_patterns, path)
