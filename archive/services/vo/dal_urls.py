"""Addresses of the data access layer; VO clients write them without a slash at the end."""

from django.urls import path

from archive.services.vo.dal import cone, sia, vosi
from archive.services.vo.datalink import views as datalink
from archive.services.vo.registry import views as registry
from archive.services.vo.soda import async_views, views
from archive.services.vo.tap import uws_views

VALUES = ("phase", "executionduration", "destruction", "quote", "owner")
JOB = "vo/soda/async/<uuid:job_id>"

urlpatterns = [
    path("vo/sia2/query", sia.query, name="sia"),
    path("SIA", sia.query, name="irsa-sia"),
    path("SIA/capabilities", vosi.capabilities, {"service": "sia2"}, name="irsa-sia-capabilities"),
    path("SIA/availability", vosi.availability, {"service": "sia2"}, name="irsa-sia-availability"),
    path("vo/scs/<str:name>", cone.search, name="scs"),
    path("SCS", cone.search_named, name="scs-irsa"),
    path("vo/datalink/links", datalink.query, name="datalink"),
    path("vo/soda/sync", views.sync, name="soda-sync"),
    path("vo/soda/async", async_views.jobs, name="soda-async"),
    path(JOB, uws_views.job, name="soda-job"),
    path(f"{JOB}/parameters", uws_views.parameters, name="soda-job-parameters"),
    path(f"{JOB}/results", uws_views.results, name="soda-job-results"),
    path(f"{JOB}/results/result", uws_views.result, name="soda-job-result"),
    path(f"{JOB}/error", uws_views.error, name="soda-job-error"),
    *[path(f"{JOB}/{name}", uws_views.value, {"name": name}, name=f"soda-job-{name}") for name in VALUES],
    path("vo/registry/oai", registry.harvest, name="registry"),
    path("vo/<path:service>/capabilities", vosi.capabilities, name="dal-capabilities"),
    path("vo/<path:service>/availability", vosi.availability, name="dal-availability"),
]
