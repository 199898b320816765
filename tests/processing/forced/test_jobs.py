"""Forced photometry as a job: what is measured, what the files hold, who may read them, who is told."""

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from archive.access.reading import ANYONE, reading
from archive.files import storage
from archive.jobs import user_jobs
from archive.models import Exposure, Membership, ProductFile, Program, ReferenceImage, UserJob
from processing.forced import images, jobs, notify, table
from tests.processing.forced import epochs

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
PASSWORD = "open sesame 1"  # noqa: S105


@pytest.fixture(scope="module")
def archive(committed):
    """Four epochs: with a difference, without, with a damaged one, of the partnership."""
    made = [
        epochs.epoch(0),
        epochs.epoch(1, difference=False),
        epochs.epoch(2),
        epochs.epoch(3, programid=2, public_date=None),
    ]
    broken = ProductFile.objects.get(product_id=made[2].pk, suffix="scimrefdiffimg.fits.fz")
    storage.absolute(broken.path).write_bytes(b"no FITS")
    user = User.objects.create_user("vera", "vera@example.org", PASSWORD)
    Membership.objects.create(user=user, program_id=2, since=made[0].obsdate)
    yield made
    UserJob.objects.all().delete()
    User.objects.all().delete()
    ProductFile.objects.all().delete()
    for model in (Exposure, ReferenceImage):
        model.objects.all().delete()


@pytest.fixture
def place():
    return epochs.made().sky(epochs.NEW)


def order(client, place, **more):
    answer = client.post(reverse("api-forced"), {"position": "{} {}".format(*place), **more})
    assert answer.status_code == 201, answer.content
    return UserJob.objects.get(pk=answer.json()["jobs"][0]["id"])


def done(job):
    jobs.make(str(job.pk))
    return UserJob.objects.get(pk=job.pk)


@pytest.fixture
def job(archive, client, place):
    return done(order(client, place))


def csv_of(client, job):
    answer = client.get(reverse("forced-result", args=[job.pk]), {"format": "json"})
    return answer.json()["rows"]


def test_every_image_has_a_row_and_a_damaged_one_says_why(client, job, archive):
    rows = csv_of(client, job)
    assert [row["pid"] for row in rows] == [one.pk for one in archive[:3]]
    assert [row["image"] for row in rows] == ["difference", "science", "difference"]
    assert [row["procstatus"] for row in rows[:2]] == ["57", "0"]
    assert rows[2]["procstatus"] == "64" and rows[2]["reason"]
    assert job.message == "3 images, 1 of them could not be measured"
    assert (job.done, job.total) == (3, 3)


def test_the_flux_is_right_on_difference_and_science_image(client, job):
    for row in csv_of(client, job)[:2]:
        mag = row["zpdiff"] - 2.5 * np.log10(row["forcediffimflux"])
        assert mag == pytest.approx(epochs.NEW_MAG, abs=0.03), row["image"]
        assert 60 < row["forcediffimsnr"] < 130
        assert row["forcediffimfluxap"] == pytest.approx(row["forcediffimflux"], rel=0.04)


def test_the_text_file_has_irsa_s_form(client, job, real_data):
    ours = b"".join(client.get(reverse("forced-result", args=[job.pk])).streaming_content).decode().splitlines()
    real = (real_data / "forcedphot" / "21pb_fp_lc.txt").read_text().splitlines()

    def shape(lines):
        start = lines.index("# Column definitions:")
        heads = [line for line in lines[start:] if line.startswith("#") or line.startswith(" index")]
        return [line.split("://")[0] for line in heads]  # the address of the documentation has changed

    assert shape(ours) == shape(real)
    assert len(ours[-1].split()) == len(real[-1].split()) == len(table.NAMES) == 40
    assert [line[: line.index("=")] for line in ours if "Requested" in line] == [
        line[: line.index("=")] for line in real if "Requested" in line
    ]


def test_real_values_are_written_as_they_were_read(real_data):
    def typed(name, word):
        kind = next(one.datatype for one in table.COLUMNS if one.name == name)
        return None if word == "null" else {"char": str, "double": float}.get(kind, int)(word)

    lines = (real_data / "forcedphot" / "21pb_fp_lc.txt").read_text().splitlines()
    words = [line.split() for line in lines if line.startswith(" ") and not line.startswith(" index")]
    same = sum(table.written(n, typed(n, w)) == w for row in words for n, w in zip(table.NAMES, row, strict=True))
    assert same / (40 * len(words)) > 0.98


def test_all_formats_hold_the_same_rows(client, job):
    url = reverse("forced-result", args=[job.pk])
    flux = [row["forcediffimflux"] for row in csv_of(client, job)]
    parquet = pq.read_table(io.BytesIO(client.get(url, {"format": "parquet"}).content))
    assert parquet.column("forcediffimflux").to_pylist() == flux
    votable = parse_single_table(io.BytesIO(client.get(url, {"format": "votable"}).content)).to_table()
    assert votable["forcediffimflux"][0] == pytest.approx(flux[0])
    assert client.get(url, {"format": "pdf"}).status_code == 400


