"""A field of stars at known pixels, committed, and the portal served from the tests' own process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tests import browsers, leftovers
from tests.portal.workbench import field


@pytest.fixture(scope="module")
def observed(committed, archive_root) -> Iterator[field.Field]:
    """The field, written by a thread with connections of its own."""

    def built() -> field.Field:
        try:
            return field.build()
        finally:
            connections.close_all()

    def emptied() -> None:
        leftovers.empty()
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(built).result()
        pool.submit(emptied).result()


@pytest.fixture(scope="module")
def server(observed, django_db_blocker) -> Iterator[str]:
    with browsers.served_here(django_db_blocker) as address:
        yield address


@pytest.fixture(scope="module")
def chromium(server):
    with browsers.chromium() as started:
        yield started
