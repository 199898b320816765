"""The image workbench: the viewer's page, and what it shows."""

from django.urls import path, register_converter

from archive.pixels.finding_chart import FORMATS
from portal.views.products import workbench
from portal.workbench.planes import PLANES
from portal.workbench.sources import KINDS


class PlaneName:
    """A plane of an image."""

    regex = "|".join(PLANES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class SourceKind(PlaneName):
    """A kind of sources within an image."""

    regex = "|".join(KINDS)


class ChartForm(PlaneName):
    """A format of finding charts."""

    regex = "|".join(FORMATS)


register_converter(PlaneName, "plane")
register_converter(SourceKind, "sourcekind")
register_converter(ChartForm, "chartform")

urlpatterns = [
    path("images/<int:pid>/view", workbench.view_page, name="image-view"),
    path("images/<int:pid>/<plane:name>.fits", workbench.plane, name="image-plane"),
    path("images/<int:pid>/sources/<sourcekind:kind>", workbench.sources, name="image-sources"),
    path("images/<int:pid>/chart.<chartform:form>", workbench.chart, name="image-chart"),
]
