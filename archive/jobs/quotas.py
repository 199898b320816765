"""Quotas of one person's jobs: the one place that admits them.

A person is an account, or for visitors the network that they ask from. Jobs of people (bundles, cutouts, exports,
forced photometry) and query jobs count alike. Numbers and sizes stand in the settings (QUOTAS).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from archive.models import QueryJob, UserJob
from archive.models.phases import WAITING

QUOTA_LOCK = 14  # class of our advisory locks
BEGUN_FOR = timedelta(hours=1)  # that a query job which was made and not started counts among those that wait
FORCED = "forced"  # a job is one position, so many more of them may wait
UNCOUNTED = ("release", "program")  # what admins order makes no file


@dataclass
class RequestOrigin:
    """A request: from which network it came, and whose jobs it ordered."""

    network: str = ""
    asker: str = ""


_origin: ContextVar[RequestOrigin | None] = ContextVar("origin", default=None)


class QuotaExceededError(Exception):
    """A job that is not taken now; the message says how much there is and what would help."""


@dataclass(frozen=True)
class Use:
    """The use that an asker's jobs make of the archive, and their limits."""

    jobs: int
    most_jobs: int
    positions: int
    most_positions: int
    bytes: int
    most_bytes: int

    def headers(self) -> dict[str, str]:
        """As answers to orders tell it."""
        return {
            "X-Quota-Jobs": f"{self.jobs}/{self.most_jobs}",
            "X-Quota-Positions": f"{self.positions}/{self.most_positions}",
            "X-Quota-Bytes": f"{self.bytes}/{self.most_bytes}",
        }


@contextmanager
def asked_from(network: str) -> Iterator[RequestOrigin]:
    """Within this block somebody asks from an address of this network; gives whose jobs were ordered, if any were."""
    origin = RequestOrigin(network)
    token = _origin.set(origin)
    try:
        yield origin
    finally:
        _origin.reset(token)


def asker_of(user) -> str:
    """The asker that a job counts for: an account, a visitor's network, or the system itself (empty)."""
    if user is not None and user.is_authenticated:
        return f"account {user.pk}"
    origin = _origin.get()
    return f"network {origin.network or 'unknown'}" if origin is not None else ""


def use_of(asker: str) -> Use:
    """The use that an asker's jobs make now."""
    limits = settings.QUOTAS["visitor" if asker.startswith("network") else "account"]
    jobs = UserJob.objects.filter(asker=asker).exclude(kind__in=UNCOUNTED)
    queries = QueryJob.objects.filter(asker=asker)
    waiting = jobs.filter(phase__in=WAITING)
    begun = Q(phase="PENDING", created__gte=timezone.now() - BEGUN_FOR)
    return Use(
        jobs=waiting.exclude(kind=FORCED).count() + queries.filter(begun | Q(phase__in=WAITING)).count(),
        most_jobs=limits["jobs"],
        positions=waiting.filter(kind=FORCED).count(),
        most_positions=limits["positions"],
        bytes=_kept(jobs, queries),
        most_bytes=limits["bytes"],
    )


@contextmanager
def admission(asker: str, kind: str, count: int = 1, size: int = 0) -> Iterator[None]:
    """Within this block, one transaction, `count` jobs are made; nobody else's are counted at the same time.

    Parameters
    ----------
    size : bytes that come with them, or that they are known to make

    Raises
    ------
    QuotaExceededError
    """
    with transaction.atomic():
        if asker and kind not in UNCOUNTED:
            if (origin := _origin.get()) is not None:
                origin.asker = asker
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [QUOTA_LOCK])
            _check_number(use_of(asker), kind, count)
            check_room(asker, size)
        yield


def check_room(asker: str, size: int) -> None:
    """Raise QuotaExceededError if results of `size` bytes more have no room, for somebody or in all."""
    if not asker:
        return
    use = use_of(asker)
    if use.bytes + size > use.most_bytes or (not size and use.bytes >= use.most_bytes):
        raise QuotaExceededError(
            f"your results take {use.bytes} bytes{f', this one {size} more' if size else ''}; at most "
            f"{use.most_bytes} are kept: remove jobs that you need no more, or narrow this one"
        )
    held = _kept(UserJob.objects.all(), QueryJob.objects.all())
    if held + size > settings.JOB_ROOT_BYTES:
        raise QuotaExceededError("the archive keeps as many results as it has room for; try again tomorrow")


def _check_number(use: Use, kind: str, count: int) -> None:
    now, most, what = (
        (use.positions, use.most_positions, "positions")
        if kind == FORCED
        else (use.jobs, use.most_jobs, "jobs of yours")
    )
    if now + count > most:
        raise QuotaExceededError(f"{now} {what} wait already: at most {most}; wait until some are done, or remove some")


def _kept(jobs, queries) -> int:
    sizes = [
        jobs.aggregate(all=Sum("size"))["all"],
        queries.aggregate(all=Sum(Coalesce(F("size"), 0) + F("brought")))["all"],
    ]
    return sum(size or 0 for size in sizes)
