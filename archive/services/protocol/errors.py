"""Errors whose message is for the client. No Django: processes that compute raise them too."""

from __future__ import annotations


class BadRequestError(ValueError):
    """A request that cannot be answered; the message names parameter, value and what would be right.

    status : HTTP's
    """

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


class DeniedError(BadRequestError):
    """A resource that is not there for this client (404), not open to it (403), or not without signing in (401)."""

    def __init__(self, message: str, status: int):
        super().__init__(message, status)
