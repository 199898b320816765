"""An address is found with and without a slash at its end, and TAP also where IRSA has it."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.addresses import ADDRESSES, well_formed

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NO_OTHER = ("home", "file", "picture", "cutout", "help", "ibe-data", "ibe-root", "ibe-search")  # take any path, or both
NO_OTHER += ("ibe-archive", "ibe-archive-root", "ibe-products", "ibe-products-root", "ibe-docs-table", "irsa-sia1")
NO_OTHER += ("hats-file", "bulk-file", "bulk-file-of-old")


@pytest.mark.parametrize("name", sorted(name for name in ADDRESSES if name not in NO_OTHER and "<path:" not in name))
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_slash_more_or_less_leads_to_the_address(name, method):
    address = well_formed(ADDRESSES[name])
    other = address[:-1] if address.endswith("/") else f"{address}/"
    answer = getattr(Client(raise_request_exception=False), method)(other + "?a=1&b=%20")
    if answer.status_code == 404 and "/help/" in other:
        return
    assert answer.status_code == (301 if method == "get" else 308), (name, answer.status_code)
    assert answer["Location"] == f"{address}?a=1&b=%20"


def test_nothing_else_is_led_anywhere():
    for path in ("/nothing", "/nothing/", "/tap/nothing/", "/api/nothing"):
        assert Client().get(path).status_code == 404, path


def test_tap_answers_where_irsa_has_it():
    client = Client()
    asked = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM tap_schema.schemas", "RESPONSEFORMAT": "csv"}
    for answer in (client.get("/TAP/sync", asked), client.post("/TAP/sync", asked)):
        assert b"".join(answer).startswith(b"n\n")
    assert client.get("/TAP/capabilities").status_code == 200
    assert client.get("/TAP/sync/", asked).status_code == 301
    assert client.get("/TAPE").status_code == 404
