"""Searches that are kept under a name: each person's own, of every kind, bounded; opened as they were."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archive.models import SavedSearch

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SEARCHES = {
    "images": "field=655&infobits=no-psf&infobits=seeing-high",
    "alerts": "rb=0.9",
    "objects": "where=nobs+%3E+3",
    "moving": "name=310",
}


@pytest.fixture
def owner():
    return User.objects.create_user("keeper")


def save(client, **values):
    return client.post(reverse("save-search"), values, follow=True)


@pytest.mark.parametrize("kind", SEARCHES)
def test_a_search_is_saved_listed_opened_and_removed(client, owner, kind):
    client.force_login(owner)
    answer = save(client, kind=kind, name=f"my {kind}", text=SEARCHES[kind] + "&page=3")
    assert answer.status_code == 200 and answer.redirect_chain == [(f"{reverse(kind)}?{SEARCHES[kind]}", 302)]
    (kept,) = client.get(reverse("saved-searches")).context["kept"]
    assert (kept["search"].name, kept["url"]) == (f"my {kind}", f"{reverse(kind)}?{SEARCHES[kind]}")
    save(client, kind=kind, name=f"my {kind}", text=SEARCHES[kind])
    assert SavedSearch.objects.count() == 1
    client.post(reverse("forget-search", args=[kept["search"].pk]))
    assert not SavedSearch.objects.exists()


def test_searches_of_different_kinds_have_the_same_name(client, owner):
    client.force_login(owner)
    for kind, text in SEARCHES.items():
        save(client, kind=kind, name="mine", text=text)
    save(client, kind="images", name="mine", text="field=656")
    kept = dict(SavedSearch.objects.values_list("kind", "text"))
    assert kept == {**SEARCHES, "images": "field=656"}


def test_searches_are_counted_one_request_at_a_time(client, owner):
    client.force_login(owner)
    with CaptureQueriesContext(connection) as asked:
        save(client, kind="images", name="mine", text="field=655")
    queries = [one["sql"] for one in asked]
    locked = next(k for k, sql in enumerate(queries) if sql.endswith("FOR NO KEY UPDATE"))
    assert locked < next(k for k, sql in enumerate(queries) if "COUNT(*)" in sql and "savedsearch" in sql)


def test_nobody_sees_or_removes_another_persons_searches(client, owner):
    kept = SavedSearch.objects.create(owner=owner, kind="images", name="where nobody looks", text="field=655")
    forget = reverse("forget-search", args=[kept.pk])
    for stranger in (None, User.objects.create_user("stranger"), User.objects.create_superuser("head")):
        if stranger is not None:
            client.force_login(stranger)
        page = client.get(reverse("saved-searches"))
        assert "where nobody looks" not in page.content.decode() and page["Cache-Control"].startswith("max-age=0")
        assert client.post(forget).status_code == (302 if stranger is None else 404)
        assert client.get(reverse("query"), {"saved": kept.pk}).status_code == 404  # no query: its id shows nothing
    assert SavedSearch.objects.filter(pk=kept.pk).exists()
    assert client.get(forget).status_code == 405


def test_visitors_are_led_to_sign_in_and_keep_nothing(client):
    assert save(client, kind="images", name="x", text="field=1").redirect_chain[0][0].startswith("/sign-in/")
    assert not SavedSearch.objects.exists()


def test_as_many_as_are_bounded_are_kept(client, owner, monkeypatch):
    monkeypatch.setattr(SavedSearch, "MOST", 2)
    client.force_login(owner)
    for n in range(3):
        answer = save(client, kind="alerts", name=f"number {n}", text="rb=0.5")
    text = answer.content.decode()
    assert answer.status_code == 409 and "you have 2, as many as are kept" in text and ">rb=0.5</textarea>" in text
    assert SavedSearch.objects.count() == 2
    save(client, kind="alerts", name="number 1", text="rb=0.7")  # one that is there is replaced
    assert SavedSearch.objects.get(name="number 1").text == "rb=0.7"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "jobs", "name": "x", "text": "field=1"},
        {"kind": "images", "name": "", "text": "field=1"},
        {"kind": "images", "name": "x", "text": "page=2"},
        {"kind": "images", "name": "x", "text": ""},
        {"kind": "images", "name": "n" * 81, "text": "field=1"},
    ],
)
def test_what_cannot_be_saved_is_refused_with_the_reason(client, owner, values):
    client.force_login(owner)
    answer = save(client, **values)
    assert answer.status_code == 400 and "The search is not saved" in answer.content.decode()
    assert not SavedSearch.objects.exists()
    for name in ("kind", "name", "text"):  # what was typed is there, to be tried again
        assert answer.context["refused"][name].value() == values[name]
