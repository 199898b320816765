"""IRSA's sign-in and the rights it gives."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.archive.services.irsa.conftest import PARTNER, PASSWORD

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
LOGIN, LOGOUT = "/account/signon/login.do", "/account/signon/logout.do"
DATA = "/ibe/data/ztf/products/"


def sign_in(client, name=PARTNER, password=PASSWORD, method="get", **headers):
    given = {"josso_cmd": "login", "josso_username": name, "josso_password": password}
    return getattr(client, method)(LOGIN, given, headers=headers)


def with_cookie(value: str) -> Client:
    client = Client()
    client.cookies["JOSSO_SESSIONID"] = value
    return client


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_cookie_alone_opens_what_its_owner_may_see(archive, method):
    closed = DATA + archive.files["closed sciimg"].path
    answer = sign_in(Client(), method=method)
    assert answer.status_code == 200
    client = with_cookie(answer.cookies["JOSSO_SESSIONID"].value)
    assert client.get(closed).status_code == 200
    assert client.get(f"/images/{archive.closed.pid}/?format=json").status_code == 200
    assert Client().get(closed).status_code == 404


def test_signing_out_ends_it(archive):
    client = with_cookie(sign_in(Client()).cookies["JOSSO_SESSIONID"].value)
    answer = client.get(LOGOUT)
    assert answer.cookies["JOSSO_SESSIONID"].value == ""
    again = with_cookie(client.cookies["JOSSO_SESSIONID"].value)
    assert again.get(DATA + archive.files["closed sciimg"].path).status_code == 404


@pytest.mark.parametrize(("name", "password"), [(PARTNER, "wrong"), ("", ""), ("None", "None"), ("nobody", "x")])
def test_a_wrong_password_is_no_error_and_gives_nothing(archive, name, password):
    client = Client(REMOTE_ADDR="10.1.1.1")
    answer = sign_in(client, name, password)
    assert answer.status_code == 200
    assert "JOSSO_SESSIONID" not in answer.cookies
    assert client.get(DATA + archive.files["closed sciimg"].path).status_code == 404


def test_after_many_wrong_passwords_the_right_one_does_not_help():
    User.objects.create_user("often", password=PASSWORD)
    client = Client(REMOTE_ADDR="10.1.1.2")
    for _ in range(8):
        sign_in(client, "often", "wrong")
    assert "JOSSO_SESSIONID" not in sign_in(client, "often", PASSWORD).cookies
    assert "JOSSO_SESSIONID" in sign_in(Client(REMOTE_ADDR="10.1.1.3"), "often", PASSWORD).cookies


def test_another_site_cannot_sign_its_visitor_in(archive):
    answer = sign_in(Client(), **{"Sec-Fetch-Site": "cross-site"})
    assert "JOSSO_SESSIONID" not in answer.cookies


def test_a_made_up_cookie_is_refused(archive):
    answer = with_cookie("abcdefghijklmnopqrstuvwxyz012345").get(DATA + archive.files["closed sciimg"].path)
    assert answer.status_code == 401


def test_no_password_is_written_down(archive, caplog):
    from axes.models import AccessAttempt

    secret = "nobody-may-read-this"
    sign_in(Client(REMOTE_ADDR="10.1.1.4"), PARTNER, secret)
    attempt = AccessAttempt.objects.get(ip_address="10.1.1.4")
    assert secret not in attempt.get_data + attempt.post_data
    answer = Client().get(f"/ibe/search/ztf/products/none?josso_password={secret}&x=1")
    assert answer.status_code == 400  # which the address does not take
    written = caplog.text
    assert "josso_password=...&x=1" in written
    assert secret not in written
