"""A secret that is shown on the page after the one that made it, and on no other.

One half of it waits in the session, which is a row of the database, the other in a cookie of the browser: neither tells
anything without the other, and both go when the page is shown.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

NAME = "shown_once"
SECONDS = 120  # that the browser keeps its half


def hand_over(request: HttpRequest, response: HttpResponse, secret: str, label: str, path: str) -> None:
    """Let the page at `path`, which `response` leads to, show a secret."""
    content = secret.encode()
    half = secrets.token_bytes(len(content))
    request.session[NAME] = {"label": label, "half": _both(content, half).hex()}
    response.set_cookie(
        NAME, half.hex(), max_age=SECONDS, path=path, secure=settings.HTTPS, httponly=True, samesite="Strict"
    )


def take(request: HttpRequest) -> dict[str, str]:
    """The `secret` that was handed over to this page and its `label`; nothing when it was taken already."""
    waiting, half = request.session.pop(NAME, None), request.COOKIES.get(NAME, "")
    if waiting is None or len(half) != len(waiting["half"]):
        return {}
    try:
        secret = _both(bytes.fromhex(waiting["half"]), bytes.fromhex(half)).decode()
    except ValueError:  # the cookie is not the one that was set
        return {}
    return {"secret": secret, "label": waiting["label"]}


def forget(response: HttpResponse, path: str) -> None:
    """Take the browser's half away."""
    response.delete_cookie(NAME, path=path, samesite="Strict")


def _both(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
