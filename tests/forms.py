"""The forms of ours that addresses read."""

from __future__ import annotations

from django import forms


def our_forms() -> list[type[forms.BaseForm]]:
    found, waiting = [], [forms.BaseForm]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] in ("archive", "lightcurves", "portal", "processing"):
            found.append(kind)
    return found
