"""Plan of the period searches that are due: one job a field's quadrant, or one for chosen objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from archive.survey.identifiers import nid_of_date
from lightcurves.models import Source
from processing.executive.plan import Selection
from processing.models import Job

PIPELINE = "periods"


def plan_places(selection: Selection) -> list[Job]:
    """The jobs of all places that have sources, new or not; several filters of a quadrant are one job."""
    places = Source.objects.order_by("field", "rcid").values_list("field", "rcid").distinct()
    if selection.fields:
        places = places.filter(field__in=selection.fields)
    with transaction.atomic():
        return [
            _job(f"{field:06}-rc{rcid:02}", {"field": field, "rcid": rcid})
            for field, rcid in places
            if selection.takes_quadrant(rcid)
        ]


def plan_objects(oids: Iterable[int]) -> Job:
    """The job of chosen objects.

    Raises
    ------
    ValueError
        where none is given, or one is not known.
    """
    unique = sorted(set(oids))
    unknown = set(unique) - set(Source.objects.filter(pk__in=unique).values_list("pk", flat=True))
    if not unique or unknown:
        raise ValueError(f"objects={sorted(unknown)[:3] or unique}: give numbers (oid) of objects that are known")
    digest = hashlib.sha256(",".join(map(str, unique)).encode()).hexdigest()[:12]
    return _job(f"objects-{digest}", {"oids": unique})


def _job(key: str, parameters: dict) -> Job:
    """It stands with the night on which it was first asked for."""
    defaults = {"nid": nid_of_date(timezone.now().date()), "parameters": parameters}
    return Job.objects.get_or_create(pipeline=PIPELINE, key=key, defaults=defaults)[0]
