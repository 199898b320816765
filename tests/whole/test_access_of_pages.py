"""No path shows a hidden row, byte, count or picture to somebody without the right to it."""

import csv
import io

import pytest

from archive.models import Alert, ImageResiduals, ProductFile, ScienceImage
from tests.servers import Client

pytestmark = pytest.mark.slow
PROPRIETARY = {"programid": 2, "public_date": None}


@pytest.fixture(scope="module")
def clients(portal):
    """A signed-in HTTP client for each kind of person."""
    made = {"anyone": Client(portal)}
    made |= {name: Client(portal, name, name * 2) for name in ("visitor", "partner", "admin")}
    yield made
    for client in made.values():
        client.close()


def addresses() -> list[str]:
    """Everything that is addressed by one hidden thing."""
    image = ScienceImage.objects.filter(**PROPRIETARY, difference__isnull=False).order_by("pid").first()
    file = ProductFile.objects.get(family="sci", product_id=image.pid, suffix="sciimg.fits")
    raw = ProductFile.objects.filter(family="raw", **PROPRIETARY).first()
    where = f"ra={image.ra}&dec={image.dec}&size=0.01"
    found = [
        f"/images/{image.pid}/",
        f"/images/{image.pid}/?format=json",
        f"/files/{file.path}",
        f"/files/{raw.path}",
        f"/pictures/{file.path}",
        f"/pictures/{file.path}?{where}",
        f"/cutout/{file.path}?{where}",
        f"/api/images/{image.pid}/",
    ]
    if alert := Alert.objects.filter(**PROPRIETARY).first():
        found += [f"/alerts/{alert.candid}/", f"/alerts/{alert.candid}/packet", f"/alerts/{alert.candid}/science.png"]
        found += [f"/files/{alert.packet.path}"]
    return found


@pytest.mark.parametrize(("person", "status"), [("anyone", 404), ("visitor", 404), ("partner", 200), ("admin", 200)])
def test_what_is_hidden_is_as_absent_as_what_does_not_exist(clients, person, status):
    for address in addresses():
        assert clients[person].get(address).status_code == status, address


@pytest.mark.parametrize(("person", "programs"), [("anyone", {1}), ("visitor", {1}), ("partner", {1, 2})])
def test_lists_hold_visible_rows_only_and_all_of_them(clients, person, programs):
    answer = clients[person].get("/images/", params={"field": 557, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = ScienceImage.objects.filter(field=557, programid__in=programs)
    assert {int(row["pid"]) for row in rows} == set(expected.values_list("pid", flat=True))


def test_the_name_of_an_object_is_a_place_to_those_who_may_see_its_alerts(clients):
    alert = Alert.objects.filter(programid=1).first()
    rows = clients["anyone"].get("/images/", params={"position": alert.objectid, "format": "csv"}).text.splitlines()
    assert len(rows) > 1
    public = Alert.objects.filter(programid=1).values("objectid")
    if hidden := Alert.objects.filter(**PROPRIETARY).exclude(objectid__in=public).first():
        statuses = [clients[who].get("/images/", params={"position": hidden.objectid, "format": "csv"}).status_code
                    for who in ("anyone", "partner")]  # fmt: skip
        assert statuses == [400, 200]


def test_counts_on_pages_are_of_visible_rows(clients):
    public = ScienceImage.objects.filter(field=557, programid=1).count()
    every = ScienceImage.objects.filter(field=557, programid__in=(1, 2)).count()
    assert f"of {public}" in clients["anyone"].get("/images/?field=557").text
    assert f"of {every}" in clients["partner"].get("/images/?field=557").text


def test_light_curves_and_their_statistics_leave_out_hidden_nights(clients):
    from lightcurves.models import Detection, Source

    hidden = Detection.objects.filter(programid=2).values_list("oid", flat=True)
    source = Source.objects.filter(programid=1, oid__in=list(hidden[:500])).first()
    seen = {
        person: len(clients[person].get(f"/objects/{source.oid}/lightcurve?format=json").json()["rows"])
        for person in ("anyone", "partner")
    }
    assert seen["anyone"] == Detection.objects.filter(oid=source.oid, programid=1).count()
    assert seen["partner"] == Detection.objects.filter(oid=source.oid).count() > seen["anyone"]


def test_tap_counts_what_its_reader_may_see(clients):
    query = "SELECT COUNT(*) AS n FROM ztf.ztf_current_meta_sci WHERE field = 557"
    counted = {}
    for person in ("anyone", "partner"):
        parameters = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "FORMAT": "csv"}
        counted[person] = int(clients[person].get("/tap/sync", params=parameters).text.split()[1])
    images = ScienceImage.objects.filter(field=557)
    assert counted == {"anyone": images.filter(programid=1).count(), "partner": images.count()}


def test_quality_numbers_and_residuals_are_of_visible_images(clients):
    counted, stars = {}, {}
    for person in ("anyone", "visitor", "partner"):
        numbers = clients[person].get("/quality/?field=557&format=json").json()["rows"]
        counted[person] = next(row["count"] for row in numbers if row["name"] == "magzp")
        maps = clients[person].get("/quality/?field=557&part=residuals&format=json").json()["rows"]
        stars[person] = sum(row["stars"] for row in maps if row["name"] == "mag")
    for person, programs in {"anyone": (1,), "visitor": (1,), "partner": (1, 2)}.items():
        images = ScienceImage.objects.filter(field=557, programid__in=programs)
        assert counted[person] == images.filter(magzp__isnull=False).count()
        rows = ImageResiduals.objects.filter(image__in=images)
        assert stars[person] == sum(sum(row.lights) for row in rows) > 0


def test_nights_are_for_staff(clients):
    assert "/sign-in/" in clients["visitor"].get("/nights/").url
    assert clients["admin"].get("/nights/").status_code == 200


def test_a_bundle_holds_what_its_orderer_may_see(clients, portal):
    import tarfile
    import time

    image = ScienceImage.objects.filter(field=557, programid=1).first()
    sizes = {}
    for person in ("visitor", "partner"):
        client = clients[person]
        page = client.get("/images/", params={"field": 557, "nid": image.nid, "rcid": image.rcid})
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        order = {"csrfmiddlewaretoken": token, "query": f"field=557&nid={image.nid}&rcid={image.rcid}"}
        job = client.post("/jobs/bundle", data=order, headers={"Referer": portal})
        state = {}
        deadline = time.monotonic() + 60
        while state.get("phase") not in ("COMPLETED", "ERROR") and time.monotonic() < deadline:
            time.sleep(0.3)
            state = client.get(f"{job.url}?format=json").json()
        assert state["phase"] == "COMPLETED", state
        with tarfile.open(fileobj=io.BytesIO(client.get(f"{job.url}result").content)) as tar:
            sizes[person] = {name.split("/")[-1].split("_")[1] for name in tar.getnames() if name != "manifest.csv"}
        assert clients["anyone"].get(f"{job.url}").status_code == 404
    visible = {person: {str(one) for one in _exposures(image, programs)} for person, programs in _programs.items()}
    assert sizes == visible


_programs = {"visitor": (1,), "partner": (1, 2)}


def _exposures(image, programs):
    rows = ScienceImage.objects.filter(nid=image.nid, rcid=image.rcid, programid__in=programs)
    return rows.values_list("filefracday", flat=True)