def test_a_job_goes_on_where_it_was_cut_off_and_gives_the_same_rows(archive, client, place, monkeypatch):
    job, whole = order(client, place), images.measure
    calls = []

    def dies(epoch, *arguments):
        calls.append(epoch.science.pk)
        if len(calls) == 2:
            raise RuntimeError("the machine stops")
        return whole(epoch, *arguments)

    monkeypatch.setattr(images, "measure", dies)
    with pytest.raises(RuntimeError):
        jobs.make(str(job.pk))
    user_jobs.interrupted(UserJob.objects.get(pk=job.pk))  # as the queue does, outside a test's own transaction
    job = done(job)
    assert calls == [archive[0].pk, archive[1].pk, archive[1].pk, archive[2].pk]
    assert len(csv_of(client, job)) == 3


def test_a_member_s_light_curve_closes_when_the_membership_ends(archive, client, place):
    user = User.objects.get(username="vera")
    client.force_login(user)
    job = done(order(client, place))
    assert len(csv_of(client, job)) == 4
    assert Client().get(reverse("forced-result", args=[job.pk])).status_code == 404
    file = jobs_file(job)
    assert Client().get(file).status_code == 404
    Membership.objects.filter(user=user).update(until=job.created)
    page = client.get(reverse("forced-job", args=[job.pk]))
    assert page.status_code == 200 and "not open to you any more" in page.content.decode()
    for name in ("forced-result", "forced-document", "api-forced-result"):
        assert client.get(reverse(name, args=[job.pk])).status_code == 404, name
    assert client.get(reverse("api-forced-points"), {"position": "{} {}".format(*place)}).json()["count"] == 0


SHARED = {"Authorization": "Basic enRmZnBzOmRvbnRnb2NyYXp5IQ=="}  # what IRSA's clients send


def test_a_member_s_file_opens_with_the_shared_name_as_long_as_its_owner_may_read_it(archive, client, place):
    user = User.objects.get(username="vera")
    client.force_login(user)
    job = done(order(client, place))
    file = jobs_file(job)
    lines = b"".join(Client(headers=SHARED).get(file).streaming_content).decode().splitlines()
    assert len([line for line in lines if line.startswith(" ")]) == 5  # the header and four images
    log = Client(headers=SHARED).get(file.replace("_lc.txt", "_log.txt"))
    assert f"request {jobs.reqid(job)} of account vera" in log.content.decode()
    assert Client().get(file).status_code == 404
    Membership.objects.filter(user=user).update(until=job.created)
    assert Client(headers=SHARED).get(file).status_code == 404


def jobs_file(job):
    return f"/ztf/ops/forcedphot/lc/{job.pk}/{notify.stem_of(job, jobs.reqid(job))}_lc.txt"


def test_points_for_the_viewer_are_one_s_own(archive, client, place):
    client.force_login(User.objects.get(username="vera"))
    done(order(client, place))
    found = client.get(reverse("api-forced-points"), {"position": "{} {}".format(*place)}).json()
    assert found["count"] == 4
    assert found["points"][0]["mag"] == pytest.approx(epochs.NEW_MAG, abs=0.03)
    assert Client().get(reverse("api-forced-points"), {"position": "{} {}".format(*place)}).json()["count"] == 0


def test_irsa_s_addresses_take_an_order_show_it_and_give_the_file(archive, client, place):
    who = {"email": "vera@example.org", "userpass": PASSWORD}
    shared = {"Authorization": "Basic enRmZnBzOmRvbnRnb2NyYXp5IQ=="}
    asked = {"ra": place[0], "dec": place[1], "jdstart": 2459000, "jdend": 2459117.5, **who}
    taken = client.get("/cgi-bin/requestForcedPhotometry.cgi", asked, headers=shared)
    assert taken.status_code == 200
    pending = client.get("/cgi-bin/getForcedPhotometryRequests.cgi", who | {"option": "Pending jobs"}, headers=shared)
    job = UserJob.objects.get(kind="forced")
    assert f"<td>{jobs.reqid(job)}</td>" in pending.content.decode()
    done(job)
    status = client.get("/cgi-bin/getForcedPhotometryRequests.cgi", who, headers=shared).content.decode()
    assert jobs_file(job) in status and "<td>0</td>" in status
    lines = b"".join(client.get(jobs_file(job), headers=shared).streaming_content).decode().splitlines()
    assert len([line for line in lines if line.startswith(" ")]) == 2  # the header and one image
    message = mail.outbox[0]
    assert message.to == ["vera@example.org"]
    assert f"reqid={jobs.reqid(job)} (startJD=2459000.0, endJD=2459117.5, ra=" in message.body
    assert message.body.split("dec=")[1].split(")")[0] == f"{place[1]:.6f}"
    assert jobs_file(job) in message.body and "_log.txt" in message.body


