"""Lockouts after wrong attempts, and those who are never kept out."""

import base64

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client

from archive.access import tokens
from archive.access.audit import Actor
from tests.rights.test_tokens import soon

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PASSWORD = "a long password of somebody"
ASKED = "/api/images/"


@pytest.fixture(autouse=True)
def somebody(settings):
    settings.LOCKOUT_OF_ADDRESS = settings.LOCKOUT_OF_NAME = 12
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: nothing of it is tested
    cache.clear()
    AccessAttempt.objects.all().delete()
    return User.objects.create_user("somebody", password=PASSWORD)


def ask(header: str, address: str = "192.0.2.1") -> int:
    return Client(REMOTE_ADDR=address, headers={"Authorization": header}).get(ASKED).status_code


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_valid_token_is_never_locked_out(somebody):
    _, secret = tokens.make(somebody, "script", ["all"], soon(), Actor("tester"))
    assert [ask("Bearer ztf_wrong") for _ in range(9)][-1] == 429
    assert [ask(basic("somebody", "wrong")) for _ in range(9)][-1] == 429
    assert ask(f"Bearer {secret}") == 200
    assert ask(basic("somebody", secret)) == 200


def test_wrong_passwords_from_one_address_do_not_lock_another_out():
    assert [ask(basic("somebody", "wrong")) for _ in range(9)][-1] == 429
    assert ask(basic("somebody", PASSWORD), "192.0.2.2") == 200


def test_an_address_that_tries_many_names_is_locked_out_whole(settings):
    codes = [ask(basic(f"name{number}", "123456")) for number in range(settings.LOCKOUT_OF_ADDRESS - 1)]
    assert set(codes) == {401}
    ask(basic("last", "123456"))
    assert ask(basic("another", "123456")) == 429
    assert ask(basic("another", "123456"), "192.0.2.2") == 401


def test_the_addresses_of_one_ipv6_network_count_as_one(settings):
    for number in range(settings.LOCKOUT_OF_ADDRESS):
        ask(basic(f"name{number}", "123456"), f"2001:db8::{number + 1:x}")
    assert ask(basic("another", "123456"), "2001:db8::ffff:1") == 429
    assert ask(basic("another", "123456"), "2001:db8:0:1::1") == 401


def test_a_name_that_is_guessed_from_many_addresses_is_open_only_where_it_signed_in_before(settings):
    own, elsewhere = "192.0.2.1", "192.0.2.2"
    Client(REMOTE_ADDR=own).post("/sign-in/", {"username": "somebody", "password": PASSWORD})
    assert AccessLog.objects.filter(username="somebody", ip_address=own).exists()
    for number in range(settings.LOCKOUT_OF_NAME):
        ask(basic("somebody", "wrong"), f"198.51.100.{number}")
    assert ask(basic("somebody", PASSWORD), elsewhere) == 429
    assert ask(basic("somebody", PASSWORD), own) == 200


def test_no_header_of_the_client_chooses_its_address():
    """Behind the gateway REMOTE_ADDR is right; what a client writes itself is not looked at."""
    for number in range(9):
        client = Client(REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": f"203.0.113.{number}"})
        code = client.get(ASKED, headers={"Authorization": basic("somebody", "wrong")}).status_code
    assert code == 429


def test_https_without_a_known_proxy_is_an_error_of_the_deployment(settings):
    settings.HTTPS, settings.PROXIES = True, 0
    assert "portal.E001" in {message.id for message in run_checks(include_deployment_checks=True)}
    settings.PROXIES = 1
    assert "portal.E001" not in {message.id for message in run_checks(include_deployment_checks=True)}
