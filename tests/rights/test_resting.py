"""The rows that a result is noted to rest on."""

import pytest
from django.utils import timezone

from archive.access.reading import ANYONE, Reader
from archive.jobs import dependencies
from archive.models import PeriodChange


@pytest.mark.django_db(databases=["default", "reader"])
@pytest.mark.parametrize("relation", ["archive_alert", "lightcurves_detection", "lightcurves_detection_n1300"])
def test_rows_that_a_change_of_a_period_may_have_opened_rest_on_it(relation):
    change = PeriodChange.objects.create(program_id=2, before=None, after=0, made=timezone.now())
    assert dependencies.on_tables({relation}, ANYONE) == {"releases": [f"period:{change.pk}"]}
    assert dependencies.on_tables({relation}, Reader(frozenset({2}))) == {"releases": []}
    assert dependencies.on_tables({"archive_gaiastar"}, ANYONE) == {"releases": []}
