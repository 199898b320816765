"""The portal's addresses, and two that fail."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from portal.urls import site
from portal.urls.site import handler400, handler403, handler404, handler500  # noqa: F401 (Django looks for them here)


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours, with a secret in it")


urlpatterns = [
    path("fails/", fail, name="fails"),
    path("api/fails", fail, name="api-fails"),
    path("tap/fails", fail, name="tap-fails"),
    *site.urlpatterns,
]
