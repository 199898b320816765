"""The link to the images of a release leads to just these."""

import re
from datetime import date, timedelta

import pytest

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NIGHT = date(2020, 9, 24)
HELD = 2  # images


@pytest.fixture(scope="module")
def releases(committed):
    """A public release of two nights, one of no science images, a frozen one; an image of a later night."""
    for day in (0, 1, 5):
        factories.science_image(factories.exposure(jd=factories.JD + day))
    for name, families in (("open", ["sci"]), ("light", ["lightcurve"]), ("closed", ["sci"])):
        release = Release.objects.create(
            name=name, title=name, first_night=NIGHT, last_night=NIGHT + timedelta(days=1), families=families
        )
        release.programs.set([1])
        freeze(release, Actor("test"))
        if name != "closed":
            factories.put_release(name, state=Release.State.PUBLIC, published=factories.PUBLIC["public_date"])


def links(client, name: str) -> tuple[list[str], dict]:
    page = client.get(f"/releases/{name}/")
    assert page.status_code == 200
    text = page.content.decode()
    return re.findall(r'href="(/images/[^"]*)">Images of this release<', text), page.context["holdings"]


def test_the_link_finds_as_many_images_as_the_release_holds(releases, client):
    (link,), holdings = links(client, "open")
    count = client.get(f"{link}&format=json").json()["count"]
    assert count == holdings["science images"] == HELD
    assert client.get("/images/?format=json").json()["count"] == HELD + 1


@pytest.mark.parametrize("name", ["light", "closed"])
def test_there_is_no_link_where_it_would_find_nothing(releases, client, admin_client, name):
    found, _ = links(admin_client, name)
    assert found == []


def test_releases_are_searched_as_other_rows_are(releases, client, admin_client):
    page = client.get("/releases/")
    assert [row.label for row in page.context["table"].rows] == ["light", "open"]
    first = page.context["table"].rows[1]
    assert [cell.text for cell in first.cells] == [
        "open", "2020-09-24", "2020-09-25", "public", "science images and catalogs", "public",
    ]  # fmt: skip
    rows = client.get("/releases/", {"holds": "sci", "night": "2020-09-25", "format": "json"}).json()["rows"]
    assert [(row["name"], row["families"]) for row in rows] == [("open", "science images and catalogs")]
    chips = client.get("/releases/", {"holds": "lightcurve"}).context["chips"]
    assert [(chip.label, chip.text) for chip in chips] == [("Holds", "light curves")]
    assert [row.label for row in client.get("/releases/", {"order": "-name"}).context["table"].rows] == [
        "open",
        "light",
    ]
    for asked in ({"night": "2020-09-26"}, {"programid": 2}):
        assert "No release matches" in client.get("/releases/", asked).content.decode(), asked
    assert [row.label for row in admin_client.get("/releases/").context["table"].rows] == ["closed", "light", "open"]


@pytest.mark.parametrize("asked", [{"order": "programs"}, {"columns": "notes"}, {"holds": "moon"}, {"nights": "1"}])
def test_what_releases_do_not_have_is_refused(releases, client, asked):
    assert client.get("/releases/", asked).status_code == 400
    assert client.get("/releases/", asked | {"format": "csv"}).status_code == 400
