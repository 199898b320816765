"""Addresses of HiPS and MOC, as IVOA HiPS 1.0 (section 4.1) lays out a HiPS."""

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from archive.services.hips import views
from archive.services.hips.config import FILTERS


class Filter(StringConverter):
    """A filter's code."""

    regex = "|".join(FILTERS)


class Extension(StringConverter):
    """The extension of a tile's file."""

    regex = "jpg|png|fits"


register_converter(Filter, "filter")
register_converter(Extension, "tile")
TILE = "hips/<filter:filtercode>/Norder<int:order>/Dir<int:directory>/Npix<int:cell>.<tile:extension>"

WHOLE = r"^hips/(?P<filtercode>z[gri])/(?P<name>Moc\.fits|Norder3/Allsky\.(jpg|png|fits))$"
MOC = r"^moc/(?P<kind>references|science)/(?P<filtercode>z[gri])\.(?P<extension>fits|txt|json)$"

urlpatterns = [
    path("hips/", views.surveys, name="hips"),
    path("hips/hipslist", views.surveys, name="hipslist"),
    path("hips/<filter:filtercode>/", views.properties, name="hips-survey"),
    path("hips/<filter:filtercode>/properties", views.properties, name="hips-properties"),
    re_path(WHOLE, views.whole, name="hips-whole"),
    path(TILE, views.tile, name="hips-tile"),
    re_path(MOC, views.moc, name="moc"),
]
