"""IRSA's light-curve service over HTTP."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.requests.parameters import takes
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.refusals import as_asked
from lightcurves.download import bulk
from lightcurves.download.responses import streamed
from lightcurves.irsa import light_curves as service
from lightcurves.tables.dictionary import LIGHTCURVE


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*service.PARAMETERS, posted=service.PARAMETERS, several=["id"], any_case=True, merged=True)
def light_curves(request: HttpRequest) -> HttpResponseBase:
    """Points of objects, or of those in a circle, that the reader may see."""
    given = dict(request.GET.lists())
    for name, values in request.POST.lists():
        given[name] = [*given.get(name, []), *values]
    try:
        asked = service.read(given, request.user.is_authenticated)
    except BadRequestError as error:
        form = next((values[-1] for name, values in given.items() if name.upper() == "FORMAT"), "")
        return as_asked(str(error), form, error.status)
    batches = bulk.points(asked.found(), asked.point_filter, request.reader)
    return streamed(LIGHTCURVE, batches, asked.format)


urlpatterns = [path("cgi-bin/ZTF/nph_light_curves", light_curves, name="irsa-light-curves")]
