"""Pages far down have the rows that a plain slice has, in its order, and read few columns on their way."""

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from archive.models import ScienceImage
from archive.requests import paging
from archive.requests.parameters import BadParameterError
from archive.search.query import ImageQuery, images
from tests import factories

pytestmark = pytest.mark.django_db
ROWS, SIZE = 23, 4


@pytest.fixture
def many(monkeypatch):
    """Images of which some began together, some have no seeing."""
    monkeypatch.setattr(paging, "SHALLOW", 3)
    exposures = [factories.exposure(jd=factories.JD + k // 4) for k in range(ROWS)]
    made = [
        factories.science_image(one, obsjd=factories.JD + k // 4, seeing=None if k % 5 == 0 else 1 + k % 3)
        for k, one in enumerate(exposures)
    ]
    return {one.pk for one in made}


def page(rows, number: int) -> list[int]:
    request = RequestFactory().get("/images/", {"page": number})
    return [one.pk for one in paging.page_of(request, rows, SIZE)]


@pytest.mark.parametrize("order", [None, "obsjd", "seeing", "-seeing", "-pid", "field"])
def test_each_row_stands_on_one_page_in_the_order_of_the_search(many, order):
    rows = images(ImageQuery(order=order))
    plain = [one.pk for one in rows]
    paged = [page(rows, number) for number in range(1, 7)]
    assert [len(one) for one in paged] == [4, 4, 4, 4, 4, 3]
    assert sum(paged, []) == plain and set(plain) == many


def test_rows_by_distance_and_conditions_are_paged_alike(many):
    image = ScienceImage.objects.first()
    for query in (ImageQuery(ra=image.ra, dec=image.dec, radius=2), ImageQuery(flagged=None, where="seeing > 1")):
        rows = images(query)
        plain = [one.pk for one in rows]
        assert sum((page(rows, n) for n in range(1, 1 + -(-len(plain) // SIZE))), []) == plain


def test_what_is_annotated_stays_with_rows_far_down(many):
    image = ScienceImage.objects.first()
    rows = images(ImageQuery(ra=image.ra, dec=image.dec, radius=2))
    request = RequestFactory().get("/images/", {"page": 5})
    assert all(one.distance < 2 for one in paging.page_of(request, rows, SIZE))


def test_from_the_middle_on_rows_are_read_from_the_end(many):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page(images(ImageQuery()), 5)
    keys = queries[1]["sql"]
    assert "OFFSET 3" in keys and '"obsjd" ASC' in keys and "maglimit" not in keys


def test_lists_and_pages_that_are_none(many):
    request = RequestFactory().get("/images/", {"page": 3})
    assert list(paging.page_of(request, list(range(10)), SIZE)) == [8, 9]
    for number in ("0", "4", "x", "-1"):
        with pytest.raises(BadParameterError, match="pages 1 to 3"):
            paging.page_of(RequestFactory().get("/images/", {"page": number}), list(range(10)), SIZE)
