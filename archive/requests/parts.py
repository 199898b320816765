"""`part=1` in an address: the part of a page that changes alone, for the page's own script."""

from __future__ import annotations

from django.http import HttpRequest

from archive.forms import truth_of
from archive.requests.parameters import BadParameterError


def part_alone(request: HttpRequest, *whole: str) -> bool:
    """Whether the part alone is asked for; `whole`: parameters that only the whole page has."""
    text = request.GET.get("part", "")
    alone = truth_of(text)
    if alone is None:
        raise BadParameterError(f"part={text[:20]!r}: use 1, or leave it out")
    for name in whole:
        if alone and name in request.GET:
            raise BadParameterError(f"{name}: the part alone (part={text[:20]}) has none; leave one of them out")
    return alone
