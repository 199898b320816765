"""REST: the pages' verbs for programs."""

import base64
import io

import fastavro
import pytest
from astropy.io import fits
from django.contrib.auth.models import User
from django.test import Client

from archive.files import storage
from archive.models import Alert, Exposure, Membership, ProductFile, ReferenceImage, UserJob
from archive.products import bundles
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PASSWORD = "a long password of a partner"


@pytest.fixture(scope="module")
def archive(committed, archive_root):
    """Three images of one exposure (one closed), a reference, an alert with its packet, and a partner."""
    exposure = factories.exposure()
    image = factories.science_image(exposure, 50)
    factories.science_image(exposure, 49)
    closed = factories.science_image(exposure, 51, programid=2, public_date=None)
    reference = factories.reference_image()
    files = [factories.pixels(image), _packet()]
    alert = Alert.objects.create(
        candid=1, objectid="ZTF20abcdefg", pid=image.pid, jd=factories.JD, nid=1362, fid=2, ra=image.ra, dec=image.dec,
        magpsf=18.5, sigmapsf=0.1, isdiffpos=True, rb=0.9, packet=files[1], packet_index=0, **factories.PUBLIC,
    )  # fmt: skip
    partner = User.objects.create_user("api-partner", password=PASSWORD)
    Membership.objects.create(user=partner, program_id=2)
    yield {"image": image, "closed": closed, "reference": reference, "alert": alert}
    alert.delete()
    ProductFile.objects.filter(pk__in=[file.pk for file in files]).delete()
    Exposure.objects.all().delete()
    ReferenceImage.objects.filter(pk=reference.pk).delete()
    UserJob.objects.all().delete()
    partner.delete()


def _packet() -> ProductFile:
    schema = {"type": "record", "name": "alert", "fields": [{"name": "objectId", "type": "string"}]}
    schema["fields"].append({"name": "cutoutScience", "type": "bytes"})
    candidate = {"type": "record", "name": "candidate", "fields": [{"name": "candid", "type": "long"}]}
    schema["fields"].append({"name": "candidate", "type": candidate})
    path = "alert/api/one.avro"
    with storage.new_file(path) as temporary, temporary.open("wb") as file:
        fastavro.writer(
            file, schema, [{"objectId": "ZTF20abcdefg", "cutoutScience": b"pixels", "candidate": {"candid": 1}}]
        )
    return factories.product_file(path=path, family="alert", suffix="alerts.avro")


def as_partner() -> Client:
    secret = base64.b64encode(f"api-partner:{PASSWORD}".encode()).decode()
    return Client(headers={"Authorization": f"Basic {secret}"})


def test_images_are_searched_and_paged_with_links(client, archive):
    first = client.get("/api/images/", {"field": 655, "page_size": 1, "order": "rcid"}).json()
    assert first["count"] == 2
    assert first["previous"] is None
    assert first["results"][0]["rcid"] == 49
    second = client.get(first["next"]).json()
    assert second["next"] is None
    assert second["results"][0]["pid"] == archive["image"].pid
    assert second["results"][0]["obsdate"].endswith("Z")


def test_ra_and_dec_find_the_image_that_covers_the_place_as_does_a_position(client, archive):
    image = archive["image"]
    by_numbers = client.get("/api/images/", {"ra": image.ra, "dec": image.dec}).json()
    by_text = client.get("/api/images/", {"position": f"{image.ra} {image.dec}"}).json()
    assert [row["pid"] for row in by_numbers["results"]] == [image.pid]
    assert by_numbers["results"] == by_text["results"]
    assert client.get("/api/images/", {"family": "ref", "field": 655}).json()["count"] == 1


