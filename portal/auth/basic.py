"""Name and password, or a token, with each request, as scripts send them, for every address of the portal."""

from __future__ import annotations

import base64

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_ip_address, get_cool_off
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from archive.access import tokens
from archive.access.passwords import LONGEST_NAME, LONGEST_PASSWORD, possible, user_of
from archive.services.protocol.refusals import CHALLENGES
from portal.auth import scopes
from portal.gateway.limits import AUTH
from portal.refusals import refuse

ANY_TOKEN = "(token)"  # noqa: S105 (the name under which wrong tokens are counted)
NAMES_FOR_TOKENS = ("", "token")  # what may stand for the name before a token


FORCED_FORMS = (
    "/cgi-bin/requestForcedPhotometry.cgi",
    "/cgi-bin/batchfp.py/submit",
    "/cgi-bin/getForcedPhotometryRequests.cgi",
    "/cgi-bin/getBatchForcedPhotometryRequests.cgi",
)
SIGNING_IN = ("/account/signon/", "/sign-in/", "/admin/login/")
SHARED_NAME = "ztffps"  # of IRSA's forced photometry: its clients send it, and say who they are by email and userpass


class RefusedError(Exception):
    """Credentials that do not open a request; `status` as HTTP has it."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class BasicAuthentication:
    """Signs in whoever sends `Authorization`, for this one request; wrong ones get 401, too many of them 429.

    Credentials of whatever kind that do not hold are refused, never taken for none. Below /auth nobody is answered
    who is not signed in.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.signed_in_by_password, request.token = False, None
        request.shared_credentials = shared_credentials(request)
        try:
            user = None if request.shared_credentials else _by_header(request)
            if user is None and "Authorization" not in request.headers:
                _check_session(request)
        except RefusedError as refusal:
            return _refusal(request, refusal)
        if user is not None:
            request.user, request.signed_in_by_password = user, True
        return self.get_response(request)


def shared_credentials(request: HttpRequest) -> bool:
    """Whether the header names nobody: IRSA's forms of forced photometry take any, its files the shared name."""
    if request.path_info in FORCED_FORMS:
        return True
    kind, _, content = request.headers.get("Authorization", "").partition(" ")
    if not request.path_info.startswith("/ztf/ops/forcedphot/") or kind.lower() != "basic":
        return False
    try:
        return base64.b64decode(content.strip(), validate=True).startswith(SHARED_NAME.encode() + b":")
    except ValueError:  # no base64, or not even ASCII
        return False


def _by_header(request: HttpRequest) -> AbstractBaseUser | None:
    """Whom `Authorization` names; None without it."""
    kind, _, content = request.headers.get("Authorization", "").strip().partition(" ")
    if not kind:
        return None
    if kind.lower() == "basic":
        return _by_name(request, content.strip())
    if kind.lower() in ("bearer", "token"):
        return _by_token(request, content.strip())
    raise RefusedError(401, f"Authorization: {ascii(kind[:20])[1:-1]} is not taken here; use Basic or Bearer")


def _check_session(request: HttpRequest) -> None:
    """Refuse a script's session that has ended, and everybody who is not signed in below /auth.

    A browser's session may end: its person sees what is public, and that they are signed out.
    """
    if request.must_sign_in and not request.user.is_authenticated:
        raise RefusedError(401, f"{AUTH}{request.path}: sign in; without {AUTH} this address answers everybody")
    if request.path_info.startswith(SIGNING_IN):
        return
    sent = request.COOKIES.get(settings.SESSION_COOKIE_NAME) or request.bad_session_cookie
    if sent and not by_browser(request) and not request.user.is_authenticated and not request.session.session_key:
        raise RefusedError(401, "Cookie: the session has ended, or never was; sign in again, or send no cookie")


def by_browser(request: HttpRequest) -> bool:
    """Whether a browser asks, for a page or from one."""
    return "Sec-Fetch-Site" in request.headers or "text/html" in request.headers.get("Accept", "")


