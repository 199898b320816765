"""The registry over HTTP."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.services.vo.registry import oai


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
def harvest(request: HttpRequest) -> HttpResponse:
    """One request of OAI-PMH."""
    arguments = {name: values for source in (request.GET, request.POST) for name, values in source.lists()}
    return HttpResponse(oai.answer(arguments), content_type="text/xml; charset=utf-8")
