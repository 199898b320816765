"""The archive's own tables that are open to queries."""

from __future__ import annotations

from archive.models import Alert, ReferenceImage, ScienceImage
from archive.services.vo.adql import Shifted
from archive.services.vo.obscore.publishing import publish_observations
from archive.services.vo.schema.published import publish
from archive.services.vo.schema.tap_schema import publish_schema
from archive.survey.times import JD_UNIX_EPOCH
from archive.tables import dictionary


def open_tables() -> None:
    """Publish images, alerts, observations and TAP_SCHEMA itself."""
    publish(dictionary.SCIENCE, ScienceImage, rows=10**8, indexable={"obsdate": Shifted("obsjd", JD_UNIX_EPOCH)})
    publish(dictionary.REFERENCE, ReferenceImage, rows=10**5)
    publish(dictionary.ALERTS, Alert, rows=10**9)
    publish_observations()
    publish_schema()
