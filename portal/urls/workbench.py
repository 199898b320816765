"""The image workbench: the viewer's page, and what it shows."""

from django.urls import path

from archive.pixels.finding_chart import FORMATS
from portal.urls.converters import register_words
from portal.views.products import workbench
from portal.workbench.planes import PLANES
from portal.workbench.sources import KINDS

register_words("plane", PLANES)
register_words("sourcekind", KINDS)
register_words("chartform", FORMATS)

urlpatterns = [
    path("images/<int:pid>/view", workbench.view_page, name="image-view"),
    path("images/<int:pid>/<plane:name>.fits", workbench.plane, name="image-plane"),
    path("images/<int:pid>/sources/<sourcekind:kind>", workbench.sources, name="image-sources"),
    path("images/<int:pid>/chart.<chartform:form>", workbench.chart, name="image-chart"),
]
