"""Pages of a long answer."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from archive.requests.numbers import whole
from archive.requests.parameters import BadParameterError


def page_of(request: HttpRequest, rows: QuerySet | Sequence, size: int) -> Page:
    """The page of rows that a request's `page` names, counted from 1; the first where it names none.

    Raises
    ------
    archive.requests.parameters.BadParameterError
        for what is no page of them.
    """
    paginator, text = Paginator(rows, size), request.GET.get("page", "")
    number = whole(text) if text.strip() else 1
    if number is None or not 1 <= number <= paginator.num_pages:
        raise BadParameterError(f"page={text[:20]!r}: the answer has the pages 1 to {paginator.num_pages}")
    return paginator.page(number)