def test_name_and_password_show_what_their_owner_may_see(client, archive):
    closed = f"/api/images/{archive['closed'].pid}/"
    assert client.get(closed).status_code == 404
    assert as_partner().get(closed).json()["pid"] == archive["closed"].pid
    assert as_partner().get("/api/images/", {"field": 655}).json()["count"] == 3
    wrong = Client(headers={"Authorization": "Basic " + base64.b64encode(b"api-partner:no").decode()})
    assert wrong.get(closed).status_code == 401


def test_rights_end_with_the_request_that_had_them(archive):
    partner, visitor = as_partner(), Client()
    for _ in range(3):
        assert partner.get("/api/images/", {"field": 655}).json()["count"] == 3
        assert visitor.get("/api/images/", {"field": 655}).json()["count"] == 2


def test_a_changed_password_is_refused_at_once(archive):
    assert as_partner().get("/api/images/").status_code == 200
    user = User.objects.get(username="api-partner")
    try:
        user.set_password("another")
        user.save()
        assert as_partner().get("/api/images/").status_code == 401
    finally:
        user.set_password(PASSWORD)
        user.save()


def test_one_image_comes_with_its_files_and_references_and_its_cutout_is_fits(client, archive):
    image = archive["image"]
    body = client.get(f"/api/images/{image.pid}/").json()
    assert [one["rfid"] for one in body["references"]] == [archive["reference"].rfid]
    assert body["files"][0]["url"].endswith(f"/files/sci/test/{image.pid}_sciimg.fits")
    place = {"ra": image.ra, "dec": image.dec, "size": 0.01}
    answer = client.get(body["cutout"], place, headers={"Accept": "application/fits"})
    assert answer["Content-Type"] == "application/fits"
    with fits.open(io.BytesIO(answer.content)) as hdus:
        assert hdus[0].data.shape == (36, 36)
    assert client.get(f"/api/references/{archive['reference'].rfid}/").json()["inputs"] == []


def test_alerts_are_searched_and_one_packet_is_json_without_stamps(client, archive):
    rows = client.get("/api/alerts/", {"objectid": "ZTF20abcdefg"}).json()["results"]
    assert [row["candid"] for row in rows] == [1]
    packet = client.get("/api/alerts/1/").json()
    assert packet["objectId"] == "ZTF20abcdefg"
    assert "cutoutScience" not in packet
    assert packet["links"]["science"].endswith("/alerts/1/science.png")


def test_names_resolve(client, archive):
    assert client.get("/api/resolve/", {"name": "M 31"}).json()["ra"] == pytest.approx(10.685, abs=0.01)
    moving = client.get("/api/resolve/", {"name": "Ceres"}).json()
    assert (moving["kind"], moving["ra"]) == ("asteroid", None)


def test_moving_objects_are_searched(client, archive):
    body = client.get("/api/moving/", {"name": "Ceres"}).json()
    assert body == {"count": 0, "next": None, "previous": None, "results": []}


def test_a_bundle_is_ordered_and_its_state_is_told_to_whoever_has_its_address(client, archive):
    answer = client.post("/api/jobs/", {"field": 655}, content_type="application/json")
    assert answer.status_code == 201
    state = client.get(answer["Location"]).json()
    assert (state["phase"], state["kind"], state["result"]) == ("QUEUED", "bundle", None)
    assert UserJob.objects.get(pk=state["id"]).parameters == {"family": "sci", "field": 655}
    owned = as_partner().post("/api/jobs/", {"field": 655}, content_type="application/json")
    assert owned.status_code == 201
    assert client.get(owned["Location"]).status_code == 404
    assert as_partner().get(owned["Location"]).json()["phase"] == "QUEUED"


