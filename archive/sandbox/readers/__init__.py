"""Readers of foreign files: functions that run in the sandbox's child (archive.sandbox), on an opened file.

Each takes a binary file and returns plain values; it decides nothing about the archive and knows neither Django nor the
database. A file that is not what it should be raises `BadFileError`. Sizes that a file declares are compared with what
it has, and with what is allowed, before anything is expanded.

    products    files of a survey: ZTF's own, alert packets, light curves, tables of other archives
    uploads     tables that people bring
    declared    what a file says of itself, looked at before a parser believes it
    errors      why a file cannot be read
"""

from archive.sandbox.readers.errors import BadFileError

__all__ = ["BadFileError"]
