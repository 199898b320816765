"""TAP's addresses; VO clients write them without a slash at the end."""

from django.urls import path

from archive.services.vo.tap import table_views, uws_views, views

VALUES = ("phase", "executionduration", "destruction", "quote", "owner")

urlpatterns = [
    path("", views.service, name="tap"),
    path("sync", views.sync, name="tap-sync"),
    path("async", uws_views.jobs, name="tap-async"),
    path("async/<uuid:job_id>", uws_views.job, name="tap-job"),
    path("async/<uuid:job_id>/parameters", uws_views.parameters, name="tap-job-parameters"),
    path("async/<uuid:job_id>/results", uws_views.results, name="tap-job-results"),
    path("async/<uuid:job_id>/results/result", uws_views.result, name="tap-job-result"),
    path("async/<uuid:job_id>/error", uws_views.error, name="tap-job-error"),
    *[path(f"async/<uuid:job_id>/{name}", uws_views.value, {"name": name}, name=f"tap-job-{name}") for name in VALUES],
    path("examples", views.example_list, name="tap-examples"),
    path("capabilities", views.capabilities, name="tap-capabilities"),
    path("availability", views.availability, name="tap-availability"),
    path("tables", table_views.tables, name="tap-tables"),
    path("tables/<str:name>", table_views.table, name="tap-table"),
    path("load/<str:name>", table_views.load, name="tap-load"),
    path("table-update", table_views.update, name="tap-update"),
    path("kept", table_views.kept, name="tap-kept"),
]
