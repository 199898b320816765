"""Signing in: HTTP Basic, OpenID Connect, scopes of tokens, lockout."""
