"""A region or probability map of one's own on the sky, and what images of ours cover of it."""

from __future__ import annotations

import json

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from archive import sandbox
from archive.access.streams import QueryFailedError
from archive.forms import problems
from archive.requests.parameters import takes
from archive.search.region_images import MOST_IMAGES, REGION_IMAGES, images_in
from archive.sky.skymaps import GivenRegion
from archive.tables.responses import answer, format_of, refuse
from portal.forms.sky import RegionForm
from portal.plots.coverage import region_map
from portal.views.products.sky import ALADIN, map_context

TEMPLATE = "portal/region.html"
SHOWN = 100  # images in the table of the page
DRAWN = 300  # footprints on the map
WIDEST = 180.0  # deg, of the view


@csrf_exempt  # changes nothing, and scripts send it
@csp_update(ALADIN)
@takes("format", posted=[RegionForm])
def sky_region(request: HttpRequest) -> HttpResponse:
    """The page of a region that is sent: its outline, area, and the images that cover it; the form when asked."""
    if request.method != "POST":
        if "format" in request.GET:
            return refuse(request, TEMPLATE, "format: of a region that is posted (upload=)", {"upload": RegionForm()})
        return render(request, TEMPLATE, {"upload": RegionForm()})
    form = RegionForm(request.POST, request.FILES)
    context: dict = {"upload": form}
    try:
        if not form.is_valid():
            return refuse(request, TEMPLATE, problems(form), context)
        values = form.cleaned_data
        found = images_in(form.region, values["filtercode"], values["since"], values["until"])
    except (QueryFailedError, sandbox.TryLaterError) as error:
        return refuse(request, TEMPLATE, str(error), context, status=503)
    if format_of(request) != "html":
        return answer(request, REGION_IMAGES, found.images, TEMPLATE, context)
    region = form.region
    ra, dec, radius = region.circle
    context |= map_context([one.image for one in found.images[:DRAWN]], (ra, dec, min(WIDEST, 2.4 * radius + 1)))
    if context["sky"]:
        context["sky"]["outlines"] = _outlines(region)
    part = "Probability" if region.is_map else "Part of it"
    heads = f"Image | Start (UTC) | Filter | {part} (%) # | Seeing (″) # | 5σ limit (mag) #"
    context |= {"region": region, "found": found, "shown": found.images[:SHOWN], "heads": heads}
    context |= {"whole_sky": region_map(region), "most": MOST_IMAGES}
    return render(request, TEMPLATE, context)


def _outlines(region: GivenRegion) -> list[dict]:
    return [{"percent": one.percent, "moc": json.loads(one.moc)} for one in region.outlines]
