"""Parts of a query that rows are compared with: limits, and quality bits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import models
from django.db.models import F

from archive.survey.times import julian_date


def _compared(operator: str) -> Callable[[models.QuerySet, str, object], models.QuerySet]:
    def condition(rows, path, value):
        if path == "jd" and isinstance(value, datetime):
            value = julian_date(value)
        return rows.filter(**{f"{path}__{operator}": value})

    return condition


def _without_bits(rows: models.QuerySet, path: str, value) -> models.QuerySet:
    """None of the bits of `value` is set; True stands for all bits."""
    if value is True:
        return rows.filter(**{path: 0})
    return rows.annotate(rejected=F(path).bitand(value)).filter(rejected=0)


def _with_bits(rows: models.QuerySet, path: str, value) -> models.QuerySet:
    """One of the bits of `value` is set, or several."""
    return rows.annotate(wanted=F(path).bitand(value)).exclude(wanted=0)


# Parts that are compared: what a row must have for them, and how.
COMPARED = {
    "since": ("time", _compared("gte")),
    "until": ("time", _compared("lt")),
    "seeing": ("seeing", _compared("lte")),
    "maglimit": ("maglimit", _compared("gte")),
    "brighter": ("magpsf", _compared("lt")),
    "rb": ("rb", _compared("gte")),
    "infobits": ("infobits", _without_bits),
    "flagged": ("infobits", _with_bits),
    "good": ("infobits", _without_bits),
}
