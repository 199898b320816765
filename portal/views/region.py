"""A region that comes as a file becomes a part of a search's address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST

from archive.forms import problems
from archive.requests.parameters import BadParameterError, takes
from archive.tables.pages.narrowing import redirect
from portal.forms.region import RegionFileForm


@require_POST
@takes(posted=[RegionFileForm])
def from_file(request: HttpRequest) -> HttpResponse:
    """A redirect to the search with the region of a MOC, or with the positions of a list."""
    form = RegionFileForm(request.POST, request.FILES)
    if not form.is_valid():
        raise BadParameterError(problems(form))
    if form.coarser is not None:
        text = f"The MOC is searched at order {form.coarser}, with cells that cover a little more than yours."
        messages.info(request, text)
    asked = QueryDict(form.cleaned_data["query"])
    return redirect(reverse(form.cleaned_data["to"]), asked, {"region": form.cleaned_data["upload"], "page": ""})
