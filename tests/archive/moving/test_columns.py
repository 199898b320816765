"""Rows read as columns are the reader's rows, exactly."""

import numpy as np
import pytest

from archive.access.reading import ANYONE, EVERYTHING, reading
from archive.database.copy import read_columns
from archive.models import Exposure
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def exposures(committed):
    open_ones = [factories.exposure(jd=2459000.5 + n) for n in range(3)]
    closed = factories.exposure(jd=2459004.5, programid=3, public_date=None)
    flat = factories.exposure(jd=2459005.5, imgtypecode="f", ra=None, dec=None)
    yield open_ones, closed
    Exposure.objects.filter(pk__in=[one.pk for one in (*open_ones, closed, flat)]).delete()


def test_columns_hold_the_values_of_the_rows_that_the_reader_sees(exposures):
    open_ones, closed = exposures
    for reader, expected in ((ANYONE, open_ones), (EVERYTHING, [*open_ones, closed])):
        with reading(reader):
            got = read_columns(Exposure.objects.filter(imgtypecode="o").order_by("obsjd"), "expid", "tdb_mid", "fid")
        np.testing.assert_array_equal(got["expid"], [one.expid for one in expected])
        np.testing.assert_array_equal(got["tdb_mid"], [one.tdb_mid for one in expected])
        np.testing.assert_array_equal(got["fid"], [one.fid for one in expected])


def test_no_rows_give_no_values(exposures):
    assert read_columns(Exposure.objects.filter(field=-5), "expid", "ra").size == 0


def test_a_null_is_refused(exposures):
    with pytest.raises(ValueError, match="ra: a value is NULL"):
        read_columns(Exposure.objects.order_by("obsjd"), "expid", "ra")
