"""TAP's addresses; VO clients write them without a slash at the end."""

from django.urls import path

from archive.vo import views

urlpatterns = [
    path("", views.service, name="tap"),
    path("sync", views.sync, name="tap-sync"),
    path("capabilities", views.capabilities, name="tap-capabilities"),
    path("availability", views.availability, name="tap-availability"),
    path("tables", views.tables, name="tap-tables"),
    path("tables/<str:name>", views.table, name="tap-table"),
]
