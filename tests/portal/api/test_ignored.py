"""Refusals of what an address is given and does not use: formats of REST, what pages keep in their addresses."""

from __future__ import annotations

import pytest
from django.test import Client

from lightcurves.viewer.forms import MEASURES, TIMES, ViewForm
from tests.addresses import ADDRESSES, well_formed

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
REST = sorted(name for name in ADDRESSES if name.startswith("api-") and "doc" not in name and "schema" not in name)


@pytest.mark.parametrize("name", REST)
def test_no_address_of_rest_takes_a_format_that_it_does_not_give(name):
    answer = Client().get(well_formed(ADDRESSES[name]), {"format": "zzz"})
    assert answer.status_code in (400, 404, 405), (name, answer.status_code)  # 404: of what is not there
    if answer.status_code == 400:
        assert "format" in answer.json()["detail"]


ODD = {
    "mask": "zzz", "fmin": "-5", "fmax": "nan", "bands": "zz", "modulus": "zzz", "cycles": "99", "bin": "zzz",
    "epoch": "abc", "method": "zzz", "exclude": "a b!", "show": "zz", "near": "x", "errors": "maybe",
    "phasebins": "abc", "x": "1", "y": "zz", "period": "zzz",
}  # fmt: skip
GOOD = {
    "mask": "65535", "fmin": "0.1", "fmax": "10", "bands": "zg,zr", "modulus": "-3.5", "cycles": "1", "bin": "0.5",
    "epoch": "2459000.12345", "method": "ls", "exclude": "k3.1a.-2", "show": "limits,alerts", "near": "12,13",
    "errors": "0", "phasebins": "20", "x": "jd", "y": "flux", "period": "0.5",
}  # fmt: skip


def test_every_field_of_a_view_has_an_odd_and_a_good_value_here():
    assert set(ODD) == set(GOOD) == set(ViewForm.base_fields)


@pytest.mark.parametrize("name", sorted(ODD))
def test_what_an_object_s_page_keeps_of_a_view_is_looked_at(name):
    assert name in ViewForm({name: ODD[name]}).errors
    assert ViewForm({name: GOOD[name]}).is_valid()


def test_measures_and_times_are_the_script_s(settings):
    script = (settings.BASE_DIR / "static/lightcurves/points.js").read_text()
    for known, name in ((MEASURES, "MEASURES"), (TIMES, "TIMES")):
        block = script[script.index(f"export const {name} = {{") :].split("\n};")[0]
        assert [line.strip().split(":")[0] for line in block.splitlines()[1:]] == list(known)


@pytest.mark.parametrize("query", ["page=zzz", "since=zzz", "until=2020-01-01"])
def test_moving_objects_ignore_nothing_while_no_name_is_given(client, query):
    assert client.get(f"/moving/?{query}").status_code == 400
    assert client.get("/moving/").status_code == client.get("/moving/?name=&since=").status_code == 200


def test_a_form_that_an_address_fills_in_reads_what_it_is_given(client):
    refused = client.get("/forced/", {"position": "10 99"}, headers={"accept": "application/json"})
    assert refused.status_code == 400 and "position='10 99'" in refused.json()["detail"]
    assert client.get("/forced/", {"position": "10 20"}).status_code == 200
