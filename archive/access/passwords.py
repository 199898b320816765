"""Checking a name and a password that come with many requests in a row, as scripts send them."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.contrib.auth.models import AbstractBaseUser, User
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from archive.requests.plain_text import fault_of

REMEMBERED = 300  # s; checking a password takes a third of a second on purpose


LONGEST_NAME, LONGEST_PASSWORD = 150, 4096  # characters; a name's are those of its column


def possible(name: str, password: str) -> bool:
    """Whether somebody may have this name and password; the database cannot even be asked about some texts."""
    return len(name) <= LONGEST_NAME and len(password) <= LONGEST_PASSWORD and fault_of(name + password) is None


def user_of(request: HttpRequest, name: str, password: str) -> AbstractBaseUser | None:
    """The user of a name and a password; None where they are wrong, or after too many wrong attempts.

    What was right is remembered for a while by a keyed hash, never by the password itself, and forgotten when the
    password changes.
    """
    secret = f"{len(name)}:{name}:{password}"
    if not possible(name, password):
        return None
    key = "password:" + salted_hmac("archive.passwords", secret, algorithm="sha256").hexdigest()
    pk, signature = cache.get(key, (None, None))
    if pk is not None:
        user = User.objects.filter(pk=pk, is_active=True).first()
        if user is not None and user.get_session_auth_hash() == signature:
            return user
    user = authenticate(request, username=name, password=password)
    if user is not None:
        cache.set(key, (user.pk, user.get_session_auth_hash()), REMEMBERED)
    return user
