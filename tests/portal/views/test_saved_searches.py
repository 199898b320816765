"""Searches that are kept under a name: each person's own, of every kind, bounded; opened as they were."""

import pytest
from django.contrib.auth.models import User
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
    assert "you have 2, as many as are kept" in answer.content.decode() and SavedSearch.objects.count() == 2
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
    assert "The search is not saved" in save(client, **values).content.decode()
    assert not SavedSearch.objects.exists()
