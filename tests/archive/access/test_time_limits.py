"""Queries of pages end after some seconds, with a refusal that says so, and later ones have their time again."""

from functools import partial

import pytest
from django.db import connections, models
from django.db.models.expressions import RawSQL

from archive.access.reading import ANYONE, reading
from archive.access.streams import QueryFailedError, limited
from archive.search import facets, query
from archive.services.vo import table_files
from portal.views import alerts
from portal.views.products import search
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def image(committed):
    return factories.science_image()


def test_a_query_that_takes_too_long_is_refused_and_the_next_is_not():
    with reading(ANYONE), connections["reader"].cursor() as cursor:
        with limited("reader", 5):
            cursor.execute("SELECT pg_sleep(0.01)")
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    refused = pytest.raises(QueryFailedError, match="took longer than 0.2 s: narrow it")
    with refused, reading(ANYONE), limited("reader", 0.2), connections["reader"].cursor() as cursor:
        cursor.execute("SELECT pg_sleep(3)")


@pytest.mark.parametrize("address", ["/images/", "/images/facets"])
def test_a_slow_search_is_refused_in_words(client, image, monkeypatch, address):
    real = query.images
    asleep = RawSQL("pg_sleep(3) IS NOT NULL", [], models.BooleanField())  # once for each row
    for place in (query, facets):
        monkeypatch.setattr(place, "images", lambda asked: real(asked).filter(asleep))
    monkeypatch.setattr(search, "limited", partial(limited, seconds=0.2))
    answer = client.get(address, {"field": image.field})
    assert answer.status_code == 400 and "took longer than 0.2 s" in answer.content.decode()


@pytest.mark.parametrize("form", ["csv", "json", "votable", "parquet"])
@pytest.mark.parametrize("address", ["/images/", "/alerts/"])
def test_a_slow_search_is_refused_as_a_file_too(client, image, monkeypatch, address, form):
    asleep = RawSQL("(SELECT pg_sleep(3)) IS NOT NULL", [], models.BooleanField())  # once, whatever is found
    real = table_files.all_rows
    for place in (search, alerts):
        monkeypatch.setattr(place, "all_rows", lambda request, rows, *rest: real(request, rows.filter(asleep), *rest))
    monkeypatch.setattr(table_files, "limited", partial(limited, seconds=0.2))
    answer = client.get(address, {"format": form})
    assert answer.status_code == 400 and "took longer than 0.2 s" in answer.content.decode()