def test_a_batch_is_told_of_once_at_its_end(archive, client, place):
    who = {"email": "vera", "userpass": PASSWORD, "jdstart": 2459000, "jdend": 2459117}
    lists = {"ra": json.dumps([place[0], 10.0]), "dec": json.dumps([place[1], 10.0])}
    assert client.post("/cgi-bin/batchfp.py/submit", who | lists).status_code == 200
    first, second = sorted(UserJob.objects.all(), key=lambda one: one.parameters["number"])
    done(first)
    assert mail.outbox == []
    done(second)
    jobs.make(str(second.pk))
    assert len(mail.outbox) == 1 and mail.outbox[0].body.count("reqid=") == 2
    mine = {name: who[name] for name in ("email", "userpass")}
    status = client.post("/cgi-bin/getBatchForcedPhotometryRequests.cgi", mine).content.decode()
    assert status.count("batchfp_req") == 2 and "<td>63</td>" in status


@pytest.mark.parametrize(
    ("changes", "status", "what"),
    [
        ({"userpass": "wrong"}, 401, "wrong"),
        ({"ra": "x"}, 400, "ra=&#x27;x&#x27;"),
        ({"dec": "95"}, 400, "dec=95"),
        ({"jdend": "2458000"}, 400, "later than"),
        ({"email": ""}, 401, "email, userpass"),
    ],
)
def test_what_irsa_s_address_refuses_it_names(archive, client, changes, status, what):
    asked = {"ra": 1, "dec": 1, "jdstart": 2459000, "jdend": 2459117, "email": "vera", "userpass": PASSWORD}
    answer = client.get("/cgi-bin/requestForcedPhotometry.cgi", asked | changes)
    assert answer.status_code == status and what in answer.content.decode()
    assert not UserJob.objects.exists()


def test_mail_goes_to_one_s_own_address_only(archive, client, place):
    asked = {"position": "{} {}".format(*place), "email": "other@example.org"}
    assert b"your own account" in client.post(reverse("api-forced"), asked).content
    assert client.post(reverse("forced"), asked).status_code == 400


class Listener(BaseHTTPRequestHandler):
    bodies: list = []  # noqa: RUF012
    status = 200

    def do_POST(self):
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.send_header("Location", "http://example.org/")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def listener():
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Listener.bodies.clear()
    yield f"http://localhost:{server.server_port}/hook"
    server.shutdown()


def test_a_webhook_is_called_at_the_end(archive, client, place, settings, listener):
    settings.WEBHOOK_HOSTS, settings.WEBHOOK_PRIVATE = ["localhost"], True
    job = done(order(client, place, webhook=listener))
    assert Listener.bodies[0]["jobs"][0]["id"] == str(job.pk)
    assert job.parameters["told"] == "sent"


@pytest.mark.parametrize("private", [True, False])
def test_a_webhook_that_fails_or_leads_inside_is_noted_and_harms_nothing(
    archive, client, place, settings, listener, monkeypatch, private
):
    settings.WEBHOOK_HOSTS, settings.WEBHOOK_PRIVATE = ["localhost"], private
    monkeypatch.setattr(Listener, "status", 302)
    job = done(order(client, place, webhook=listener))
    assert job.phase == "COMPLETED"
    assert ("status 302" if private else "no public address") in job.parameters["told"]
    assert len(Listener.bodies) == private


@pytest.mark.parametrize("address", ["ftp://localhost/", "http://elsewhere.org/", "http://a:b@localhost/", "http://[/"])
def test_other_webhooks_are_refused_at_once(archive, client, place, settings, address):
    settings.WEBHOOK_HOSTS = ["localhost"]
    answer = client.post(reverse("api-forced"), {"position": "1 1", "webhook": address})
    assert answer.status_code == 400 and "webhook" in answer.json()["detail"]


def test_the_pages_show_form_progress_and_result(archive, client, place):
    assert b"Forced photometry" in client.get(reverse("forced")).content
    answer = client.post(reverse("forced"), {"position": "{} {}".format(*place)}, follow=True)
    job = UserJob.objects.get()
    assert f"/forced/{job.pk}/".encode() in answer.content
    assert client.get(reverse("job", args=[job.pk])).url == reverse("forced-job", args=[job.pk])
    done(job)
    page = client.get(reverse("forced-job", args=[job.pk])).content.decode()
    assert "<svg" in page and "could not be measured" in page
    found = client.get(reverse("forced-document", args=[job.pk])).json()
    assert len(found["points"]) == 3 and found["forced"]["doc"]


def test_a_visitor_s_light_curve_rests_on_public_images_only(archive, client, place):
    with reading(ANYONE):
        found, closed = images.epochs_at(*place, 2459000.0, 2460000.0)
    assert [one.science.pk for one in found] == [one.pk for one in archive[:3]]
    assert closed == 0 and Program.objects.filter(pk=2).exists()
