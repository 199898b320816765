"""Static files under names that change with their contents, modules that others import included."""

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = sorted(one.name for one in (settings.BASE_DIR / "static").iterdir() if one.is_dir() and one.name != "vendor")
"""Folders of our own scripts; a library's examples may import what is not there."""


_IMPORTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]


class HashedFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage; imports between our modules name hashed files, so that no browser mixes versions."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, *((f"{folder}/*.js", _IMPORTS) for folder in OURS))
