"""Pages of jobs whose result has become closed say so, where a link would answer 404."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive.models import ProductFile, QueryJob, UserJob
from archive.products import bundles
from archive.targets import bundle
from portal.views.products.product_rows import open_of
from processing.forced import jobs as forced
from tests import factories, leftovers

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
CLOSED = {"programid": 2, "public_date": None}
RESULTS = ("/result", "/results/result")


@pytest.fixture(scope="module")
def ordered(committed, archive_root):
    """A visitor with a finished job of each kind, made of one image that is open."""
    client = Client(headers={"host": "localhost"})

    def build() -> dict:
        try:
            return _build(client)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield client, pool.submit(build).result()
    leftovers.empty()


def _build(client: Client) -> dict:
    image = factories.science_image()
    file = factories.pixels(image, shape=(60, 60))
    place = f"{image.ra:.6f} {image.dec:.6f}"
    made = {"bundle": client.post(reverse("api-jobs"), {"pid": image.pid}).json()["id"]}
    made["cutouts"] = client.post(reverse("api-cutouts"), {"targets": place, "size": 0.005}).json()["id"]
    made["forced"] = client.post(reverse("api-forced"), {"position": place}).json()["jobs"][0]["id"]
    bundles.make(made["bundle"])
    bundle.make(made["cutouts"])
    job = UserJob.objects.get(pk=made["forced"])
    folder = forced._folder(job)
    folder.mkdir(parents=True)
    row = {"pid": image.pid, "jd": image.obsjd, "filter": "ZTF_r", "image": "science", "procstatus": "0", "reason": ""}
    row |= {"rfid": None, "forcediffimflux": 900.0, "forcediffimfluxunc": 30.0, "zpdiff": 26.0}
    (folder / "journal").write_text(json.dumps(row | {"forcediffimsnr": 30.0, "forcediffimchisq": 1.0}) + "\n")
    forced.make(made["forced"])
    client.post(reverse("query-order"), {"query": "SELECT pid FROM ztf.ztf_current_meta_sci", "format": "csv"})
    query = QueryJob.objects.latest("created")
    QueryJob.objects.filter(pk=query.pk).update(phase="COMPLETED", rests={"paths": [file.path]}, result="x.csv")
    return made | {"query": str(query.pk), "file": file.pk}


def pages(made: dict) -> list[str]:
    found = [reverse("job", args=[made[kind]]) for kind in ("bundle", "cutouts")]
    return [
        *found,
        reverse("forced-job", args=[made["forced"]]),
        reverse("query"),
        reverse("query-jobs"),
        reverse("jobs"),
    ]


def results_linked(client: Client, page: str) -> tuple[list[str], str]:
    """The links of a page to results of jobs, and its text."""
    answer = client.get(page)
    assert answer.status_code == 200, (page, answer.status_code)
    soup = BeautifulSoup(answer.content, "html.parser")
    links = [one["href"] for one in soup.select("a[href]") if one["href"].partition("?")[0].endswith(RESULTS)]
    return links, soup.get_text(" ", strip=True)


def test_every_link_to_a_result_is_answered_and_a_closed_result_has_none(ordered):
    client, made = ordered
    linked = {page: results_linked(client, page) for page in pages(made)}
    assert sum(bool(links) for links, _ in linked.values()) == 5, "all but the list of jobs, which has none"
    for page, (links, text) in linked.items():
        assert "not open to you any more" not in text and "not be open to you any more" not in text, page
        for link in links:
            if made["query"] not in link:  # whose table was not written
                assert client.get(link).status_code in (200, 302), link
    states = [client.get(reverse(name, args=[made[kind]])).json()["result"] for name, kind in API]
    assert all(states)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(_close, made["file"]).result()
    for page in pages(made):
        links, text = results_linked(client, page)
        assert links == [], page
        if page != reverse("jobs"):
            assert "open to you any more" in text, page
    assert [client.get(reverse(name, args=[made[kind]])).json()["result"] for name, kind in API] == [None] * 3
    assert client.get(reverse("job-result", args=[made["bundle"]])).status_code == 404


def test_a_list_whose_files_are_closed_offers_no_bundle_and_says_how_many_and_from_when(ordered):
    """Runs after the file was closed; the image's row is open."""
    client, _ = ordered
    search = reverse("images")
    page = client.get(search, {"field": 655}).content.decode()
    assert "No row on this page has files for you." in page and reverse("order-bundle") not in page
    later = timezone.now() + timedelta(days=30)
    rows = [SimpleNamespace(pk=n, public_date=date) for n, date in enumerate((None, later, later + timedelta(days=1)))]
    told = open_of(rows, {0: ["a file"]})
    assert (told.products, told.with_files, told.closed, told.next_date) == (3, 1, 2, later)


API = (("api-job", "bundle"), ("api-job", "cutouts"), ("api-forced-job", "forced"))


def _close(pk: int) -> None:
    ProductFile.objects.filter(pk=pk).update(**CLOSED)
    connections.close_all()
