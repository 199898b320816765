"""IRSA's addresses."""

from django.urls import path, re_path

from archive.services.irsa import depot_views, login, sia1, views

urlpatterns = [
    path("ibe/", views.home, name="ibe-home"),
    path("ibe/docs/", views.docs, name="ibe-docs"),
    re_path(r"^ibe/docs/ztf/products/(?P<name>[^/]+)/?$", views.docs, name="ibe-docs-table"),
    path("ibe/search/", views.missions, name="ibe-missions"),
    path("ibe/search/ztf/", views.datasets, name="ibe-datasets"),
    path("ibe/search/ztf/products/", views.tables, name="ibe-tables"),
    re_path(r"^ibe/search/ztf/products/(?P<name>[^/]+)/?$", views.search, name="ibe-search"),
    *sia1.urlpatterns,
    path("ibe/data/ztf/products/", views.data, name="ibe-root"),
    path("ibe/data/ztf/products/<path:path>", views.data, name="ibe-data"),
    path("ztf/archive/", views.data, name="ibe-archive-root"),
    path("ztf/archive/<path:path>", views.data, name="ibe-archive"),
    path("products/", views.data, name="ibe-products-root"),
    path("products/<path:path>", views.data, name="ibe-products"),
    path("ztf/depot/", depot_views.nights, name="depot"),
    path("ztf/depot/<str:day>/", depot_views.night, name="depot-night"),
    path("ztf/depot/<str:day>/<str:name>", depot_views.file, name="depot-file"),
    path("account/signon/login.do", login.sign_in, name="irsa-login"),
    path("account/signon/logout.do", login.sign_out, name="irsa-logout"),
]
