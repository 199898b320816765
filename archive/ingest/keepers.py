"""The applications that keep what files and mirrors bring: the archive knows images, not sources or forced points.

An application names its functions on its AppConfig, as dotted names that are imported when they are first needed.
"""

from __future__ import annotations

from collections.abc import Callable

from django.apps import apps
from django.utils.module_loading import import_string

MIRRORED_CURVES, CURVE_FILES, FORCED_FILES = "keeps_mirrored_curves", "keeps_curve_files", "keeps_forced_files"


class NoKeeperError(LookupError):
    """No installed application keeps this."""


def keeper(kind: str) -> Callable:
    """The function that an installed application names for a kind.

    Raises
    ------
    NoKeeperError
    """
    for config in apps.get_app_configs():
        if function := getattr(config, kind, None):
            return import_string(function)
    raise NoKeeperError("no application that keeps them is installed")
