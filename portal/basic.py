"""Name and password with each request, as scripts send them, for every address of the portal."""

from __future__ import annotations

import base64
import binascii

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from archive.passwords import user_of

CHALLENGE = 'Basic realm="ZTF archive", charset="UTF-8"'


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
    """The user of a header's name and password."""
    try:
        name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user_of(request, name, password)
