"""Queries that people keep: by name, theirs alone to change, shown to whoever has the address."""

import pytest
from django.contrib.auth.models import User

from archive.models import SavedSearch

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
TEXT = "SELECT TOP 3 table_name FROM tap_schema.tables"


@pytest.fixture
def owner():
    return User.objects.create_user("keeper")


def test_a_query_is_kept_under_its_name_and_replaced_under_the_same(client, owner):
    client.force_login(owner)
    answer = client.post("/searches/save", {"kind": "query", "name": "tables", "text": TEXT}, follow=True)
    kept = SavedSearch.objects.get(owner=owner)
    assert answer.redirect_chain == [(f"/query/?saved={kept.pk}", 302)]
    assert answer.context["query"] == TEXT
    assert len(answer.context["result"].rows) == 3
    client.post("/searches/save", {"kind": "query", "name": "tables", "text": TEXT.replace("3", "2")})
    assert [one.text for one in SavedSearch.objects.filter(owner=owner)] == [TEXT.replace("3", "2")]


def test_whoever_has_its_address_reads_it_but_only_its_owner_removes_it(client, owner):
    kept = SavedSearch.objects.create(owner=owner, name="mine", text=TEXT)
    assert client.get("/query/", {"saved": kept.pk}).context["query"] == TEXT
    assert client.post(f"/searches/{kept.pk}/forget")["Location"].startswith("/sign-in")
    client.force_login(User.objects.create_user("stranger"))
    assert not client.get("/query/").context["mine"]
    assert client.post(f"/searches/{kept.pk}/forget").status_code == 404
    client.force_login(owner)
    client.post(f"/searches/{kept.pk}/forget")
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize("values", [{"name": "", "text": TEXT}, {"name": "n" * 81, "text": TEXT}, {"name": "x"}])
def test_a_query_without_name_or_text_is_refused_with_the_reason(client, owner, values):
    client.force_login(owner)
    text = client.post("/searches/save", values | {"kind": "query"}, follow=True).content.decode()
    assert "The search is not saved" in text
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize("saved", ["0b9e8f52-0d7e-4f3c-9c56-ee31c0ffee00", "nonsense"])
def test_a_saved_query_that_is_not_there_is_not_found(client, saved):
    assert client.get("/query/", {"saved": saved}).status_code == 404


def test_the_editor_is_told_every_table_column_and_function(client):
    words = client.get("/query/words").json()
    columns = {one["name"]: one for one in words["tables"]["ztf.ztf_alerts"]["columns"]}
    assert columns["magpsf"]["unit"] == "mag"
    assert {"CONTAINS", "DISTANCE", "SQRT"} <= set(words["functions"])


def test_numbers_of_a_result_are_offered_for_the_plot_time_against_magnitude(client, sky):
    query = "SELECT TOP 50 objectid, candid, magpsf, jd, rb FROM ztf.ztf_alerts"
    plot = client.get("/query/", {"query": query}).context["plot"]
    assert (plot.x, plot.y) == ("jd", "magpsf")
    assert [one["name"] for one in plot.columns] == ["candid", "magpsf", "jd", "rb"]
    assert all(len(one["values"]) == 50 for one in plot.columns)
    assert None in next(one for one in plot.columns if one["name"] == "rb")["values"]


def test_what_has_one_column_of_numbers_has_no_plot(client, sky):
    assert client.get("/query/", {"query": "SELECT TOP 5 objectid, rb FROM ztf.ztf_alerts"}).context["plot"] is None
