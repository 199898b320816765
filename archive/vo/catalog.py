"""What the archive itself opens to queries, and when the views are made."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from archive import tables
from archive.models import Alert, ReferenceImage, ScienceImage
from archive.vo.adql import Shifted
from archive.vo.catalog_schema import publish_schema
from archive.vo.catalog_tables import publish
from archive.vo.catalog_views import drop_views, make_views
from archive.vo.obscore.publishing import publish_observations

JD_OF_1970 = 2440587.5


def open_tables(app: AppConfig) -> None:
    """Publish images and alerts, and keep views and TAP_SCHEMA in step with every migration."""
    publish(tables.SCIENCE, ScienceImage, rows=10**8, behind={"obsdate": Shifted("obsjd", JD_OF_1970)})
    publish(tables.REFERENCE, ReferenceImage, rows=10**5)
    publish(tables.ALERTS, Alert, rows=10**9)
    publish_observations()
    publish_schema()
    pre_migrate.connect(drop_views, sender=app, dispatch_uid="drop TAP views")
    post_migrate.connect(make_views, sender=app, dispatch_uid="make TAP views")
