"""Modules that a process loads before its first request, and a queue before its first job.

Loading the pages takes seconds in which a process does little else. Done by the first request, it would keep all others
waiting, the health check among them. What only some requests use (kernels, plots) is loaded with the first of these.
"""

from __future__ import annotations

from importlib import import_module

from django.urls import get_resolver

OF_JOBS = (
    "archive.services.vo.job_runner", "archive.tables.formats.arrow_batches", "archive.tables.formats.binary2",
    "archive.targets.bundle", "lightcurves.hats.collection", "lightcurves.storage.codec_kernels",
    "lightcurves.updates.releases", "processing.forced.images",
)  # fmt: skip
"""Modules of the longest imports among those that jobs of the queue use."""


def load_pages() -> None:
    """Import every page, and fill the tables by which addresses are found and made."""
    resolver = get_resolver()
    for pattern in resolver.url_patterns:
        getattr(pattern, "url_patterns", None)
    resolver.reverse_dict  # noqa: B018 (made when it is looked at)


def load_jobs() -> None:
    """Import what jobs use: once, before a queue forks its workers, which share it."""
    load_pages()
    for name in OF_JOBS:
        import_module(name)