def test_a_download_of_a_bundle_that_broke_off_goes_on_where_it_was(client, archive):
    made = client.post("/api/jobs/", {"field": 655}, content_type="application/json").json()
    bundles.make(made["id"])
    address = client.get(made["url"]).json()["result"]
    whole = client.get(address)
    content = b"".join(whole.streaming_content)
    assert (whole["Content-Length"], whole["Accept-Ranges"]) == (str(len(content)), "bytes")
    condition = {"Range": "bytes=1000-", "If-Range": whole["ETag"]}
    rest = client.get(address, headers=condition)
    assert rest.status_code == 206 and b"".join(rest.streaming_content) == content[1000:]
    other = client.get(address, headers=condition | {"If-Range": '"another"'})
    assert other.status_code == 200 and b"".join(other.streaming_content) == content


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/images/?ra=40000&dec=1", 400, "right ascension 40000 must lie"),
        ("/api/images/?ra=10", 400, "give both ra and dec"),
        ("/api/images/?seeing=good", 400, "seeing='good'"),
        ("/api/images/?order=password", 400, "order: 'password' is not a column"),
        ("/api/images/?page=99", 400, "page='99'"),
        ("/api/images/?page_size=100000", 400, "page_size='100000'"),
        ("/api/images/1/", 404, "No ScienceImage"),
        ("/api/images/1/cutout?ra=1&dec=1", 404, "no file 'sciimg.fits' is here"),
        ("/api/alerts/?rb=7", 400, "rb='7'"),
        ("/api/alerts/99/", 404, "No Alert"),
        ("/api/resolve/?name=nothing", 404, "is not known here"),
        ("/api/resolve/?name=10+99", 400, "declination 99"),
        ("/api/moving/", 400, "give a name or orbital elements"),
        ("/api/moving/?e=9", 400, "missing"),
        ("/api/jobs/00000000-0000-0000-0000-000000000000/", 404, "No UserJob"),
    ],
)
def test_what_is_wrong_is_a_problem_that_names_the_parameter(client, archive, path, status, says):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert says in body["detail"]


def test_other_methods_and_bad_json_are_problems_as_well(client, archive):
    assert client.delete("/api/images/")["Content-Type"] == "application/problem+json"
    broken = client.post("/api/jobs/", "{", content_type="application/json")
    assert (broken.status_code, broken["Content-Type"]) == (400, "application/problem+json")


def test_a_session_needs_a_token_to_order_and_a_password_does_not(archive):
    strict = Client(enforce_csrf_checks=True)
    user = User.objects.get(username="api-partner")
    strict.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert strict.post("/api/jobs/", {"field": 655}, content_type="application/json").status_code == 403
    assert as_partner().post("/api/jobs/", {"field": 655}, content_type="application/json").status_code == 201


def test_the_documentation_page_holds_no_inline_script_and_the_schema_names_every_address(client):
    page = client.get("/api/").content.decode()
    assert "<script>" not in page
    schema = client.get("/api/schema", headers={"Accept": "application/json"}).json()
    assert {"/api/images/", "/api/{kind}/{number}/cutout", "/api/moving/"} <= schema["paths"].keys()
    names = {one["name"] for one in schema["paths"]["/api/images/"]["get"]["parameters"]}
    assert {"ra", "dec", "position", "radius", "seeing", "page"} <= names


@pytest.mark.parametrize("address", ["/images/", "/quality/"])
def test_a_condition_narrows_the_images(archive, client, address):
    both = {"format": "json", "field": archive["image"].field}
    if address == "/images/":
        rows = client.get(address, both | {"where": f"qid = {archive['image'].qid} and seeing < 3"}).json()["rows"]
        assert [row["pid"] for row in rows] == [archive["image"].pid]
    else:
        rows = client.get(address, both | {"where": f"pid = {archive['image'].pid}"}).json()["rows"]
        assert next(row["count"] for row in rows if row["name"] == "seeing") == 1


@pytest.mark.parametrize(
    ("condition", "why"),
    [("seeing <", "where"), ("password = 1", "password"), ("seeing < 1e300*1e300", "out of range")],
)
def test_a_condition_that_cannot_be_is_refused_with_the_reason(archive, client, condition, why):
    answer = client.get("/images/", {"format": "json", "where": condition})
    assert answer.status_code == 400 and why in answer.json()["detail"]
