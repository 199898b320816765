"""The query page."""

from django.urls import path

from portal.views import query, saved_queries

urlpatterns = [
    path("", query.query_page, name="query"),
    path("words", query.words, name="query-words"),
    path("plot", query.plot, name="query-plot"),
    path("saved", saved_queries.save, name="query-save"),
    path("saved/<uuid:pk>/forget", saved_queries.forget, name="query-forget"),
]
