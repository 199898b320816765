"""Who says who they are and is not believed is told so at every address; /auth asks everybody who they are."""

from base64 import b64encode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.addresses import ADDRESSES, well_formed

PASSWORD = "a long password of somebody"
BROWSER = {"Accept": "text/html,*/*"}
OPEN = ("/health",)
SIGNING_IN = ("/account/signon/", "/sign-in/")
PATHS = sorted({well_formed(route) for route in ADDRESSES.values()})


@pytest.fixture
def somebody(committed):
    user = User.objects.create_user("somebody", password=PASSWORD)
    yield user
    user.delete()


def basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.mark.parametrize("cookie", ["sessionid", "JOSSO_SESSIONID"])
@pytest.mark.parametrize("value", ["abcdefghij0123456789abcdefghij01", "x"])
def test_a_script_whose_session_has_ended_is_not_taken_for_a_visitor(cookie, value, committed):
    client = Client(raise_request_exception=False, headers={"Cookie": f"{cookie}={value}"})
    for path in PATHS:
        answer = client.get(path)
        expected = path not in OPEN and not path.startswith(SIGNING_IN)
        assert (answer.status_code == 401) == expected, (path, answer.status_code)


def test_a_browser_whose_session_has_ended_goes_on_as_a_visitor(committed):
    gone = Client(headers={"Cookie": "sessionid=abcdefghij0123456789abcdefghij01", **BROWSER})
    for path in ("/", "/images/", "/tap/capabilities", "/ibe/search/"):
        assert gone.get(path).status_code == Client(headers=BROWSER).get(path).status_code


def test_whose_session_has_ended_may_sign_in_again(somebody):
    client = Client(headers={"Cookie": "JOSSO_SESSIONID=abcdefghij0123456789abcdefghij01"})
    answer = client.get("/account/signon/login.do", {"josso_username": "somebody", "josso_password": PASSWORD})
    assert answer.cookies["JOSSO_SESSIONID"].value


def test_below_auth_every_address_asks_who_one_is(committed):
    client = Client(raise_request_exception=False)
    for path in PATHS:
        answer = client.get(f"/auth{path}")
        expected = 200 if path in OPEN else 401
        assert answer.status_code == expected, (path, answer.status_code)
        assert path in OPEN or answer["WWW-Authenticate"].startswith("Basic realm="), path


def test_below_auth_who_signs_in_gets_what_the_address_gives(somebody):
    plain = Client(raise_request_exception=False, headers={"Authorization": basic("somebody", PASSWORD)})
    for path in PATHS:
        assert plain.get(f"/auth{path}").status_code == plain.get(path).status_code, path


def test_a_redirect_below_auth_stays_there(somebody):
    client = Client(headers={"Authorization": basic("somebody", PASSWORD)})
    assert client.get("/auth/ibe/search/ztf/products")["Location"] == "/auth/ibe/search/ztf/products/"


def test_what_is_wrong_below_auth_is_401_too(somebody):
    for wrong in (basic("somebody", "wrong"), "Bearer nothing", "Digest x"):
        assert Client(headers={"Authorization": wrong}).get("/auth/tap/capabilities").status_code == 401
