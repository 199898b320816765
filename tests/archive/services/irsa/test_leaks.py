"""Nothing closed is seen through IRSA's interfaces: no row, count, byte, cutout, range or name in a folder."""

import csv
import io

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.models import RawImage, ScienceImage
from tests.archive.services.irsa.conftest import PARTNER, PASSWORD

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
DATA, PRODUCTS = "/ibe/data/ztf/products/", "/ibe/search/ztf/products/"
PROGRAMS = {"visitor": {1}, "partner": {1, 2}}


@pytest.fixture(scope="module")
def clients(archive):
    """A visitor, and a partner by IRSA's cookie."""
    made = {"visitor": Client(), "partner": Client()}
    made["partner"].get("/account/signon/login.do", {"josso_username": PARTNER, "josso_password": PASSWORD})
    return made


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def found(client, family, **parameters) -> list[dict]:
    text = body(client.get(PRODUCTS + family, {"ct": "csv", **parameters})).decode()
    return list(csv.DictReader(io.StringIO(text)))


CONDITIONS = st.sampled_from(
    ["", "field=655", "ipac_gid=2", "ipac_gid<>1", "ipac_pub_date IS NULL", "NOT (ipac_gid = 1)", "1=1 OR ipac_gid=2",
     "obsjd/(ipac_gid-2) > 0", "nid >= 1362", "expid*1e5 > 0"]
)  # fmt: skip
SHAPES = st.sampled_from([{}, {"POS": True}, {"POS": True, "mcen": "1"}, {"POS": True, "SIZE": "3"},
                          {"POS": True, "SIZE": "9", "INTERSECT": "ENCLOSED"}])  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(person=st.sampled_from(sorted(PROGRAMS)), family=st.sampled_from(["sci", "raw"]), where=CONDITIONS, shape=SHAPES)
def test_rows_are_those_of_the_readers_programs(clients, archive, person, family, where, shape):
    parameters = dict(shape) | {"WHERE": where}
    if parameters.get("POS"):
        parameters["POS"] = f"{archive.closed.ra},{archive.closed.dec}"
    model, key = (ScienceImage, "pid") if family == "sci" else (RawImage, "id")
    rows = {int(row["meta_id"]) for row in found(clients[person], family, **parameters)}
    allowed = set(model.objects.filter(programid__in=PROGRAMS[person]).values_list(key, flat=True))
    assert rows <= allowed
    if where in ("", "1=1 OR ipac_gid=2") and "POS" not in parameters:
        assert rows == allowed


def test_an_uploaded_table_finds_no_more(clients, archive):
    for person, count in (("visitor", 1), ("partner", 2)):
        file = io.BytesIO(f"ra,dec\n{archive.closed.ra},{archive.closed.dec}\n".encode())
        file.name = "places.csv"
        text = body(clients[person].post(f"{PRODUCTS}sci", {"POS": file, "ct": "csv"})).decode()
        assert len(text.splitlines()) == 1 + count


@pytest.mark.parametrize(("person", "status"), [("visitor", 404), ("partner", 200)])
def test_files_cutouts_and_ranges_are_as_absent_as_what_does_not_exist(clients, archive, person, status):
    client = clients[person]
    for name, file in archive.files.items():
        expected = 200 if not name.startswith("closed") else status
        assert client.get(DATA + file.path).status_code == expected, name
        assert client.head(DATA + file.path).status_code == expected
        part = client.get(DATA + file.path, headers={"Range": "bytes=0-9"})
        assert part.status_code == {200: 206, 404: 404}[expected]
        tagged = client.get(DATA + file.path, headers={"If-None-Match": f'"{file.sha256}"'})
        assert tagged.status_code == {200: 304, 404: 404}[expected]
        if name.endswith(("sciimg", "difference", "raw")):
            cut = client.get(DATA + file.path + "?center=10,10px&size=5px")
            assert cut.status_code == expected
            bad = client.get(DATA + file.path + "?center=10,10px&size=wrong")
            assert bad.status_code == {200: 400, 404: 404}[expected]


def test_a_hidden_file_answers_like_one_that_is_not_there(clients, archive):
    hidden = clients["visitor"].get(DATA + archive.files["closed sciimg"].path)
    absent = clients["visitor"].get(DATA + "sci/none/none.fits")
    assert hidden.content.replace(archive.files["closed sciimg"].path.encode(), b"") == absent.content.replace(
        b"sci/none/none.fits", b""
    )


def test_folders_do_not_name_what_is_hidden(clients, archive):
    path = archive.files["closed sciimg"].path
    folder = path.rsplit("/", 1)[0] + "/"
    assert clients["visitor"].get(DATA + folder).status_code == 404
    listed = clients["partner"].get(DATA + folder).content.decode()
    assert path.rsplit("/", 1)[1] in listed
    day = folder.split("/")[2]
    assert f'"{day}/"' not in clients["visitor"].get(DATA + "sci/2020/").content.decode()
    assert f'"{day}/"' in clients["partner"].get(DATA + "sci/2020/").content.decode()
