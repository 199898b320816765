"""Replaced by its owner."""

from django.http import HttpResponse
from django.urls import path


def soon(request):
    return HttpResponse("")


urlpatterns = [path("", soon, name="api-docs")]
