"""IRSA's addresses."""

from django.urls import path, re_path

from archive.services.irsa import login, views

urlpatterns = [
    path("ibe/search/", views.missions, name="ibe-missions"),
    path("ibe/search/ztf/", views.datasets, name="ibe-datasets"),
    path("ibe/search/ztf/products/", views.tables, name="ibe-tables"),
    re_path(r"^ibe/search/ztf/products/(?P<name>[^/]+)/?$", views.search, name="ibe-search"),
    path("ibe/data/ztf/products/", views.data, name="ibe-root"),
    path("ibe/data/ztf/products/<path:path>", views.data, name="ibe-data"),
    path("account/signon/login.do", login.sign_in, name="irsa-login"),
    path("account/signon/logout.do", login.sign_out, name="irsa-logout"),
]
