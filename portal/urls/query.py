"""The query page."""

from django.urls import path

from portal.views.queries import jobs, page

urlpatterns = [
    path("", page.query_page, name="query"),
    path("words", page.words, name="query-words"),
    path("plot", page.plot, name="query-plot"),
    path("jobs", jobs.listed, name="query-jobs"),
    path("jobs/order", jobs.order, name="query-order"),
    path("jobs/<uuid:pk>/end", jobs.end, name="query-end"),
]
