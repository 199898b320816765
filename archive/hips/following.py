"""The HiPS follow what becomes public and what is withdrawn, whatever the way: releases, dates, ingested files.

Tiles that show what is no longer public are held back at once (`survey.visible`); here they are made anew.
"""

from __future__ import annotations

import structlog
from django.dispatch import receiver
from django_q.tasks import async_task

from archive.access import ANYONE, PUBLIC, reading
from archive.hips import survey
from archive.hips.config import FILTERS
from archive.hips.models import Member
from archive.models import Family, ReferenceImage
from archive.releases import released, withdrew

log = structlog.get_logger("archive.hips")


def behind(filtercode: str) -> set[int]:
    """The references that a filter's tiles lack, and those that they show but may not.

    A reference whose files were made again is not among them: who makes it renews its tiles.
    """
    with reading(ANYONE):
        rows = survey.readable(ReferenceImage.objects.filter(filtercode=filtercode, programid=PUBLIC))
        public = set(rows.values_list("pk", flat=True))
    shown = Member.objects.filter(filtercode=filtercode)
    whole = set(shown.exclude(digest="").values_list("rfid", flat=True))
    return (public ^ whole) | set(shown.filter(digest="").values_list("rfid", flat=True))


def catch_up(filtercode: str) -> survey.Made:
    """Bring a filter's tiles in step with what is public now; finds nothing to do where they are."""
    rfids = behind(filtercode)
    return survey.refresh(filtercode, rfids) if rfids else survey.Made(0, 0, 0)


def follow_dates() -> list[str]:
    """Queue the filters whose tiles are behind: by a date that passed, or a reference that was ingested."""
    late = [filtercode for filtercode in FILTERS if behind(filtercode)]
    for filtercode in late:
        _queue(filtercode)
    return late


@receiver([released, withdrew])
def follow_release(sender, release, **kwargs) -> None:
    """Queue the filters that a release's references may be of; the queue row commits with the release's rights."""
    if Family.REF in release.families:
        for filtercode in FILTERS:
            _queue(filtercode)


def _queue(filtercode: str) -> None:
    async_task("archive.hips.following.catch_up", filtercode, task_name=f"hips {filtercode}")
