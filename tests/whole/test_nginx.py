"""nginx before the portal sends the files; the portal decides who gets them."""

import os
import subprocess
import time
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.db import connections

from archive.models import ProductFile
from deploy.machine import free_port
from tests import servers
from tests.servers import Client

pytestmark = pytest.mark.slow
CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"


@pytest.fixture(scope="module")
def front(small_archive, people, tmp_path_factory) -> str:
    """The address of nginx with the project's own example of a configuration."""
    folder = tmp_path_factory.mktemp("nginx")
    connections.close_all()
    with servers.portal(folder, ACCEL_REDIRECT="/tree/") as portal:
        listen = f"127.0.0.1:{free_port()}"
        values = {"FOLDER": str(folder), "LISTEN": listen, "PORTAL": portal, "ARCHIVE": str(settings.ARCHIVE_ROOT)}
        text = CONFIG.read_text()
        for name, value in values.items():
            text = text.replace(name, value)
        # Started as root nginx would send files as another user, who may not read a folder of ours.
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(user + text)
        server = subprocess.Popen(["/usr/sbin/nginx", "-c", folder / "nginx.conf", "-p", folder])
        try:
            _wait(f"http://{listen}/health")
            yield f"http://{listen}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait(address: str) -> None:
    for _ in range(100):
        try:
            requests.get(address, timeout=5).raise_for_status()
            return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError(f"nginx does not answer at {address}")


@pytest.fixture
def files():
    science = ProductFile.objects.filter(family="sci", suffix="sciimg.fits")
    return science.filter(programid=1).first(), science.filter(programid=2, public_date=None).first()


def test_a_file_comes_whole_and_in_part_from_nginx(front, files):
    public, _ = files
    client = Client(front)
    whole = client.get(f"/files/{public.path}")
    assert whole.status_code == 200 and len(whole.content) == public.size
    assert "X-Accel-Redirect" not in whole.headers and whole.headers["Content-Type"] == "application/fits"
    part = client.get(f"/files/{public.path}", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == whole.content[100:200]
    client.close()


def test_nginx_gives_nobody_what_the_portal_would_not(front, files):
    public, hidden = files
    visitor, partner = Client(front), Client(front, "partner", "partnerpartner")
    assert visitor.get(f"/files/{hidden.path}").status_code == 404
    assert len(partner.get(f"/files/{hidden.path}").content) == hidden.size
    assert {visitor.get(f"/tree/{file.path}").status_code for file in (public, hidden)} == {404}
    visitor.close()
    partner.close()
