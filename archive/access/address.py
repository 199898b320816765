"""The address under which people reach this archive, for whatever must name it whole: results of TAP, links, records.

What the environment says (SITE_ADDRESS) holds; where it says nothing, the address by which the current request came.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

HERE = "http://127.0.0.1:8000"
_reached: ContextVar[str] = ContextVar("site", default=HERE)


@contextmanager
def reached_at(address: str) -> Iterator[None]:
    """Within this block somebody asks who came by `address`."""
    token = _reached.set(address.rstrip("/"))
    try:
        yield
    finally:
        _reached.reset(token)


def address() -> str:
    """Scheme and host, without a slash at the end."""
    return settings.SITE_ADDRESS.rstrip("/") or _reached.get()
