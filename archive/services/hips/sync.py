"""The HiPS follow what becomes public and what is withdrawn, whatever the way: releases, dates, ingested files.

Tiles that show what is no longer public are held back at once (`survey.visible`); here they are made anew.
"""

from __future__ import annotations

import structlog

from archive.access.reading import ANYONE, PUBLIC, reading
from archive.models import ReferenceImage
from archive.services.hips import images, survey
from archive.services.hips.config import FILTERS
from archive.services.hips.models import Member
from archive.services.hips.orders import queue

log = structlog.get_logger("archive.hips")


def out_of_date(filtercode: str) -> set[int]:
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
    rfids = out_of_date(filtercode)
    if not rfids:
        return survey.Made(0, 0, 0)
    made = survey.refresh(filtercode, rfids)
    images.keep(filtercode)
    return made


def follow_dates() -> list[str]:
    """Queue the filters whose tiles are behind, by a date that passed or a reference that was ingested; gives them.

    The parts of the coverage follow, too.
    """
    late = [filtercode for filtercode in FILTERS if out_of_date(filtercode)]
    for filtercode in late:
        queue(filtercode)
    for filtercode in FILTERS:
        images.keep_where_changed(filtercode)
    return late
