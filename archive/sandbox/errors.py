"""Errors of reading a stranger's file; each message is for the person who sent it."""

from __future__ import annotations


class SandboxError(Exception):
    """A file that was not read; the message says why."""


class RefusedError(SandboxError):
    """The function found the file wrong: `kind` is the name of what it raised."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class TooLargeError(SandboxError):
    """Reading it takes more memory than is given, or its content is larger than may be."""


class TooSlowError(SandboxError):
    """Reading it takes longer than is given."""


class DiedError(SandboxError):
    """The parser crashed."""


class TryLaterError(SandboxError):
    """Nothing was found wrong with the file: another time it may be taken."""


class BusyError(TryLaterError):
    """Too many files are being read at once."""


class UnavailableError(TryLaterError):
    """No child could be started, or it was ended from outside."""
