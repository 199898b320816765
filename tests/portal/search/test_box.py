"""The search box: what is typed leads to its page, several readings are a choice, the rest is explained."""

from datetime import date

import pytest
from django.core.cache import cache

from archive.models import Release
from archive.survey.identifiers import nid_of_date
from portal.search.box import UNDERSTOOD, pages_for
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def image(committed):
    cache.clear()
    return factories.science_image()


def found(client, text: str) -> str:
    answer = client.get("/find", {"q": text})
    assert answer.status_code == 302, answer.context["error"]
    return answer["Location"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("557", "/images/?field=557"),
        ("field 557", "/images/?field=557"),
        ("Field #557", "/images/?field=557"),
        ("2026-10-27", f"/images/?nid={nid_of_date(date(2026, 10, 27))}"),
        ("night of 2026-10-27", f"/images/?nid={nid_of_date(date(2026, 10, 27))}"),
        ("20261027", f"/images/?nid={nid_of_date(date(2026, 10, 27))}"),
        ("M 31", "/images/?position=M+31"),
        ("(1) Ceres", "/moving/?name=%281%29+Ceres"),
        ("10.68 41.27; 11.5 42.1", "/images/list?targets=10.68+41.27%0A11.5+42.1"),
        ("M 31\nM 33", "/images/list?targets=M+31%0AM+33"),
        ("57.95;35.75", "/images/?position=57.95%3B35.75"),
    ],
)
def test_what_is_typed_leads_to_its_page(client, text, address):
    assert found(client, text) == address


def test_numbers_lead_to_what_bears_them(client, image):
    assert found(client, str(image.pid)) == f"/images/{image.pid}/"
    assert found(client, str(image.exposure_id)) == f"/images/?expid={image.exposure_id}"


def test_a_release_is_found_by_its_name_in_any_case():
    Release.objects.create(name="dr9", title="Nine", first_night="2020-01-01", last_night="2020-02-01")
    factories.put_release("dr9", state=Release.State.PUBLIC)
    assert [page.url for page in pages_for("DR 9")] == ["/releases/dr9/"]
    assert [page.url for page in pages_for("dr9")] == ["/releases/dr9/"]


def test_a_number_of_several_things_is_a_choice(client):
    page = client.get("/find", {"q": "16"})  # a field, and an asteroid
    assert page.status_code == 200
    assert [one.name for one in page.context["readings"]] == ["images", "moving"]
    text = page.content.decode()
    assert "/images/?field=16" in text and "/moving/?name=16" in text


@pytest.mark.parametrize(
    ("text", "word"),
    [("field 9999", "grid"), ("2026-13-45", "no such date"), ("1999-01-01", "2017"), ("xyzzy plugh", "not known"),
     ("10 41; nowhere at all", "nowhere at all"), ("10 41; 1 Ceres", "moving object"),
     (";".join(["10 41"] * 101), "at most 100")],
)  # fmt: skip
def test_what_is_not_understood_is_explained(client, text, word):
    page = client.get("/find", {"q": text})
    assert page.status_code == 404 and word in page.context["error"], page.context["error"]


def test_what_the_box_says_that_it_understands_it_does():
    """The examples in the sentence itself are read."""
    assert "field 557" in UNDERSTOOD and pages_for("field 557")
    assert "2026-10-27" in UNDERSTOOD and pages_for("2026-10-27")
    assert "10.68 41.27" in UNDERSTOOD and pages_for("10.68 41.27")
    assert "00:42:44 +41:16:09" in UNDERSTOOD and pages_for("00:42:44 +41:16:09")


def kinds(client, text: str) -> dict[str, list[str]]:
    answer = client.get("/suggestions", {"q": text}).json()
    made: dict[str, list[str]] = {}
    for one in answer["suggestions"]:
        made.setdefault(one["kind"], []).append(one["label"])
    return made


def test_suggestions_are_readings_names_pages_and_columns(client):
    assert kinds(client, "557")["Images"] == ["557"]
    assert "Andromeda Galaxy" in kinds(client, "andro")["Name"]
    assert kinds(client, "10 Hy")["Name"] == ["10 Hygiea"]
    assert "Alerts" in kinds(client, "alerts")["Page"]
    assert any(label.endswith(".seeing") for label in kinds(client, "seein")["Column"])
    assert {"Images", "Light curves", "Alerts", "Cutouts"} <= set(kinds(client, "M 31"))


def test_every_suggestion_is_an_address_that_answers(client, image):
    for text in ("", "557", "16", "M 31", "see", "query", str(image.pid)):
        for one in client.get("/suggestions", {"q": text}).json()["suggestions"]:
            assert client.get(one["url"]).status_code == 200, one


def test_pages_of_staff_are_suggested_to_staff_only(client, admin_client):
    assert "Nights" not in kinds(client, "night").get("Page", [])
    assert "Nights" in kinds(admin_client, "night")["Page"]


def test_a_half_word_is_never_sent_elsewhere(client, settings, monkeypatch):
    asked = []
    settings.SESAME_SERVERS = ["http://127.0.0.1:9/"]
    monkeypatch.setattr("archive.search.name_services.name_resolve.get_icrs_coordinates", asked.append)
    client.get("/suggestions", {"q": "Barnard's st"})
    assert asked == []


def test_without_a_suggestion_the_reason_is_said(client):
    assert "grid" in client.get("/suggestions", {"q": "field 9999"}).json()["said"]
    assert len(client.get("/suggestions", {"q": "a" * 100_000}).json()["said"]) < 5000


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"position": "10 41", "radius": "100"}, "give at most 90"), ({"qid": "0"}, "give at least 1"),
     ({"seeing": "-1"}, "give at least 0")],
)  # fmt: skip
def test_a_number_out_of_range_says_what_would_be_right(client, asked, words):
    detail = client.get("/images/", asked | {"format": "json"}).json()["detail"]
    name = list(asked)[-1]
    assert detail.startswith(f"{name}='{asked[name]}'") and words in detail
