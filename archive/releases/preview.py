"""A preview of a release: its contents, and what publishing it would change; nothing is changed by asking."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connections
from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from archive.models import (
    Alert,
    DifferenceImage,
    Exposure,
    ProductFile,
    Release,
    ReleaseFile,
    ReleaseItem,
    ScienceImage,
)
from archive.releases import selection
from archive.releases.contents import Contents, contents_of
from archive.releases.rights import IMAGES, count_closed, openings

MAPPED = 500  # outlines on a preview's map
FILES = """
SELECT count(*), coalesce(sum(f.size), 0),
    count(*) FILTER (WHERE closed), coalesce(sum(f.size) FILTER (WHERE closed), 0)
FROM (
    SELECT h.size, p.public_date IS NULL OR p.public_date > %(now)s AS closed
    FROM {files} AS h LEFT JOIN archive_productfile AS p ON p.id = h.file_id WHERE h.release_id = %(release)s
) AS f
"""
CLOSED_IMAGES = """
SELECT i.key FROM {items} AS i JOIN {images} AS t ON t.pid = i.key
WHERE i.release_id = %(release)s AND i.kind = 'sci' AND (t.public_date IS NULL OR t.public_date > %(now)s)
ORDER BY i.key LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Preview:
    """The effect of publishing: files and bytes held and opened, rows that would open by table, where on the sky."""

    files: int
    size: int
    opened_files: int
    opened_size: int
    opened: dict[str, int]
    footprints: list[ScienceImage] = field(default_factory=list)


def preview(release: Release, mapped: int = MAPPED) -> Preview:
    """The preview of a release: what would become public if it were frozen and published now.

    Counts everything the release holds, whatever the reader's rights: see `archive.releases.contents.gather`.
    """
    with contents_of(release) as contents:
        parameters = parameters_of(release)
        concerned = [one for one in openings() if one.applies_to(release.families)]
        opened = {one.table: count_closed(one, parameters, contents) for one in concerned}
        with connections["default"].cursor() as cursor:
            cursor.execute(FILES.format(files=contents.files), parameters)
            files, size, opened_files, opened_size = map(int, cursor.fetchone())
        footprints = _footprints(parameters, contents, mapped)
        return Preview(files, size, opened_files, opened_size, opened, footprints)


def parameters_of(release: Release) -> dict:
    """The parameters of the statements of archive.releases.rights."""
    first, last = selection.nights(release)
    programs = selection.programs(release)
    return {"release": release.pk, "programs": programs, "first": first, "last": last, "now": timezone.now()}


def _footprints(parameters: dict, contents: Contents, limit: int) -> list[ScienceImage]:
    with connections["default"].cursor() as cursor:
        statement = CLOSED_IMAGES.format(items=contents.items, images=IMAGES)
        cursor.execute(statement, parameters | {"limit": limit})
        pids = [pid for (pid,) in cursor.fetchall()]
    return list(ScienceImage.objects.using("default").filter(pk__in=pids))


def holdings(release: Release) -> dict:
    """Counts, bytes and statistics of a release, as far as the current reader sees it."""
    if release.frozen is None:
        science, exposures = selection.images(release), _exposures_of_draft(release)
        held = selection.items(release)
        files = selection.files(release, held)
    else:
        held = {kind: _kept(release, kind) for kind in ReleaseItem.Kind}
        science = ScienceImage.objects.filter(pk__in=held[ReleaseItem.Kind.IMAGE])
        exposures = Exposure.objects.filter(
            Q(pk__in=held[ReleaseItem.Kind.RAW]) | Q(pk__in=held[ReleaseItem.Kind.EXPOSURE])
        )
        files = ProductFile.objects.filter(pk__in=ReleaseFile.objects.filter(release=release).values("file"))
    return {
        "exposures": exposures.filter(imgtypecode="o").count(),
        "science images": science.count(),
        "difference images": DifferenceImage.objects.filter(science__in=science).count(),
        "alerts": Alert.objects.filter(pid__in=science.values("pid")).count(),
        "files": files.count(),
        "bytes": files.aggregate(total=Sum("size"))["total"] or 0,
        "filters": list(science.order_by().values("filtercode").annotate(n=Count("pid")).order_by("filtercode")),
        "times": science.aggregate(first=Min("obsdate"), last=Max("obsdate")),
    }


def _kept(release: Release, kind: str):
    return ReleaseItem.objects.filter(release=release, kind=kind).values("key")


def _exposures_of_draft(release: Release):
    raw, images = selection.exposures(release), selection.images(release)
    return Exposure.objects.filter(Q(pk__in=raw.values("pk")) | Q(pk__in=images.values("exposure_id")))
