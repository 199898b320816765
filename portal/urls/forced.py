"""Forced photometry: pages, REST, and IRSA's addresses."""

from django.urls import path

from portal.api import forced as api
from portal.views import forced, forced_cgi

urlpatterns = [
    path("forced/", forced.forced_page, name="forced"),
    path("forced/points/", forced.forced_points, name="forced-points"),
    path("forced/<uuid:job_id>/", forced.forced_job, name="forced-job"),
    path("forced/<uuid:job_id>/plot", forced.forced_document, name="forced-document"),
    path("forced/<uuid:job_id>/result", forced.forced_result, name="forced-result"),
    path("api/forced/", api.Requests.as_view(), name="api-forced"),
    path("api/forced/points", api.Points.as_view(), name="api-forced-points"),
    path("api/forced/<uuid:job_id>/", api.Request.as_view(), name="api-forced-job"),
    path("api/forced/<uuid:job_id>/result", api.Result.as_view(), name="api-forced-result"),
    path("cgi-bin/requestForcedPhotometry.cgi", forced_cgi.request_one, name="forced-request"),
    path("cgi-bin/batchfp.py/submit", forced_cgi.request_many, name="forced-batch"),
    path("cgi-bin/getForcedPhotometryRequests.cgi", forced_cgi.requests_of, name="forced-requests"),
    path("cgi-bin/getBatchForcedPhotometryRequests.cgi", forced_cgi.requests_of, name="forced-batch-requests"),
    path("ztf/ops/forcedphot/lc/<uuid:job_id>/<str:name>", forced_cgi.file, name="forced-file"),
]
