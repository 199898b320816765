"""Functions that open tables to queries, by name; they are called when a table is first asked for.

Apps name theirs when they are ready. What they import is heavy, and most commands answer no query.
"""

from __future__ import annotations

from threading import RLock

from django.utils.module_loading import import_string

_waiting: list[str] = []
_lock = RLock()


def open_when_asked(function: str) -> None:
    """Have a function (its dotted name, no arguments) called before the published tables are read."""
    _waiting.append(function)


def open_waiting() -> None:
    """Call the functions that were named and not called yet, in their order."""
    while _waiting:
        with _lock:
            if _waiting:
                import_string(_waiting[0])()
                _waiting.pop(0)
