"""REST's addresses."""

from django.urls import path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from archive.requests.parameters import takes
from portal.api import lightcurves, views


class Kind:
    """A converter for the kind of product that cutouts are made of."""

    regex = "images|references"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Kind, "imagekind")

urlpatterns = [
    path("", takes("script")(SpectacularSwaggerSplitView.as_view(url_name="api-schema")), name="api-docs"),
    path("schema", takes("format", "lang")(SpectacularAPIView.as_view()), name="api-schema"),
    path("images/", views.Images.as_view(), name="api-images"),
    path("images/<int:pid>/", views.Image.as_view(), name="api-image"),
    path("references/<int:rfid>/", views.Reference.as_view(), name="api-reference"),
    path("<imagekind:kind>/<int:number>/cutout", views.Cutout.as_view(), name="api-cutout"),
    path("alerts/", views.Alerts.as_view(), name="api-alerts"),
    path("alerts/<int:candid>/", views.AlertPacket.as_view(), name="api-alert"),
    path("objects/", lightcurves.Objects.as_view(), name="api-objects"),
    path("objects/<int:oid>/", lightcurves.Object.as_view(), name="api-object"),
    path("lightcurves/", lightcurves.LightCurves.as_view(), name="api-lightcurves"),
    path("matchfiles/", lightcurves.Matchfiles.as_view(), name="api-matchfiles"),
    path("moving/", views.Moving.as_view(), name="api-moving"),
    path("resolve/", views.Names.as_view(), name="api-resolve"),
    path("jobs/", views.Bundles.as_view(), name="api-jobs"),
    path("jobs/<uuid:job_id>/", views.Job.as_view(), name="api-job"),
]
