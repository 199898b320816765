"""Signing in with an account elsewhere (OpenID Connect, ORCID): who one is, never what one may read.

An account made this way has no programs; an admin gives it memberships as to any other.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

if settings.SIGN_IN_ELSEWHERE:
    from allauth.socialaccount.adapter import DefaultSocialAccountAdapter

    class Adapter(DefaultSocialAccountAdapter):
        """An account elsewhere never takes over one of ours because both name the same address."""

        def can_authenticate_by_email(self, login, email) -> bool:
            return False

        def populate_user(self, request, sociallogin, data):
            """An admin must know whom they give a program to: the name that the service knows somebody by."""
            named = data.get("username") or data.get("email") or sociallogin.account.uid
            return super().populate_user(request, sociallogin, data | {"username": named})


def buttons(request: HttpRequest) -> dict:
    """The services for the sign-in page."""
    return {"sign_in_elsewhere": [{"name": one.name, "url": _address(one.kind)} for one in settings.SIGN_IN_ELSEWHERE]}


def _address(kind: str) -> str:
    if kind == "openid_connect":
        return reverse("openid_connect_login", args=["oidc"])
    return reverse(f"{kind}_login")
