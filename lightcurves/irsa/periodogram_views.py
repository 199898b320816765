"""IRSA's periodogram service over HTTP."""

from __future__ import annotations

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.files.delivery import private
from archive.requests.numbers import whole
from archive.requests.parameters import takes
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.refusals import as_votable
from archive.tables.formats.votable import CONTENT_TYPE, write_tables
from lightcurves.irsa import periodogram as service
from lightcurves.models import Source
from lightcurves.searches import irsa_periodogram
from lightcurves.storage import read

BAD_POINTS = 32768
MOST_OBJECTS = 20


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*service.PARAMETERS, posted=tuple(service.PARAMETERS))
def periodogram(request: HttpRequest) -> HttpResponse:
    """Periodogram and peaks of an uploaded table, or of objects (ID) that the reader may see."""
    given = request.POST if request.method == "POST" else request.GET
    parameters = dict(given.items())
    try:
        asked = service.read(dict.fromkeys(request.FILES, "") | parameters)
        t, y, band, curve = _light_curve(request, parameters)
        answer = irsa_periodogram(t, y, asked, band, curve)
    except BadRequestError as error:
        return as_votable(str(error))
    infos = {"alg": asked.alg, "step_method": asked.step_method}
    return HttpResponse(b"".join(write_tables(answer.tables(), infos)), content_type=CONTENT_TYPE, headers=private())


def _light_curve(request: HttpRequest, parameters: dict[str, str]) -> tuple[np.ndarray | None, ...]:
    """Times, values, the band and the light curve of each."""
    upload = request.FILES.get("upload")
    if bool(upload) == bool(parameters.get("ID")):
        raise BadRequestError(
            "upload: give a table (IPAC format, multipart) with the names of its columns x and y, or ID"
        )
    if upload:
        if upload.size > service.MOST_BYTES:
            raise BadRequestError(f"upload: has {upload.size} bytes; at most {service.MOST_BYTES}")
        return *service.read_table(upload.read(), parameters.get("x"), parameters.get("y")), None, None
    return _of_objects(parameters)


def _of_objects(parameters: dict[str, str]) -> tuple[np.ndarray, ...]:
    """Points of objects: those of a filter are a band, those of an object a light curve."""
    texts = parameters["ID"].replace(",", " ").split()
    if not all(whole(text) is not None for text in texts) or not 0 < len(texts) <= MOST_OBJECTS:
        raise BadRequestError(f"ID={parameters['ID'][:80]}: give 1 to {MOST_OBJECTS} numbers of objects")
    mask = parameters.get("BAD_CATFLAGS_MASK") or str(BAD_POINTS)
    if whole(mask, most=2**31 - 1) is None:
        raise BadRequestError(f"BAD_CATFLAGS_MASK={mask[:40]}: must be a whole number, for example 32768")
    oids = list(Source.objects.filter(pk__in=[int(text) for text in texts]).values_list("pk", flat=True))
    if not oids:
        raise BadRequestError(f"ID={parameters['ID'][:80]}: there is no such object, or it is not public")
    columns = read.get(oids).columns
    good = (columns["catflags"] & int(mask)) == 0
    return tuple(columns[name][good] for name in ("hjd", "mag", "filtercode", "oid"))


urlpatterns = [path("cgi-bin/periodogram/nph-periodogram_api", periodogram, name="irsa-periodogram")]
