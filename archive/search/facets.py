"""Counts of a search's results by filter, field, program and so on: what a search can be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from archive.search.families import FAMILIES
from archive.search.query import ImageQuery, images

PARTS = {"filtercode": "Filter", "programid": "Program", "origin": "Made by", "field": "Field", "nid": "Night",
         "caltype": "Type"}  # fmt: skip
"""Parts of a query that results are counted by, and what they are called."""
MOST = 12  # values of each, the most frequent first


@dataclass(frozen=True)
class Facet:
    """A part of a query with the number of results for each of its values; `more` when there are other values."""

    part: str
    label: str
    values: list[tuple[object, int]]
    more: bool


def facets(query: ImageQuery) -> list[Facet]:
    """The counts of everything that a query's family has and that the query leaves open."""
    rows, family, found = images(query).order_by(), FAMILIES[query.family], []
    for part, label in PARTS.items():
        path = family.path(part)
        if path is None or getattr(query, part) not in (None, ""):
            continue
        counted = rows.values_list(path).annotate(n=Count("pk")).order_by("-n", path)[: MOST + 1]
        values = [(value, n) for value, n in counted if value is not None]
        if len(values) > 1:
            found.append(Facet(part, label, values[:MOST], len(values) > MOST))
    return found
