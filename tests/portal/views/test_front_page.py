"""The front page's examples are places where there is an image that the reader sees."""

import pytest
from django.core.cache import cache

from portal.views.home import EXAMPLES
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture(scope="module")
def image(committed):
    """A public image, and a newer one elsewhere that is closed."""
    factories.science_image(factories.exposure(jd=factories.JD + 9, programid=2, public_date=None, ra=200.0, dec=5.0))
    return factories.science_image()


def test_without_images_there_are_examples_all_the_same(client):
    assert client.get("/").context["examples"] == EXAMPLES


def test_the_examples_find_the_newest_image_that_the_reader_sees(image, client):
    page = client.get("/")
    assert len(page.context["examples"]) == 2
    for place in page.context["examples"]:
        assert f"<code>{place}</code>" in page.content.decode()
        found = client.get("/api/images/", {"position": place}).json()
        assert [row["pid"] for row in found["results"]] == [image.pid], place
    assert client.get("/find", {"q": "nowhere"}).context["examples"] == page.context["examples"]
