"""Each request reads the archive with the rights of the person who asks."""

import re
from functools import partial

import structlog
from django.conf import settings
from django.db import DatabaseError, DataError, connection, transaction
from django.http import HttpResponsePermanentRedirect, JsonResponse
from django.urls import is_valid_path
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.http import escape_leading_slashes
from django_structlog.middlewares import RequestMiddleware

from archive import sandbox
from archive.access import address as site
from archive.access import audit
from archive.access.memberships import reader_of
from archive.access.reading import reading
from archive.access.streams import TOO_MUCH, QueryFailedError, sqlstate_and_message
from archive.files.storage import DamagedFileError
from archive.jobs import quotas
from archive.requests import parameters, plain_text
from archive.requests.numbers import whole
from portal.gateway.address import network_of
from portal.refusals import follows_dali, refuse

log = structlog.get_logger("portal.health")
_NUL = f"the request {plain_text.NUL}"
_PASSWORD = re.compile(r"((?:password|userpass)[^=&]*=)[^&]*", re.IGNORECASE)


class HealthCheck:
    """Answers /health: whether the portal reaches its database.

    It stands before everything else, because who asks (this machine, a load balancer) knows neither the archive's name
    nor HTTPS, and wants no session.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info != "/health":
            return self.get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError as error:
            log.error("the database does not answer", reason=str(error))
            return _healthy("the database does not answer", 503)
        return _healthy("ok", 200)


def _healthy(status: str, code: int) -> JsonResponse:
    return JsonResponse({"status": status}, status=code, headers={"Cache-Control": "no-store"})


class RequestLog(RequestMiddleware):
    """One line for each request; a password that stands in its address, as IRSA's sign-in has it, is left out."""

    @staticmethod
    def format_request(request):
        return _PASSWORD.sub(r"\1...", RequestMiddleware.format_request(request))


class PlainAddresses:
    """Refuses an address with a NUL character in it, which no text in the database can hold."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return refuse(request, _NUL, 400)
        return self.get_response(request)


class OtherSpellings:
    """Answers TAP where IRSA has it (/TAP), and leads to an address where only a slash at its end differs.

    A redirect keeps the method: a client that posts goes on posting.
    """

    ALIASES = (("/TAP", "/tap"),)

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        for alias, own in self.ALIASES:
            if request.path_info == alias or request.path_info.startswith(f"{alias}/"):
                request.path_info = request.path = own + request.path_info.removeprefix(alias)
        response = self.get_response(request)
        if response.status_code == 404 and request.resolver_match is None and (path := self.meant(request.path_info)):
            query = request.META.get("QUERY_STRING", "")
            kind = HttpResponsePermanentRedirect if request.method in ("GET", "HEAD") else KeptMethodRedirect
            return kind(iri_to_uri(escape_leading_slashes(path)) + (f"?{query}" if query else ""))
        return response

    @staticmethod
    def meant(path: str) -> str | None:
        """The path with a slash at its end, or without, where that is an address."""
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        return other if other and is_valid_path(other) else None


class KeptMethodRedirect(HttpResponsePermanentRedirect):
    """308: to be asked again in the same way at another address."""

    status_code = 308


class SameOrigin:
    """Refuses what another site's page sends in the name of somebody who is signed in here.

    Django's own check asks for a hidden field that scripts do not send, so that services are exempt from it; this one
    holds for them too, and for a name and password (HTTP Basic), which a browser that was once asked for them sends
    along by itself like a cookie. A token is sent by nobody but whoever means to.
    """

    SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
    TOKENS = ("bearer ", "token ")

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method not in self.SAFE and self._by_browser(request) and (reason := self._foreign(request)):
            return refuse(request, f"{request.path}: {reason}; sign in with a token, as a Bearer", 403)
        return self.get_response(request)

    @staticmethod
    def _by_browser(request) -> bool:
        """Whether what tells who asks may have been put there by a browser, not by whoever made the request."""
        authorization = request.headers.get("Authorization", "")
        return bool(authorization or request.COOKIES) and not authorization.lower().startswith(SameOrigin.TOKENS)

    @staticmethod
    def _foreign(request) -> str:
        origin = request.headers.get("Origin")
        if origin is not None:
            ours = (f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS)
            return "" if origin in ours else f"Origin={origin[:100]} is not this archive"
        site = request.headers.get("Sec-Fetch-Site", "none")
        return "" if site in ("none", "same-origin") else f"Sec-Fetch-Site={site[:20]}: it was sent by another site"


class CacheRules:
    """Rules for caches: they keep nothing that was made for somebody who is signed in, unless the view knows better.

    Every answer depends on who asks, by cookie or header. An answer to a reader with programs is never kept by a cache
    that others share.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        patch_vary_headers(response, ("Cookie", "Authorization"))
        known = response.headers.get("Cache-Control", "")
        if request.user.is_authenticated and not known:
            response.headers["Cache-Control"] = "private, no-store"
        elif request.user.is_authenticated and "no-store" not in known and "private" not in known:
            patch_cache_control(response, private=True)
        return response


