"""Errors that say why a result cannot be written in the format that was asked for."""

from __future__ import annotations


class UnwritableResultError(ValueError):
    """A result that the format cannot hold; the message says what can."""


class ResultTooLargeError(UnwritableResultError):
    """A result, or one row of it, that is larger than may be; the message is for the person who asked for it."""
