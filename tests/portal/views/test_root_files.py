"""What browsers and crawlers ask for at the top without having been told: answered from files of ours."""

import io

import pytest
from PIL import Image

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def content(client, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_the_icon_is_one_that_every_browser_reads(client):
    icon = Image.open(io.BytesIO(content(client, "/favicon.ico")))
    assert icon.format == "ICO" and icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert client.head("/favicon.ico")["Content-Length"]


def test_crawlers_are_told_to_leave_searches_alone(client):
    lines = content(client, "/robots.txt").decode().splitlines()
    assert "User-agent: *" in lines and "Disallow: /" in lines and "Allow: /help/" in lines
    assert client.get("/robots.txt")["Content-Type"].startswith("text/plain")
