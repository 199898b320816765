"""IRSA's sign-in: a name and a password give the cookie JOSSO_SESSIONID, which every address accepts.

The cookie is a session of ours under IRSA's name. Wrong passwords are counted as those of the sign-in page are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from archive.access.passwords import user_of
from archive.requests.parameters import takes

COOKIE = "JOSSO_SESSIONID"
SIGN_OUT = ("josso_cmd", "josso_back_to")
SIGN_IN = ("josso_cmd", "josso_username", "josso_password", "josso_rememberme", "josso_back_to", "josso_on_error")
LASTS = 8 * 3600  # s
BACKEND = "django.contrib.auth.backends.ModelBackend"
_KEY = re.compile("[a-z0-9]{8,40}")
NOBODY = ("", "None")  # what clients send that have no name


class JossoSession:
    """Takes IRSA's cookie for the session's where the request has no session cookie of its own.

    Either is left out where it cannot be the key of a session (`bad_session_cookie`).

    It stands before Django's session middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.bad_session_cookie = False
        for name in (COOKIE, settings.SESSION_COOKIE_NAME):
            value = request.COOKIES.get(name, "")
            if not _KEY.fullmatch(value):
                request.COOKIES.pop(name, None)  # the database cannot be asked about every text
                request.bad_session_cookie |= bool(value)
        if COOKIE in request.COOKIES:
            request.COOKIES.setdefault(settings.SESSION_COOKIE_NAME, request.COOKIES[COOKIE])
        return self.get_response(request)


@csrf_exempt  # scripts send it without having seen a page; see _from_elsewhere
@sensitive_post_parameters("josso_password")
@require_http_methods(["GET", "POST"])
@takes(*SIGN_IN, posted=SIGN_IN, merged=True)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with josso_username and josso_password.

    As clients need it, a wrong password is no error: the answer then carries no cookie and gives no rights.
    """
    given = request.GET.dict() | request.POST.dict()
    name, password = given.get("josso_username", ""), given.get("josso_password", "")
    if name in NOBODY or _from_elsewhere(request):
        return _answer("Nobody is signed in: give josso_username and josso_password.")
    user = user_of(request, name, password)
    if user is None:
        return _answer("Nobody is signed in: name or password is wrong, or there were too many wrong attempts.")
    login(request, user, backend=BACKEND)
    request.session.set_expiry(LASTS)
    request.session.save()
    response = _answer(f"Signed in as {user.get_username()}.")
    response.set_cookie(
        COOKIE,
        request.session.session_key,
        max_age=LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )
    return response


@csrf_exempt  # as IRSA's; the worst that a forged one does is to ask somebody to sign in again
@require_http_methods(["GET", "POST"])
@takes(*SIGN_OUT, posted=SIGN_OUT, merged=True)
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session and take the cookie back."""
    logout(request)
    response = _answer("Signed out.")
    response.delete_cookie(COOKIE, samesite=settings.SESSION_COOKIE_SAMESITE)
    return response


def _from_elsewhere(request: HttpRequest) -> bool:
    """Whether a browser sends this for a page of another site, which could sign its visitor in as somebody else."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def _answer(text: str) -> HttpResponse:
    return HttpResponse(text + "\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
