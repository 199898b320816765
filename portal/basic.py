"""Name and password with each request, as scripts send them, for every address of the portal."""

from __future__ import annotations

import base64
import binascii

from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

CHALLENGE = 'Basic realm="ZTF archive", charset="UTF-8"'
REMEMBERED = 300  # s; checking a password takes a third of a second on purpose


class BasicAuthentication:
    """Signs in whoever sends `Authorization: Basic`, for this one request; wrong ones get 401."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.signed_in_by_password = False
        header = request.headers.get("Authorization", "")
        if header[:6].lower() == "basic ":
            user = _user_of(request, header[6:].strip())
            if user is None:
                text = "Authorization: name or password is wrong, or there were too many wrong attempts\n"
                refusal = HttpResponse(text, content_type="text/plain", status=401)
                refusal["WWW-Authenticate"] = CHALLENGE
                return refusal
            request.user, request.signed_in_by_password = user, True
        return self.get_response(request)


def _user_of(request: HttpRequest, credentials: str) -> AbstractBaseUser | None:
    """The user of a header that was right; remembered for a while by a keyed hash, never by the password itself."""
    key = "basic:" + salted_hmac("portal.basic", credentials, algorithm="sha256").hexdigest()
    pk, signature = cache.get(key, (None, None))
    if pk is not None:
        user = User.objects.filter(pk=pk, is_active=True).first()
        if user is not None and user.get_session_auth_hash() == signature:
            return user
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user = authenticate(request, username=name, password=password)
    if user is not None:
        cache.set(key, (user.pk, user.get_session_auth_hash()), REMEMBERED)
    return user
