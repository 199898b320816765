"""Modules that a process of the portal loads before it takes its first request.

Loading the pages takes seconds in which a process does little else. Done by the first request, it would keep all others
waiting, the health check among them.
"""

from __future__ import annotations

from django.urls import get_resolver


def load_pages() -> None:
    """Import every page, and fill the tables by which addresses are found and made."""
    resolver = get_resolver()
    for pattern in resolver.url_patterns:
        getattr(pattern, "url_patterns", None)
    resolver.reverse_dict  # noqa: B018 (made when it is looked at)
