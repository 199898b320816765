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
