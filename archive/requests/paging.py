"""Pages of a long answer."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from archive.requests.numbers import whole
from archive.requests.parameters import BadParameterError

SHALLOW, MANY = 2000, 100_000  # rows before a page, and in all, up to which it is read at once


def page_of(request: HttpRequest, rows: QuerySet | Sequence, size: int) -> Page:
    """The page of rows that a request's `page` names, counted from 1; the first where it names none.

    Raises
    ------
    archive.requests.parameters.BadParameterError
        for what is no page of them.
    """
    paginator, text = _Pages(rows, size), request.GET.get("page", "")
    number = whole(text) if text.strip() else 1
    if number is None or not 1 <= number <= paginator.num_pages:
        raise BadParameterError(f"page={text[:20]!r}: the answer has the pages 1 to {paginator.num_pages}")
    return paginator.page(number)


class _Pages(Paginator):
    """Pages of which one far down, or of a long answer in any order, costs little more than the first of a short one.

    The keys of its rows are found first, which an index may know by itself, from the end that is nearer; then the rows.
    """

    def page(self, number: int) -> Page:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        last = min(first + self.per_page, self.count)
        few = first < SHALLOW and self.count < MANY
        if few or not isinstance(self.object_list, QuerySet):
            return self._get_page(self.object_list[first:last], number, self)
        return self._get_page(_rows(self.object_list, first, last, self.count), number, self)


def _rows(rows: QuerySet, first: int, last: int, count: int) -> list[models.Model]:
    keys = rows.values_list("pk", flat=True)
    if first <= count - last:
        wanted = list(keys[first:last])
    else:
        wanted = list(keys.reverse()[count - last : count - first])[::-1]
    found = {one.pk: one for one in rows.filter(pk__in=wanted).order_by()}
    return [found[key] for key in wanted if key in found]
