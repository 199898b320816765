"""Releases: what one holds, and making it public."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Max, Min, Sum
from django.dispatch import Signal
from django.utils import timezone

from archive.models import (
    Alert,
    DifferenceImage,
    Exposure,
    ImageResiduals,
    ProductFile,
    RawImage,
    Release,
    ScienceImage,
    ScienceVersion,
)
from archive.models.base import Origin
from archive.survey.identifiers import nid_of_date

# Sent inside the transaction of `publish` with release, nids (first, last), programs and now: who holds more rows of
# a release opens them too.
released = Signal()

BY_NIGHT = {
    Exposure: "nid",
    RawImage: "exposure__nid",
    ScienceImage: "nid",
    DifferenceImage: "science__nid",
    ScienceVersion: "image__nid",
    ImageResiduals: "image__nid",
    Alert: "nid",
}


class ReleaseNotDraft(ValueError):
    """A release that was published already."""


def selection(release: Release, model) -> object:
    """The rows of a model that belong to a release: its programs, its nights, made by this system."""
    first, last = nid_of_date(release.first_night), nid_of_date(release.last_night)
    night = BY_NIGHT[model]
    rows = model.objects.filter(**{f"{night}__gte": first, f"{night}__lte": last}, programid__in=_programs(release))
    return rows.filter(origin=Origin.OURS) if hasattr(model, "origin") else rows


def holdings(release: Release) -> dict:
    """Counts, bytes and statistics of a release, as far as the current reader sees it."""
    science = selection(release, ScienceImage)
    files = ProductFile.objects.filter(family__in=("sci", "diff"), product_id__in=science.values("pid"))
    return {
        "exposures": selection(release, Exposure).filter(imgtypecode="o").count(),
        "science images": science.count(),
        "difference images": selection(release, DifferenceImage).count(),
        "alerts": selection(release, Alert).count(),
        "files": files.count(),
        "bytes": files.aggregate(total=Sum("size"))["total"] or 0,
        "filters": list(science.values("filtercode").annotate(n=Count("pid")).order_by("filtercode")),
        "times": science.aggregate(first=Min("obsdate"), last=Max("obsdate")),
    }


@transaction.atomic
def publish(release: Release) -> dict[str, int]:
    """Open everything a release holds to everybody from now on; returns the number of rows opened by table.

    Raises
    ------
    ReleaseNotDraft
        if it is public already.
    """
    release = Release.objects.select_for_update().get(pk=release.pk)
    if release.state != Release.State.DRAFT:
        raise ReleaseNotDraft(f"release {release.name} is {release.state} since {release.published}")
    now = timezone.now()
    pids = list(selection(release, ScienceImage).values_list("pid", flat=True))
    expids = list(selection(release, Exposure).values_list("expid", flat=True))
    beside = list(selection(release, ScienceVersion).values_list("pk", flat=True))
    opened = {}
    for model in BY_NIGHT:
        closed = selection(release, model).exclude(public_date__lte=now)
        opened[model.__name__] = closed.update(public_date=now)
    products = [*_files("sci", pids), *_files("diff", pids), *_files("alert", pids), *_files("raw", expids)]
    products += _files(ProductFile.Family.VERSION, beside)
    closed = ProductFile.objects.filter(pk__in=products, programid__in=_programs(release)).exclude(public_date__lte=now)
    opened["ProductFile"] = closed.update(public_date=now)
    nids = (nid_of_date(release.first_night), nid_of_date(release.last_night))
    released.send(sender=Release, release=release, nids=nids, programs=_programs(release), now=now)
    release.state, release.published = Release.State.PUBLIC, now
    release.save(update_fields=["state", "published"])
    return opened


def _programs(release: Release) -> list[int]:
    return list(release.programs.values_list("programid", flat=True))


def _files(family: str, ids: list[int]) -> list[int]:
    return list(ProductFile.objects.filter(family=family, product_id__in=ids).values_list("pk", flat=True))
