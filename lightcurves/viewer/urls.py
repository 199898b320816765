"""Pages and data of objects."""

from django.urls import path

from lightcurves.catalog.views import chosen_objects, light_curve_list, narrow, object_search, order_matchfiles
from lightcurves.viewer import data, exposure_views, figure_views, views

urlpatterns = [
    path("", object_search, name="objects"),
    path("rows", chosen_objects, name="chosen-objects"),
    path("narrow", narrow, name="narrow-objects"),
    path("list", light_curve_list, name="light-curve-list"),
    path("matchfiles", order_matchfiles, name="order-matchfiles"),
    path("export/", views.order_export, name="order-export"),
    path("document", data.document, name="object-document"),
    path("own", data.own_curve, name="object-own"),
    path("periods/", views.saved_periods, name="saved-periods"),
    path("periods/<int:number>/remove", views.drop_period, name="account-drop-period"),
    path("<int:oid>/", views.object_page, name="object"),
    path("<int:oid>/periods", views.save_period, name="account-save-period"),
    path("<int:oid>/lightcurve", data.light_curve, name="object-lightcurve"),
    path("<int:oid>/points", data.points, name="object-points"),
    path("<int:oid>/limits", data.overlay, {"name": "limits"}, name="object-limits"),
    path("<int:oid>/alerts", data.overlay, {"name": "alerts"}, name="object-alerts"),
    path("<int:oid>/forced", data.overlay, {"name": "forced"}, name="object-forced"),
    path("<int:oid>/neighbours", data.neighbours, name="object-neighbours"),
    path("<int:oid>/figure.pdf", figure_views.figure_pdf, name="object-figure"),
    path("<int:oid>/exposures", exposure_views.exposure_page, name="object-exposures"),
    path("<int:oid>/cutouts/<int:pid>", data.cutouts, name="object-cutouts"),
    path("<int:oid>/periodogram", data.period_search, name="object-periodogram"),
]
