"""The query page."""

from django.urls import path

from portal.views import query

urlpatterns = [path("", query.query_page, name="query")]
