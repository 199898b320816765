"""Real clients sign in: pyvo.auth by what capabilities say, curl, wget and stilts by the challenge below /auth."""

import subprocess

import pytest
import pyvo
import requests
from django.contrib.auth.models import User
from django.db import connections

from archive.models import Membership
from tests import servers
from tests.archive.services.irsa.conftest import PARTNER, PASSWORD, archive  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
BY_PROGRAM = "SELECT programid, COUNT(*) AS n FROM ztf.ztf_current_meta_raw GROUP BY programid ORDER BY programid"
COUNT = "SELECT COUNT(*) AS n FROM ztf.ztf_current_path_raw"


@pytest.fixture(scope="module")
def address(archive, tmp_path_factory):  # noqa: F811
    """Where the portal is served. One partner's password has no blank: the command of stilts splits its options."""
    plain = User.objects.create_user("plain-partner", password="plain-password-1")
    Membership.objects.create(user=plain, program_id=2)
    connections.close_all()
    with servers.portal(tmp_path_factory.mktemp("portal")) as found:
        yield found
    plain.delete()


def session(password=PASSWORD, cookie="") -> pyvo.auth.AuthSession:
    made = pyvo.auth.AuthSession()
    if cookie:
        made.credentials.set_cookie("JOSSO_SESSIONID", cookie)
    else:
        made.credentials.set_password(PARTNER, password)
    return made


@pytest.mark.client("pyvo", "AuthSession, password")
@pytest.mark.parametrize("base", ["tap", "TAP"])
def test_pyvo_sends_name_and_password_to_tap_and_to_the_files_that_it_names(address, archive, base):  # noqa: F811
    known = session()
    service = pyvo.dal.TAPService(f"{address}/{base}", session=known)
    assert service.search(COUNT)["n"][0] == 2
    assert pyvo.dal.TAPService(f"{address}/{base}").search(COUNT)["n"][0] == 1
    file = f"{address}/ibe/data/ztf/products/{archive.files['closed sciimg'].path}"
    assert known.get(file).status_code == 200
    assert requests.get(file, timeout=60).status_code == 404


@pytest.mark.client("pyvo", "AuthSession, cookie")
def test_pyvo_sends_the_cookie_of_a_session(address):
    given = {"josso_username": PARTNER, "josso_password": PASSWORD}
    answer = requests.get(f"{address}/account/signon/login.do", given, timeout=60)
    known = session(cookie=answer.cookies["JOSSO_SESSIONID"])
    assert pyvo.dal.TAPService(f"{address}/tap", session=known).search(COUNT)["n"][0] == 2


@pytest.mark.client("pyvo", "AuthSession, refused")
@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"cookie": "abcdefghij0123456789abcdefghij01"}])
def test_pyvo_is_told_that_its_credentials_do_not_hold(address, wrong):
    with pytest.raises(pyvo.dal.DALQueryError, match="wrong|has ended"):
        pyvo.dal.TAPService(f"{address}/tap", session=session(**wrong)).search(COUNT)


@pytest.mark.client("pyvo", "SIA2Service.search, signed in")
@pytest.mark.parametrize("service", ["SIA", "vo/sia2"])
def test_pyvo_signs_in_to_sia(address, archive, service):  # noqa: F811
    place = (archive.closed.ra, archive.closed.dec, 0.1)
    found = pyvo.dal.SIA2Service(f"{address}/{service}", session=session()).search(pos=place)
    assert [row for row in found if row.access_url.endswith(archive.files["closed sciimg"].path)]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            ["curl", "-sf", "--anyauth", "-u", f"{PARTNER}:{PASSWORD}", "-o"],
            marks=pytest.mark.client("curl", "--anyauth -u (challenged)"),
        ),
        pytest.param(
            ["wget", "-q", f"--http-user={PARTNER}", f"--http-password={PASSWORD}", "-O"],
            marks=pytest.mark.client("wget", "--http-user (challenged)"),
        ),
    ],
    ids=["curl", "wget"],
)
def test_clients_that_wait_for_a_challenge_get_private_files(address, archive, tmp_path, command):  # noqa: F811
    path = archive.files["closed sciimg"].path
    target = tmp_path / "file.fits"
    subprocess.run([*command, str(target), f"{address}/auth/ibe/data/ztf/products/{path}"], check=True, timeout=60)
    assert target.stat().st_size == archive.files["closed sciimg"].size


@pytest.mark.client("stilts", "tapquery, signed in")
def test_stilts_signs_in(address):
    known = ["-Dstar.basicauth.user=plain-partner", "-Dstar.basicauth.password=plain-password-1"]
    asked = [f"tapurl={address}/auth/tap", "sync=true", f"adql={BY_PROGRAM}", "ofmt=csv"]
    command = ["stilts", *known, "tapquery", *asked]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.split() == (["programid,n", "1,1", "2,1"])
