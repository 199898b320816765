"""The rows of a family that a release holds."""

from __future__ import annotations

from django.db.models import QuerySet

from archive.models import Program, Release, ReleaseItem
from archive.releases.selection import nights

Kind = ReleaseItem.Kind
ITEMS = {
    "sci": (Kind.IMAGE, "pk"),
    "diff": (Kind.IMAGE, "pk"),
    "alert": (Kind.IMAGE, "pid"),
    "raw": (Kind.RAW, "exposure_id"),
    "ref": (Kind.REFERENCE, "pk"),
}
"""By family: the items of a release that its rows belong to, and the rows' column of the items' key."""


def in_release(rows: QuerySet, family: str, name: str) -> QuerySet:
    """The rows of a family that a release holds; none where there is no such release for the reader.

    Calibrations belong to a release by their night; deep co-adds and files of light curves belong to none.
    """
    release = Release.objects.filter(pk=name, families__contains=[family]).first()
    if release is None:
        return rows.none()
    if family == "cal":
        first, last = nights(release)
        return rows.filter(nid__gte=first, nid__lte=last)
    kind, column = ITEMS[family]
    keys = ReleaseItem.objects.filter(release_id=name, kind=kind).values("key")
    return rows.filter(**{f"{column}__in": keys}, programid__in=Program.objects.filter(releases=name).values("pk"))
