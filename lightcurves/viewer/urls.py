"""Pages and data of objects."""

from django.urls import path

from lightcurves.viewer import views

urlpatterns = [
    path("", views.object_search, name="objects"),
    path("export/", views.order_export, name="order-export"),
    path("<int:oid>/", views.object_page, name="object"),
    path("<int:oid>/lightcurve", views.light_curve, name="object-lightcurve"),
    path("<int:oid>/points", views.points, name="object-points"),
    path("<int:oid>/periodogram", views.period_search, name="object-periodogram"),
    path("<int:oid>/document", views.document, name="object-document"),
]
