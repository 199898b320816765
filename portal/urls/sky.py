"""The sky map, and what is made around targets."""

from django.urls import path

from portal.api import targets as api
from portal.views import moving
from portal.views.products import regions, sky, targets

urlpatterns = [
    path("sky/", sky.sky_page, name="sky"),
    path("sky/region", regions.sky_region, name="sky-region"),
    path("moving/known", moving.known_objects, name="known-objects"),
    path("cutouts/list", targets.target_list, name="target-list"),
    path("movie", targets.movie_of, name="movie"),
    path("cutouts/compare", targets.comparison, name="comparison"),
    path("moving/cutouts", targets.moving_cutouts, name="moving-cutouts"),
    path("api/cutouts/", api.Cutouts.as_view(), name="api-cutouts"),
    path("api/movie", api.Movie.as_view(), name="api-movie"),
]
