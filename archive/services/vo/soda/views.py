"""SODA over HTTP: a cutout with each request."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.files import delivery
from archive.files.storage import DamagedFileError
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import all_values
from archive.services.vo.soda import cutout

PLAIN = "text/plain; charset=utf-8"


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
def sync(request: HttpRequest) -> HttpResponseBase:
    """The part of an image that is asked for; 204 where it has none; without a region the whole file."""
    try:
        parameters = all_values(request)
        cutout.check_known(parameters)
        cutout.check_format(parameters)
        shape, names = cutout.shape_of(parameters), cutout.planes_of(parameters)
        if names is not None and shape is None:
            raise cutout.RefusedError("UsageError", cutout.WHOLE)
        file = cutout.file_of(cutout.dataset_of(parameters), parameters)
        if shape is None:
            return delivery.deliver(request, file, attachment=True)
        return _fits(cutout.cutout(file, shape, names), f"cutout_{file.name.removesuffix('.fz')}")
    except cutout.NothingLeftError:
        return HttpResponse(status=204)
    except BadRequestError as error:
        return HttpResponse(f"{error}\n", content_type=PLAIN, status=error.status)
    except DamagedFileError as error:
        return HttpResponse(f"DefaultFault: {error}\n", content_type=PLAIN, status=500)


def _fits(body: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **delivery.private()}
    return HttpResponse(body, content_type=cutout.FITS, headers=headers)
