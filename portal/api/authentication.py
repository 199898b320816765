"""Authentication in REST: the portal's own sign-in, by session or by name and password (portal.auth.basic)."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication

from archive.services.protocol.refusals import CHALLENGES


class PortalAuthentication(SessionAuthentication):
    """The user whom the middleware found; only a session needs protection against forged requests."""

    def enforce_csrf(self, request):
        if not request._request.signed_in_by_password:
            super().enforce_csrf(request)

    def authenticate_header(self, request):
        return CHALLENGES


class PortalScheme(OpenApiAuthenticationExtension):
    """The scheme as OpenAPI names it."""

    target_class = PortalAuthentication
    name = ["session", "password", "token"]

    def get_security_definition(self, auto_schema):
        return [
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            {"type": "http", "scheme": "basic", "description": "name and password, or name and token"},
            {"type": "http", "scheme": "bearer", "description": "a token, made under /account/"},
        ]
