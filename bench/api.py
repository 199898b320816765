"""REST: what random requests, made of its OpenAPI document by schemathesis, find in some minutes.

They are asked of a small archive in a database of its own, as nobody and with a token, in turn
(tests/portal/api/asking.py). Findings: an answer of 5xx, a status or a type that the document does not have, a body
that is not as it says.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bench.report import Figure, report

NEEDS = ("postgres", "redis")

MINUTES, QUICK_MINUTES = 5.0, 1.0
EXAMPLES = 40  # of one operation before the next one's turn


def run(quick: bool, minutes: float = 0) -> None:
    """Ask, count, print."""
    import django

    django.setup()
    from tests.portal.api.asking import Tally, ask

    tally, seconds = Tally(), 60 * (minutes or (QUICK_MINUTES if quick else MINUTES))
    until = time.monotonic() + seconds
    with _small_archive() as headers:
        for one in itertools.cycle(headers):
            ask(one, EXAMPLES, tally, until)
            if time.monotonic() > until:
                break
    for (operation, what), text in tally.findings.items():
        print(f"{operation}: {what}\n{text}\n")
    asked = tally.asked.total()
    figures = {
        "random requests": Figure(asked, "", n=asked),
        "findings": Figure(len(tally.findings), "", 0, n=asked),
        "operations asked": Figure(len(tally.asked), "", n=asked),
    }
    report("api", figures, f"{seconds / 60:g} minutes; statuses: {dict(sorted(tally.statuses.items()))}", quick)


@contextmanager
def _small_archive() -> Iterator[list[dict[str, str]]]:
    """An archive for the time of a run; gives the headers of those who ask."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases
    from django.utils import timezone

    from archive.access import tokens
    from archive.access.audit import Actor
    from tests.rights.world import UNITS, Rights, World

    with tempfile.TemporaryDirectory() as folder:
        settings.ARCHIVE_ROOT, settings.JOB_ROOT = Path(folder) / "archive", Path(folder) / "jobs"
        made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
        try:
            world = World()
            world.draw([Rights(1, "past")] * UNITS, [Rights(1, "past")] * UNITS, frozenset())
            user = User.objects.create_user("fuzz")
            _, secret = tokens.make(user, "fuzz", ["all"], timezone.now() + timedelta(days=1), Actor("bench"))
            yield [{}, {"Authorization": f"Bearer {secret}"}]
            world.remove()
        finally:
            connections.close_all()
            teardown_databases(made, verbosity=0)
