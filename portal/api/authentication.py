"""Who asks: the portal's own sign-in, by session or by name and password (portal.basic)."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication

from portal.basic import CHALLENGE


class PortalAuthentication(SessionAuthentication):
    """The user whom the middleware found; only a session needs protection against forged requests."""

    def enforce_csrf(self, request):
        if not request._request.signed_in_by_password:
            super().enforce_csrf(request)

    def authenticate_header(self, request):
        return CHALLENGE


class PortalScheme(OpenApiAuthenticationExtension):
    """How OpenAPI names it."""

    target_class = PortalAuthentication
    name = ["session", "password"]

    def get_security_definition(self, auto_schema):
        return [{"type": "apiKey", "in": "cookie", "name": "sessionid"}, {"type": "http", "scheme": "basic"}]
