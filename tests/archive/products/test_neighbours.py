"""The epochs before and after an image are nearest in time, of its quadrant and filter, and open to the reader."""

import pytest

from archive.access.reading import ANYONE, EVERYTHING, reading
from archive.products.neighbours import neighbours_of
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def epochs(committed):
    public = [factories.science_image(factories.exposure(jd=factories.JD + k)) for k in (0, 1, 3)]
    closed = factories.science_image(factories.exposure(jd=factories.JD + 2, programid=2, public_date=None))
    return [*public, closed]


def test_the_nearest_epochs_that_the_reader_sees(epochs):
    first, second, third, closed = epochs
    with reading(ANYONE):
        found = neighbours_of(second)
        assert (found.before, found.after) == (first, third)
        assert neighbours_of(first).before is None and neighbours_of(third).after is None
    with reading(EVERYTHING):
        assert neighbours_of(second).after == closed


def test_the_quadrants_are_those_of_the_exposure(epochs):
    with reading(ANYONE):
        assert neighbours_of(epochs[0]).quadrants == [epochs[0]]
