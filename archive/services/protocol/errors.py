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
    """A resource that is not there for this client, or not without signing in."""

    def __init__(self, status: int, message: str):
        super().__init__(message, status)
