"""The sky map, and what is made around targets."""

from django.urls import path

from portal.api import targets as api
from portal.views.products import sky, targets

urlpatterns = [
    path("sky/", sky.sky_page, name="sky"),
    path("cutouts/list", targets.target_list, name="target-list"),
    path("movie", targets.movie_of, name="movie"),
    path("cutouts/compare", targets.comparison, name="comparison"),
    path("moving/cutouts", targets.moving_cutouts, name="moving-cutouts"),
    path("api/cutouts/", api.Cutouts.as_view(), name="api-cutouts"),
    path("api/movie", api.Movie.as_view(), name="api-movie"),
]