class AlwaysChallenged:
    """Answers every address below /auth too, for clients that say who they are only once they are asked (401).

    It stands before the other middleware, which sees the address itself.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.must_sign_in = request.path_info.startswith(f"{AUTH}/")
        if not request.must_sign_in:
            return self.get_response(request)
        request.path_info = request.path = request.path_info.removeprefix(AUTH)
        response = self.get_response(request)
        if response.headers.get("Location", "").startswith("/"):
            response["Location"] = AUTH + response["Location"]
        return response


def locked_out(request: HttpRequest, response: HttpResponse | None = None, credentials: dict | None = None):
    """The sign-in page's answer after too many wrong attempts (axes calls this)."""
    answer = render(request, "registration/locked_out.html", {"minutes": _wait() // 60}, status=429)
    answer["Retry-After"] = str(_wait())
    return answer


def _by_name(request: HttpRequest, content: str) -> AbstractBaseUser:
    """The user whose credentials the header has."""
    try:
        name, _, password = base64.b64decode(content, validate=True).decode().partition(":")
    except ValueError:  # no base64, not even ASCII, or no UTF-8
        raise RefusedError(401, "Authorization: Basic needs base64 of name:password") from None
    return user_by_password(request, name, password)


def user_by_password(request: HttpRequest, name: str, password: str) -> AbstractBaseUser:
    """The user of a name and a password, or of a name and a token.

    Raises
    ------
    RefusedError
    """
    if tokens.looks_like_one(password):
        return _by_token(request, password, name)
    if not possible(name, password):
        raise RefusedError(
            401,
            f"Authorization: no name has more than {LONGEST_NAME} characters or a NUL, no password more than "
            f"{LONGEST_PASSWORD}",
        )
    user = user_of(request, name, password)
    if user is not None:
        return user
    if AxesProxyHandler.is_locked(request, {"username": name}):
        raise RefusedError(429, _too_many())
    raise RefusedError(401, "Authorization: name or password is wrong")


def _by_token(request: HttpRequest, secret: str, name: str = "") -> AbstractBaseUser:
    """The owner of a token, if it is good for what is asked."""
    counted = {"username": ANY_TOKEN}
    try:
        token = tokens.recognise(secret, get_client_ip_address(request) or "")
    except tokens.BadTokenError as reason:
        raise RefusedError(401, f"Authorization: {reason}") from reason
    if token is None or name not in (*NAMES_FOR_TOKENS, token.owner.get_username()):
        if AxesProxyHandler.is_locked(request, counted):  # only now: a valid token is never locked out
            raise RefusedError(429, _too_many())
        user_login_failed.send(sender=__name__, credentials=counted, request=request)
        raise RefusedError(401, "Authorization: there is no such token")
    required = scopes.needed(request)
    if required is None:
        raise RefusedError(403, f"{request.path}: is not open to tokens; sign in with a password")
    if not scopes.allows(token.scopes, required):
        missing = ", ".join(sorted(required - set(token.scopes)))
        raise RefusedError(
            403, f"{request.path}: needs a token of scope {missing}; this one has {', '.join(token.scopes)}"
        )
    request.token = token
    return token.owner


def _wait() -> int:
    return int(get_cool_off().total_seconds())


def _too_many() -> str:
    return f"Authorization: too many wrong attempts from this address; wait {_wait() // 60} minutes"


def _refusal(request: HttpRequest, refusal: RefusedError) -> HttpResponse:
    title = {401: "Not signed in", 403: "Not allowed", 429: "Too many attempts"}[refusal.status]
    response = refuse(request, str(refusal), refusal.status, title)
    response["Cache-Control"] = "no-store"
    if refusal.status == 401:
        response["WWW-Authenticate"] = CHALLENGES
    if refusal.status == 429:
        response["Retry-After"] = str(_wait())
    return response
