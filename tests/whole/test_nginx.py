"""nginx before the portal sends the files; the portal decides who gets them."""

import pytest
from django.conf import settings
from django.db import connections

from archive.models import ProductFile
from tests import servers
from tests.servers import Client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def front(small_archive, people, tmp_path_factory):
    """nginx with the project's own example of a configuration."""
    folder = tmp_path_factory.mktemp("nginx")
    connections.close_all()
    # As root nginx would send files as another user, who may not read a folder of the tests.
    options = {"HTTPS": "1", "PROXIES": "1", "ACCEL_REDIRECT": "/tree/"}
    with (
        servers.portal(folder, **options) as portal,
        servers.nginx(folder, portal, settings.ARCHIVE_ROOT, user="root") as front,
    ):
        yield front


def person(front: servers.Front, *credentials: str) -> Client:
    return Client(front.address, *credentials, verify=front.certificate)


@pytest.fixture
def files():
    science = ProductFile.objects.filter(family="sci", suffix="sciimg.fits")
    return science.filter(programid=1).first(), science.filter(programid=2, public_date=None).first()


def test_a_file_comes_whole_and_in_part_from_nginx(front, files):
    public, _ = files
    client = person(front)
    whole = client.get(f"/files/{public.path}")
    assert whole.status_code == 200 and len(whole.content) == public.size
    assert "X-Accel-Redirect" not in whole.headers and whole.headers["Content-Type"] == "application/fits"
    part = client.get(f"/files/{public.path}", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == whole.content[100:200]
    client.close()


def test_nginx_gives_nobody_what_the_portal_would_not(front, files):
    public, hidden = files
    visitor, partner = person(front), person(front, "partner", "partnerpartner")
    assert visitor.get(f"/files/{hidden.path}").status_code == 404
    assert len(partner.get(f"/files/{hidden.path}").content) == hidden.size
    assert {visitor.get(f"/tree/{file.path}").status_code for file in (public, hidden)} == {404}
    visitor.close()
    partner.close()
