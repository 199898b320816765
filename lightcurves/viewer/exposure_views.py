"""The page that says why there is no point: the strip of exposures, and their table."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.requests.parts import part_alone
from archive.tables.responses import answer, format_of
from lightcurves.storage import read, store
from lightcurves.viewer import exposures
from lightcurves.viewer.data import source_of

PAGE_ROWS = 200


@require_safe
@takes("format", "page", "part")
def exposure_page(request: HttpRequest, oid: int) -> HttpResponse:
    """Every exposure that covers an object's place and what came of it; `part=1`: the strip alone, for its page."""
    strip_alone = part_alone(request, "format", "page")
    source = source_of(oid)
    together = store.siblings(source)
    epochs = exposures.epochs_at(source, together, read.get(one.pk for one in together))
    context = {"source": source, "strip": exposures.strip_of(epochs)}
    if strip_alone:
        return render(request, "lightcurves/parts/strip.html", context)
    template = "lightcurves/exposures.html"
    if format_of(request) != "html":
        return answer(request, exposures.EXPOSURES, epochs, template, context)
    page = page_of(request, epochs, PAGE_ROWS)
    return answer(request, exposures.EXPOSURES, page, template, context | {"page": page})
