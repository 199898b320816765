"""One query, one answer: the page, its JSON and CSV, REST, the download script and the bundle give the same images."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.files import storage
from archive.models import Exposure, ProductFile, UserJob
from archive.products import bundles
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ZERO = {"ra": 0.0, "dec": 0.0}


@pytest.fixture(scope="module")
def images(committed, archive_root):
    """Images around (0, 0), elsewhere, of all kinds of zeros, each with one file; their paths by pid."""
    made, files = [], {}
    for number, (ra, dec) in enumerate([(0.0, 0.0), (0.0, 40.0), (120.0, 0.0), (55.0, 33.0)]):
        exposure = factories.exposure(jd=factories.JD + number, ra=ra, dec=dec, field=number, airmass=1.0 + number)
        for rcid in (0, 50):
            image = factories.science_image(
                exposure, rcid, seeing=0.0 if rcid == 0 else 2.0, maglimit=float(20 * number)
            )
            made.append(image)
            path = f"sci/same/{image.pid}.fits"
            target = storage.absolute(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"%d" % image.pid)
            files[image.pid] = factories.product_file(path=path, family="sci", product_id=image.pid)
    yield made
    ProductFile.objects.filter(pk__in=[one.pk for one in files.values()]).delete()
    Exposure.objects.all().delete()
    UserJob.objects.all().delete()


PLACES = st.sampled_from(
    [{}, {"position": "0 0"}, ZERO, {"ra": 0, "dec": 40}, {"position": "120.0 0.0"}, {"ra": "360", "dec": "0"}]
)
REGIONS = st.sampled_from([{}, {"radius": 2}, {"width": 0}, {"width": 3, "height": 1}])
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "seeing": st.sampled_from([0, 0.0, 1, 2.0]),
        "maglimit": st.sampled_from([0, 20, 40.0]),
        "programid": st.sampled_from([0, 1]),
        "field": st.sampled_from([0, 1, 3]),
        "rcid": st.sampled_from([0, 50]),
        "good": st.sampled_from(["0", "no", "true", "on"]),
        "where": st.sampled_from(["airmass < 2.5", "seeing = 0"]),
        "since": st.sampled_from(["2020-01-01", "2030-01-01"]),
        "rfid": st.just(0),
        "pid": st.just(0),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=PLACES, region=REGIONS, others=OTHERS)
def test_every_way_to_ask_gives_the_same_images(images, place, region, others):
    asked = place | (region if place else {}) | others
    client = Client(raise_request_exception=False)
    page = client.get("/images/", asked | {"format": "json"})
    rest = client.get("/api/images/", asked)
    assert (page.status_code == 200) == (rest.status_code == 200), (page.content, rest.content)
    if page.status_code != 200:  # refused, and with the same sentence
        assert page.status_code == rest.status_code == 400
        assert page.json()["detail"] == rest.json()["detail"]
        return
    pids = sorted(row["pid"] for row in page.json()["rows"])
    assert sorted(row["pid"] for row in rest.json()["results"]) == pids
    table = csv.DictReader(io.StringIO(client.get("/images/", asked | {"format": "csv"}).content.decode()))
    assert sorted(int(row["pid"]) for row in table) == pids
    script = b"".join(client.get("/images/script/curl", asked)).decode()
    assert sorted({int(one) for one in re.findall(r"sci/same/(\d+)\.fits", script)}) == pids
    assert client.get("/images/", asked).context["page"].paginator.count == len(pids)
    if not any(name not in ("where", "good") or value for name, value in asked.items()):
        return
    ordered = client.post("/api/jobs/", asked)
    if ordered.status_code == 201:
        job = UserJob.objects.get(pk=ordered.json()["id"])
        assert sorted(file.product_id for file in bundles.files_of(job.parameters)) == pids
        job.delete()
    else:
        assert ordered.status_code == 400 and "empty" in ordered.json()["detail"]


@pytest.mark.parametrize("name", ["radius", "width", "height", "intersect"])
def test_a_region_without_a_position_is_refused_everywhere(images, name):
    value = "COVERS" if name == "intersect" else "1"
    client = Client()
    for path in ("/images/", "/api/images/", "/images/script/curl", "/quality/", "/sky/", "/cutouts/"):
        answer = client.get(path, {name: value, **({"width": "1"} if name == "height" else {})})
        assert answer.status_code == 400, path


def test_a_position_is_given_in_one_way(images):
    for path in ("/images/", "/api/images/"):
        assert Client().get(path, {"position": "0 0", "ra": "0", "dec": "0"}).status_code == 400
        assert Client().get(path, {"ra": "0"}).status_code == 400
        assert Client().get(path, {"radius": "1", "width": "1", "position": "0 0"}).status_code == 400


def test_a_page_that_there_is_not_is_refused(images):
    for text in ("0", "-1", "two", "99", "1.0", "²"):
        for path in ("/images/", "/alerts/", "/sky/"):
            assert Client().get(path, {"page": text}).status_code == 400, (path, text)
    assert Client().get("/images/", {"page": "1"}).status_code == 200


def test_alerts_refuse_what_they_do_not_know():
    for asked in ({"ssnamenr": "32450"}, {"ra": "1", "dec": "2"}, {"where": "nosuch > 0.5"}, {"radius": "1"}):
        for path in ("/alerts/", "/api/alerts/"):
            answer = Client().get(path, asked)
            assert answer.status_code == 400, (path, asked)
            assert next(iter(asked)) in answer.content.decode()


def test_another_format_of_rest_is_refused_with_its_address(images):
    answer = Client().get("/api/images/", {"field": 3, "format": "csv", "page_size": 1})
    assert answer.status_code == 400 and "application/problem+json" in answer["Content-Type"]
    address = re.search(r"http://testserver(\S+)", answer.json()["detail"])[1]
    rows = list(csv.DictReader(io.StringIO(Client().get(address).content.decode())))
    assert {row["field"] for row in rows} == {"3"} and len(rows) == 2
    assert Client().get("/api/images/", {"format": "json"}).status_code == 200
