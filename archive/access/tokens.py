"""Tokens: making, revoking, recognising; and what each kind of request needs of one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from archive.access import audit
from archive.models import Scope, Token

PREFIX = "ztf_"
LONGEST = timedelta(days=366)
NOTED_EVERY = timedelta(minutes=1)  # a last use is noted at most this often: a script sends hundreds a second


class BadTokenError(ValueError):
    """A token that is not made, or does not open anything; the message says why."""


def make(owner, label: str, scopes: list[str], expires: datetime, actor: audit.Actor) -> tuple[Token, str]:
    """A new token and its secret, which is shown once and kept nowhere.

    Raises
    ------
    BadTokenError
        naming what is wrong: no label, an unknown scope, an end that has passed or lies more than a year ahead.
    """
    unknown = sorted(set(scopes) - set(Scope.values))
    if not scopes or unknown:
        raise BadTokenError(f"scopes={unknown or scopes}: choose among {', '.join(Scope.values)}")
    if not label.strip():
        raise BadTokenError("label: say what it is for, for example nightly script")
    now = timezone.now()
    if not now < expires <= now + LONGEST:
        raise BadTokenError(f"expires={expires:%Y-%m-%d}: give a date within {LONGEST.days} days from now")
    secret = PREFIX + secrets.token_urlsafe(32)
    values = {"label": label.strip(), "scopes": sorted(set(scopes)), "expires": expires}
    with transaction.atomic():
        token = Token.objects.create(owner=owner, sha256=digest(secret), start=secret[:10], **values)
        after = {"label": token.label, "scopes": token.scopes, "expires": expires.isoformat()}
        audit.record("token.make", str(token), actor, after=after)
    return token, secret


def revoke(token: Token, actor: audit.Actor) -> None:
    """End a token now; a second time changes nothing."""
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now()):
            audit.record("token.revoke", str(token), actor, before={"state": token.state})


def recognise(secret: str, address: str = "") -> Token | None:
    """The token of a secret, its use noted; None for a secret that is none of ours.

    Raises
    ------
    BadTokenError
        for one that has expired or was revoked, or whose owner may not sign in any more.
    """
    token = Token.objects.select_related("owner").filter(sha256=digest(secret)).first()
    if token is None:
        return None
    if token.state != "active":
        since = token.revoked or token.expires
        raise BadTokenError(
            f"this token is {token.state} since {since:%Y-%m-%d %H:%M} UTC; make another under /account/"
        )
    if not token.owner.is_active:
        raise BadTokenError("the owner of this token may not sign in any more")
    now = timezone.now()
    if token.last_used is None or now - token.last_used > NOTED_EVERY or token.last_address != address:
        Token.objects.filter(pk=token.pk).update(last_used=now, last_address=address)
    return token


def looks_like_one(text: str) -> bool:
    """Whether a text is meant as a token's secret."""
    return text.startswith(PREFIX)


def digest(secret: str) -> str:
    """The hash of a secret. That has 256 random bits: no salt and no slow hash are needed against guessing."""
    return hashlib.sha256(secret.encode()).hexdigest()
