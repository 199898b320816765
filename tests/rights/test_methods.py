"""A method that an address does not take is refused as such, with those that it takes, at every address."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.addresses import ADDRESSES, well_formed

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ELSEWHERE = (301, 302, 303, 307, 308)  # to another spelling, or to what was changed
SIGN_IN = ("/sign-in/with/",)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_a_method_is_taken_or_refused_with_those_that_are(method, committed):
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    for name, route in sorted(ADDRESSES.items()):
        path = well_formed(route)
        answer = client.generic(method, path)
        assert answer.status_code < 500 or answer.status_code == 503, (method, path, answer.status_code)
        if answer.status_code == 405:
            allowed = [one.strip() for one in answer["Allow"].split(",")]
            assert method not in allowed, (name, path)
            assert answer.content and b"this address takes" in answer.content, (name, path, answer.content[:200])
        if answer.status_code == 403 and not path.startswith(SIGN_IN):
            assert method == "POST", (name, path, "no page of ours sends a form in this way")


def test_addresses_that_only_read_say_so_to_whoever_posts(committed):
    client = Client(enforce_csrf_checks=True)
    for path in (
        "/ibe/", "/ibe/docs/", "/ibe/data/ztf/products/", "/products/", "/ztf/archive/", "/ztf/depot/",
        "/ztf/ops/srcmatch/", "/alerts/public/", "/data/ZTF/lc_open/", "/ztf/enhanced/",
        "/api/v3/help", "/api/v3/data/latest/circle/full/json", "/cgi-bin/requestForcedPhotometry.cgi",
    ):  # fmt: skip
        answer = client.post(path, {"ra": "1"})
        assert answer.status_code == 405, (path, answer.status_code, answer.content[:200])
        assert answer["Allow"] == "GET, HEAD", path


FORM = "application/x-www-form-urlencoded"
READ_OTHERS = ("api-", "tap-load", "irsa-logout")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/octet-stream", "garbage", ""])
def test_a_body_that_is_no_form_is_not_left_out_where_forms_are_read(kind, committed):
    """What it asks would silently be lost, and the address alone answered."""
    client = Client(raise_request_exception=False)
    seen = 0
    for name, route in sorted(ADDRESSES.items()):
        path = well_formed(route)
        answer = client.generic("POST", path, b'{"objstr": "1 1"}', content_type=kind)
        assert answer.status_code >= 400 or name.startswith(READ_OTHERS), (name, path, answer.status_code)
        seen += b"this address reads forms" in answer.content
    assert seen > 60


def test_parameters_in_the_body_of_a_get_are_not_left_out(committed):
    client = Client(raise_request_exception=False)
    for name, route in sorted(ADDRESSES.items()):
        for method in ("GET", "HEAD"):
            answer = client.generic(method, well_formed(route), b"a=1", content_type=FORM)
            assert answer.status_code >= 400, (name, method, answer.status_code)
            assert method == "HEAD" or answer.status_code != 400 or b"is not read" in answer.content, name
