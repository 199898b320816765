"""The query page."""

from django.urls import path

from portal.views import query, query_jobs, saved_queries

urlpatterns = [
    path("", query.query_page, name="query"),
    path("words", query.words, name="query-words"),
    path("plot", query.plot, name="query-plot"),
    path("jobs", query_jobs.listed, name="query-jobs"),
    path("jobs/order", query_jobs.order, name="query-order"),
    path("jobs/<uuid:pk>/end", query_jobs.end, name="query-end"),
    path("saved", saved_queries.save, name="query-save"),
    path("saved/<uuid:pk>/forget", saved_queries.forget, name="query-forget"),
]
