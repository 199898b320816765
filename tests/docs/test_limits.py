"""The limits that the guide tells are those of the settings."""

import re
from pathlib import Path

from django.conf import settings

from archive.jobs.user_jobs import SAME_FOR
from archive.products.bundles import LARGEST_BUNDLE
from portal.auth.lockout import KNOWN_FOR

GUIDE = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "docs" / "guide" / "limits.md").read_text())
GIB, MIB, KIB = 1024**3, 1024**2, 1024


def test_quotas():
    account, visitor = settings.QUOTAS["account"], settings.QUOTAS["visitor"]
    for name, form in (("jobs", "{}"), ("positions", "{:,}")):
        assert f"| {form.format(account[name])} | {form.format(visitor[name])} | `QUOTAS` |" in GUIDE
    assert f"| {account['bytes'] // GIB} GiB | {visitor['bytes'] // GIB} GiB |" in GUIDE
    assert f"Results of everybody take {settings.JOB_ROOT_BYTES // GIB} GiB" in GUIDE
    assert f"| {settings.JOBS_AT_ONCE} | {settings.TAP_JOBS_AT_ONCE} | `JOBS_AT_ONCE`" in GUIDE
    assert f"A bundle holds at most {LARGEST_BUNDLE // GIB} GiB" in GUIDE
    assert f"kept {settings.JOB_KEEP_DAYS} days" in GUIDE and f"those of TAP {settings.TAP_KEEP_DAYS} days" in GUIDE
    assert SAME_FOR.total_seconds() == 600 and "for ten minutes after" in GUIDE


def test_requests():
    limits = settings.GATEWAY
    lanes = {one.name: one for one in limits.lanes}
    pages, services = lanes["pages"], lanes["services"]
    for text in (
        f"in whatever state | {limits.open_per_address} |",
        f"requests in all | {limits.open_in_all} |",
        f"| {pages.threads}; {services.threads}; {pages.share} of each |",
        f"| {pages.queue}; {services.queue}, for {limits.queue_seconds:g} s |",
        f"| {limits.largest_body // MIB} MiB, ",
        f"{limits.body_rate / KIB:g} KiB/s after the first {limits.body_grace:g} s, "
        f"{limits.body_seconds / 60:g} minutes",
        f"{limits.answer_rate / KIB:g} KiB/s after the first {limits.answer_grace:g} s, "
        f"{limits.answer_seconds / 3600:g} hours",
        f"| {limits.spool_answer // MIB} MiB, then its query waits",
        f"together; of one address | {limits.spool_total // GIB} GiB; {limits.spool_address // GIB} GiB |",
    ):
        assert text in GUIDE, text
    assert pages.share == services.share


def test_signing_in():
    assert settings.AXES_COOLOFF_TIME == 0.25 and "a quarter of an hour" in GUIDE
    assert f"{settings.AXES_FAILURE_LIMIT} of one name from one address; {settings.LOCKOUT_OF_ADDRESS} from" in GUIDE
    assert f"{settings.LOCKOUT_OF_NAME} of one name from wherever" in GUIDE
    assert f"last {KNOWN_FOR.days} days" in GUIDE
