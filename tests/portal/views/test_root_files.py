"""What browsers and crawlers ask for at the top without having been told: answered from files of ours."""

import io
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from PIL import Image

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def content(client, path: str) -> bytes:
    answer = client.get(path)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_the_icon_is_one_that_every_browser_reads(client):
    icon = Image.open(io.BytesIO(content(client, "/favicon.ico")))
    assert icon.format == "ICO" and icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}
    assert client.head("/favicon.ico")["Content-Length"]


def test_crawlers_are_told_to_leave_searches_alone_and_where_the_sitemap_is(client):
    answer = client.get("/robots.txt")
    lines = answer.content.decode().splitlines()
    assert "User-agent: *" in lines and "Disallow: /" in lines and "Allow: /help/" in lines
    assert "Sitemap: http://testserver/sitemap.xml" in lines
    assert answer["Content-Type"].startswith("text/plain")


def test_the_sitemap_has_nothing_but_pages_that_crawlers_may_read(client):
    answer = client.get("/sitemap.xml")
    assert answer["Content-Type"].startswith("application/xml") and not answer.cookies
    listed = [one.text for one in ElementTree.fromstring(answer.content).iter(f"{SITEMAP}loc")]
    robots = RobotFileParser()
    robots.parse(client.get("/robots.txt").content.decode().splitlines())
    assert "http://testserver/help/guide/search.html" in listed
    lines = client.get("/robots.txt").content.decode().splitlines()
    whole = {f"http://testserver{line[7:-1]}" for line in lines if line.startswith("Allow: ") and line.endswith("$")}
    # Python's parser does not know that $ ends an address
    assert whole < set(listed) and all(robots.can_fetch("Googlebot", one) for one in set(listed) - whole)
    assert all(client.get(one.removeprefix("http://testserver")).status_code == 200 for one in listed)


def test_a_shared_page_has_a_title_a_sentence_and_a_picture(client):
    page = BeautifulSoup(client.get("/releases/").content, "html.parser")
    told = {one["property"]: one["content"] for one in page.find_all("meta", property=True)}
    assert told["og:title"] == page.title.text == "Releases · ZTF archive"
    assert told["og:description"] == page.find("meta", attrs={"name": "description"})["content"]
    answer = client.get(told["og:image"].removeprefix("http://testserver"))
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.format == "PNG" and picture.size == (1200, 630) and len(answer.content) < 100_000
    assert "public" in answer["Cache-Control"]
