"""A processed night that the tests of this folder share: its rows are committed, and removed afterwards."""

from __future__ import annotations

import pytest

from archive.models import Exposure
from processing.executive.plan import plan_night
from tests.processing.executive import nights


@pytest.fixture(scope="module")
def catalogs(committed, archive_root, tmp_path_factory):
    """Gaia and Pan-STARRS of the sky; whatever the tests of a module commit is removed after them."""
    nights.load_catalogs(tmp_path_factory.mktemp("catalogs"))
    yield
    nights.forget_all()


@pytest.fixture(scope="module")
def night(catalogs, tmp_path_factory) -> int:
    """One quadrant's night, from raw files to a science image, through jobs; its nid."""
    nights.take_all(nights.simulate(tmp_path_factory.mktemp("night")))
    nid = Exposure.objects.get(field=nights.PLAN.field).nid
    plan_night(nid, selection=nights.QUADRANT)
    nights.run_all()
    return nid
