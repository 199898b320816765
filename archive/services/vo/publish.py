"""The archive's own tables that are open to queries."""

from __future__ import annotations

from archive.models import Alert
from archive.services.vo.image_tables import open_images
from archive.services.vo.obscore.publishing import publish_observations
from archive.services.vo.schema.published import publish
from archive.services.vo.schema.tap_schema import publish_schema
from archive.tables import dictionary


def open_tables() -> None:
    """Publish images, alerts, observations and TAP_SCHEMA itself."""
    open_images()
    publish(dictionary.ALERTS, Alert, rows=10**9)
    publish_observations()
    publish_schema()
