"""The selection of a release: products made by this system, of its programs and nights, that pass its cuts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from archive.models import (
    CalibrationImage,
    Exposure,
    Family,
    ProductFile,
    ReferenceImage,
    Release,
    ReleaseItem,
    ScienceImage,
    ScienceVersion,
)
from archive.models.base import Origin
from archive.survey.identifiers import nid_of_date

OF_IMAGES = {Family.SCI, Family.DIFF, Family.ALERT, Family.LIGHTCURVE}
Kind = ReleaseItem.Kind


def programs(release: Release) -> list[int]:
    """The programs whose data a release opens."""
    return sorted(release.programs.values_list("programid", flat=True))


def nights(release: Release) -> tuple[int, int]:
    """Its first and last night (nid)."""
    return nid_of_date(release.first_night), nid_of_date(release.last_night)


def images(release: Release) -> QuerySet[ScienceImage]:
    """Its science images: those that pass its cuts. One without a number that is cut on does not pass."""
    if not OF_IMAGES & set(release.families):
        return ScienceImage.objects.none()
    rows = _of_nights(release, ScienceImage.objects.filter(origin=Origin.OURS))
    if release.rejected_bits:
        rows = rows.annotate(rejected=F("infobits").bitand(release.rejected_bits)).filter(rejected=0)
    if release.largest_seeing is not None:
        rows = rows.filter(seeing__lte=release.largest_seeing)
    if release.least_maglimit is not None:
        rows = rows.filter(maglimit__gte=release.least_maglimit)
    return rows


def exposures(release: Release) -> QuerySet[Exposure]:
    """The exposures whose raw frames it holds."""
    if Family.RAW not in release.families:
        return Exposure.objects.none()
    return _of_nights(release, Exposure.objects.filter(origin=Origin.OURS))


def references(release: Release) -> QuerySet[ReferenceImage]:
    """References whose last image was taken in its nights."""
    if Family.REF not in release.families:
        return ReferenceImage.objects.none()
    first = datetime.combine(release.first_night, time(), UTC)
    end = datetime.combine(release.last_night, time(), UTC) + timedelta(days=1)
    rows = ReferenceImage.objects.filter(origin=Origin.OURS, endobsdate__gte=first, endobsdate__lt=end)
    return rows.filter(programid__in=programs(release))


def items(release: Release) -> dict[str, QuerySet]:
    """The keys of what it holds, by kind."""
    mine = images(release)
    return {
        Kind.RAW: exposures(release).values_list("expid", flat=True),
        Kind.EXPOSURE: mine.values_list("exposure_id", flat=True).distinct(),
        Kind.IMAGE: mine.values_list("pid", flat=True),
        Kind.REFERENCE: references(release).values_list("rfid", flat=True),
    }


def files(release: Release, held: Mapping[str, RawSQL]) -> QuerySet[ProductFile]:
    """The files of what it holds, `held` being subqueries of the keys by kind.

    Calibrations belong to nights, not to programs, and are open already; they are listed so that the release is whole.
    """
    families, image = set(release.families), held[Kind.IMAGE]
    chosen = Q(family=Family.RAW, product_id__in=held[Kind.RAW]) | Q(
        family=Family.REF, product_id__in=held[Kind.REFERENCE]
    )
    for family in (Family.SCI, Family.DIFF, Family.ALERT):
        if family in families:
            chosen |= Q(family=family, product_id__in=image)
    if Family.SCI in families:
        versions = ScienceVersion.objects.filter(image__in=image).values("pk")
        chosen |= Q(family=ProductFile.Family.VERSION, product_id__in=versions)
    chosen &= Q(programid__in=programs(release))
    if Family.CAL in families:
        first, last = nights(release)
        stacks = CalibrationImage.objects.filter(nid__gte=first, nid__lte=last).values("cid")
        chosen |= Q(family=Family.CAL, product_id__in=stacks)
    return ProductFile.objects.filter(chosen)


def _of_nights(release: Release, rows: QuerySet) -> QuerySet:
    first, last = nights(release)
    return rows.filter(nid__gte=first, nid__lte=last, programid__in=programs(release))
