"""Counts of a search's results by filter, field, program and so on: what a search can be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from archive.models import Release
from archive.releases.in_release import in_release
from archive.search.families import FAMILIES, Family
from archive.search.query import ImageQuery, has, images
from archive.survey.bits import INFO_WORDS, InfoBit, names_of

PARTS = {"filtercode": "Filter", "programid": "Program", "origin": "Made by", "field": "Field", "nid": "Night",
         "caltype": "Type"}  # fmt: skip
"""Parts of a query that results are counted by, and what they are called."""
MOST = 12  # values of each, the most frequent first


@dataclass(frozen=True)
class Value:
    """A value of a part of a query, what it is called, and the number of results that have it."""

    part: str
    value: object
    text: str
    count: int


@dataclass(frozen=True)
class Facet:
    """A subject that results are counted by; `more` when there are other values."""

    label: str
    values: list[Value]
    more: bool = False


def facets(query: ImageQuery, staff: bool = False) -> list[Facet]:
    """The counts of everything that a query's family has and that the query leaves open; drafts' for staff alone."""
    rows, family = images(query).order_by(), FAMILIES[query.family]
    found = [_of_column(rows, query, family, part) for part in PARTS]
    found += [_of_quality(rows, query, family), _of_releases(rows, query, family, staff)]
    return [one for one in found if one is not None]


def _of_column(rows: QuerySet, query: ImageQuery, family: Family, part: str) -> Facet | None:
    path = family.path(part)
    if path is None or getattr(query, part) not in (None, ""):
        return None
    counted = rows.values_list(path).annotate(n=Count("pk")).order_by("-n", path)[: MOST + 1]
    values = [Value(part, value, str(value), n) for value, n in counted if value is not None]
    return Facet(PARTS[part], values[:MOST], len(values) > MOST) if len(values) > 1 else None


def _of_quality(rows: QuerySet, query: ImageQuery, family: Family) -> Facet | None:
    """Images of good quality, and those with each of the quality bits; one pass over the rows."""
    path = family.path("infobits")
    if path is None or query.good or query.flagged:
        return None
    names = names_of(InfoBit)
    masked = rows.annotate(**{f"bit_{int(bit)}": F(path).bitand(int(bit)) for bit in names.values()})
    counts = masked.aggregate(
        good=Count("pk", filter=Q(**{path: 0})),
        **{f"n_{int(bit)}": Count("pk", filter=~Q(**{f"bit_{int(bit)}": 0})) for bit in names.values()},
    )
    values = [Value("good", 1, "good", counts["good"])] if counts["good"] else []
    flagged = [Value("flagged", name, INFO_WORDS[bit], counts[f"n_{int(bit)}"]) for name, bit in names.items()]
    flagged = sorted((one for one in flagged if one.count), key=lambda one: -one.count)
    return Facet("Quality", values + flagged[:MOST], len(flagged) > MOST) if flagged else None


def _of_releases(rows: QuerySet, query: ImageQuery, family: Family, staff: bool) -> Facet | None:
    """Results in each of the newest releases that are listed to the reader."""
    if query.release or not has(family.name, "release"):
        return None
    listed = Release.objects.listed_to(staff).filter(families__contains=[family.name])
    releases = listed.order_by("-last_night", "name")[: MOST + 1]
    counted = [(one, in_release(rows, family.name, one.name).count()) for one in releases[:MOST]]
    values = [Value("release", one.name, one.title, n) for one, n in counted if n]
    return Facet("Release", values, len(releases) > MOST) if values else None