class KnownParameters:
    """Refuses parameters that an address does not take, or takes once: nothing that is asked is silently left out.

    What is no text (`archive.requests.plain_text`) is refused whoever takes it, and so is a body that nobody reads:
    one that is no form, where forms are read, or that comes with GET.

    The admin and signing in elsewhere are other people's code with rules of their own.
    """

    FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
    READ_AS_THEY_STAND = ("tap-load",)

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if message := self._unread(request, view):
            return refuse(request, message, 400)
        body = self._body(request)
        if message := self._unfit(dict(request.GET.lists())) or self._unfit(body or {}):
            return refuse(request, message, 400)
        if request.method == "OPTIONS" or self._is_others(request, view) or follows_dali(request):
            return None
        taken = parameters.taken_by(view, request.method)
        message = parameters.refusal(taken, dict(request.GET.lists()), body, request.path)
        return refuse(request, message, 400) if message else None

    def _unread(self, request, view) -> str | None:
        """The refusal of a body that would be left out."""
        if request.method not in ("GET", "HEAD", "POST") or not whole(request.META.get("CONTENT_LENGTH") or "0", 1):
            return None
        if request.method != "POST":
            return f"the body of a {request.method} is not read: put what it asks into the address, or send it by POST"
        name = request.resolver_match.url_name
        own = hasattr(view, "cls") or name in self.READ_AS_THEY_STAND or self._is_others(request, view)  # REST: parsers
        if own or request.content_type in self.FORMS:
            return None
        kind = ascii(request.content_type[:60])[1:-1]
        return f"Content-Type={kind}: this address reads forms; use {' or '.join(self.FORMS)}"

    @staticmethod
    def _unfit(given: dict[str, list]) -> str | None:
        """The refusal of a name or value that is no text; its sender chose the encoding, which may be anything."""
        for name, values in given.items():
            for one in (name, *values):
                if isinstance(one, str) and (fault := plain_text.fault_of(one)) is not None:
                    return f"{ascii(name[:40])[1:-1]}: its value {fault}"
        return None

    @staticmethod
    def _is_others(request, view) -> bool:
        return "admin" in request.resolver_match.namespaces or view.__module__.startswith("allauth")

    def _body(self, request) -> dict[str, list] | None:
        """The fields of a posted form, files too; None for a request without one."""
        if request.method != "POST" or request.content_type not in self.FORMS:
            return None
        fields = dict(request.POST.lists())
        for name, files in request.FILES.lists():
            fields.setdefault(name, []).extend(files)
        return fields


class ReaderMiddleware:
    """Puts the reader on the request and makes the answer inside their rights.

    A streamed answer is made after this; its generator opens `reading(request.reader)` itself.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.reader = reader_of(request.user)
        network = network_of(request.META.get("REMOTE_ADDR", ""))
        with quotas.asked_from(network) as origin:
            with (
                site.reached_at(request.build_absolute_uri("/")),
                audit.acting(partial(audit.Actor.of, request)),
                reading(request.reader),
            ):
                response = self.get_response(request)
            if origin.asker:
                for name, value in quotas.use_of(origin.asker).headers().items():
                    response.headers[name] = value
        return response

    def process_exception(self, request, exception):
        """A number may be beyond what any type holds; a file may be damaged, or come while others are being read."""
        if isinstance(exception, parameters.BadParameterError | QueryFailedError):
            return refuse(request, str(exception), 400)
        if isinstance(exception, quotas.QuotaExceededError):
            return refuse(request, str(exception), 429)
        if isinstance(exception, sandbox.TryLaterError):
            return refuse(request, str(exception), 503)
        if isinstance(exception, DamagedFileError):
            return refuse(request, str(exception), 500, "Damaged file")
        if isinstance(exception, DatabaseError) and (reason := TOO_MUCH.get(sqlstate_and_message(exception)[0])):
            transaction.set_rollback(True, using="reader")
            return refuse(request, f"{request.path}: {reason}", 400)
        if isinstance(exception, DataError):
            transaction.set_rollback(True, using="reader")
            return refuse(
                request, f"{request.path}: a number in the question is out of range ({exception})".strip(), 400
            )
        if isinstance(exception, ValueError) and "NUL (0x00)" in str(exception):  # as psycopg2 says it
            return refuse(request, _NUL, 400)
        return None
