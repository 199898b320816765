"""A field of stars at known pixels, committed, and the portal served from the tests' own process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.db import connections
from django.urls import reverse

from tests import browsers, leftovers
from tests.portal.views.looking import visiting
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


@pytest.fixture
def opened(chromium, server, observed):
    """Opens the viewer of the field's first image; faults of the page fail the test."""
    with ExitStack() as stack:
        made = []

        def start(query: str = "", pid: int | None = None, **options):
            seen = stack.enter_context(visiting(chromium, server, **options))
            made.append(seen)
            seen.page.goto(f"{reverse('image-view', args=[pid or observed.pid])}{query}")
            if options.get("java_script_enabled", True):
                seen.page.wait_for_selector("body[data-workbench=ready]")
            return seen

        yield start
        assert [fault for seen in made for fault in seen.faults] == []
