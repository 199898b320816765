"""Regions of searches: chips, one address for page, formats and REST, and MOCs and lists that come as files."""

import gzip
import io
import json

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from mocpy import MOC

from archive.sky.regions import MOST_CELLS, read_region
from tests import factories
from tests.archive.sky.test_skymaps import of_cells

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SMALL = "6/1-40 77 9/100000-100200"
SMALL_NORMAL = "4/1 5/1-3 8-9 6/1-3 40 77 1563-1564 7/6250-6251 6260-6261 8/25048-25049 9/100200"


@pytest.fixture(scope="module")
def images(committed):
    cache.clear()
    made = [
        factories.science_image(factories.exposure(jd=factories.JD + k, ra=51.3 + 3 * k, dec=18.9)) for k in range(3)
    ]
    closed = factories.exposure(jd=factories.JD + 9, ra=51.3, dec=18.9, programid=2, public_date=None)
    factories.science_image(closed)
    return made


def sent(client, content: bytes, **asked):
    file = SimpleUploadedFile("region", content)
    return client.post(reverse("region"), {"to": "images", "query": "", "upload": file} | asked, follow=True)


def fits(moc: MOC) -> bytes:
    buffer = io.BytesIO()
    moc.serialize("fits").writeto(buffer)
    return buffer.getvalue()


def test_the_page_its_formats_and_rest_find_the_same_in_a_region(client, images):
    one = images[1]
    region = " ".join(f"{ra:.4f} {dec:.4f}" for ra, dec in one.corners)
    asked = {"region": f"polygon {region}"}
    page = client.get("/images/", asked)
    assert [int(row.label) for row in page.context["table"].rows] == [one.pid]
    assert [row["pid"] for row in client.get("/images/", asked | {"format": "json"}).json()["rows"]] == [one.pid]
    assert [row["pid"] for row in client.get(reverse("api-images"), asked).json()["results"]] == [one.pid]
    assert client.get(reverse("script", args=["curl"]), asked).status_code == 200
    chips = page.context["chips"]
    assert chips[0].label == "Region" and chips[0].text.startswith("polygon of 4 corners around")
    assert client.get("/images/" + chips[0].remove).context["page"].paginator.count == 3


@pytest.mark.parametrize("form", ["fits", "json", "ascii", "commas", "packed fits", "packed ascii"])
def test_a_moc_in_any_form_becomes_the_region_of_the_search(client, images, form):
    moc = MOC.from_string(SMALL, "ascii")
    content = {
        "fits": lambda: fits(moc), "json": lambda: json.dumps(moc.serialize("json")).encode(),
        "ascii": lambda: moc.to_string("ascii").encode(), "commas": lambda: b"6/1-40,77 9/100000-100200",
        "packed fits": lambda: gzip.compress(fits(moc)), "packed ascii": lambda: gzip.compress(SMALL.encode()),
    }[form]()  # fmt: skip
    page = sent(client, content, query="field=655&page=2")
    chip = next(one for one in page.context["chips"] if one.label == "Region")
    assert chip.text == f"MOC of {len(read_region(f'MOC {SMALL_NORMAL}').pieces)} cells"
    assert page.request["QUERY_STRING"].startswith("field=655&region=MOC+4%2F1+5%2F1-3+8-9+6%2F1-3+40+77")


def test_a_moc_of_many_cells_is_made_coarser_and_that_is_said(client, images):
    moc = MOC.from_string(f"9/{' '.join(str(4 * n) for n in range(20_000))}", "ascii")
    page = sent(client, fits(moc))
    assert "is searched at order" in page.content.decode()
    assert len(read_region(page.wsgi_request.GET["region"]).pieces) <= MOST_CELLS


def test_a_list_of_positions_becomes_a_region(client, images):
    places = "".join(f"{one.ra:.5f},{one.dec:.5f}\n" for one in images[:2])
    page = sent(client, b"ra,dec\n" + places.encode())
    assert sorted(int(row.label) for row in page.context["table"].rows) == sorted(one.pid for one in images[:2])
    assert page.context["chips"][0].text == "2 positions"
    packed = sent(client, gzip.compress(b"ra,dec\n" + places.encode()))
    assert packed.context["chips"][0].text == "2 positions"
    alone = sent(client, f"{images[0].ra} {images[0].dec}\n".encode(), to="objects")
    assert alone.status_code == 200 and "region=POSITIONS" in alone.request["QUERY_STRING"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"{]", "no MOC that can be read"), (b"3/999999", "no MOC that can be read"), (b"{}", "empty"),
        (b"\x00\x01\x02", "upload"), (b"ra,dec\n" + b"10,20\n" * 301, "more than 300"), (b"PK\x03\x04", "ZIP"),
        (of_cells([4], [3 / 3.14159]), "it is a map of probability"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_region_is_refused_in_words(client, images, content, word):
    answer = sent(client, content)
    assert answer.status_code == 400 and word in answer.content.decode()


def test_a_search_that_is_none_is_refused(client, images):
    assert sent(client, b"1 2", to="moon").status_code == 400
    assert client.get(reverse("region")).status_code == 405


def test_the_page_of_ones_region_has_rows_only_for_what_is_posted(client, images):
    assert client.get(reverse("sky-region")).status_code == 200
    answer = client.get(reverse("sky-region"), {"format": "csv"})
    assert answer.status_code == 400 and "format: of a region that is posted" in answer.json()["detail"]
    region = " ".join(MOC.from_string("3/0-767", "ascii").to_string("ascii").split())
    page = client.post(reverse("sky-region"), {"upload": SimpleUploadedFile("all.txt", region.encode())})
    assert page.status_code == 200 and "0.23° (HEALPix order 8)" in page.content.decode()


@pytest.mark.parametrize("search", ["images", "alerts", "objects"])
def test_a_region_that_cannot_be_read_is_refused_by_every_search(client, images, search):
    for form in ("html", "json"):
        answer = client.get(reverse(search), {"region": "CIRCLE 1 2", "format": form})
        assert answer.status_code == 400 and "radius" in answer.content.decode()


def test_objects_and_alerts_take_regions(client, images):
    for search in ("objects", "alerts"):
        page = client.get(reverse(search), {"region": "CIRCLE 51.3 18.9 1"})
        assert page.status_code == 200 and page.context["chips"][0].text == "circle of 1° around 51.3 18.9"
