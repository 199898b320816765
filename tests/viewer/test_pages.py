"""Object pages and their data: what a visitor gets, and what a wrong question gets."""

import io
import json

import numpy as np
import pytest
from astropy.table import Table as AstropyTable

from lightcurves.models import Source
from lightcurves.viewer.documents import documents

OID = 655213300000000
BINARY = OID + 4
PERIOD = 0.7312

pytestmark = [pytest.mark.django_db(databases=["default", "reader"]), pytest.mark.usefixtures("sky")]


def get_json(client, address, **parameters):
    response = client.get(address, parameters)
    return response.status_code, json.loads(response.content)


def test_a_search_by_position_finds_the_object_with_its_statistics(client):
    source = Source.objects.get(pk=BINARY)
    page = client.get("/objects/", {"position": f"{source.ra} {source.dec}", "radius": 2})
    assert page.status_code == 200 and f"/objects/{BINARY}/".encode() in page.content
    status, found = get_json(client, "/objects/", position=f"{source.ra} {source.dec}", radius=2, format="json")
    assert status == 200 and found["count"] == 1
    assert found["rows"][0]["nobs"] == 60 and found["rows"][0]["magrms"] > 0.05


def test_a_search_without_a_position_asks_for_one(client):
    assert client.get("/objects/").status_code == 200
    status, problem = get_json(client, "/objects/", format="json")
    assert status == 400 and "position" in problem["detail"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"position": "400 91"}, "position='400 91'"),
        ({"position": "nowhere at all"}, "not known here"),
        ({"position": "358 10", "radius": "5000"}, "radius='5000'"),
    ],
)
def test_a_wrong_search_names_the_parameter(client, parameters, words):
    status, problem = get_json(client, "/objects/", format="json", **parameters)
    assert status == 400 and words in problem["detail"]


def test_the_page_works_without_script(client):
    page = client.get(f"/objects/{BINARY}/", {"period": PERIOD}).content.decode()
    assert page.count('<svg class="curve"') == 2
    assert page.count("<circle") == 60 + 120
    assert "folded with 0.7312 days" in page
    assert "<script>" not in page and "onclick" not in page


def test_a_visitor_gets_public_points_only(client, admin_client):
    status, found = get_json(client, f"/objects/{OID}/lightcurve")
    assert status == 200 and found["count"] == 60
    assert {row["programid"] for row in found["rows"]} == {1}
    assert get_json(admin_client, f"/objects/{OID}/lightcurve")[1]["count"] == 61


def test_a_light_curve_has_irsas_columns_in_every_format(client):
    header = (
        "oid,expid,hjd,mjd,mag,magerr,catflags,filtercode,ra,dec,chi,sharp,filefracday,field,ccdid,qid,limitmag,magzp,"
        "magzprms,clrcoeff,clrcounc,exptime,airmass,programid"
    )
    text = client.get(f"/objects/{OID}/lightcurve", {"format": "csv"}).content.decode()
    assert text.splitlines()[0] == header and len(text.splitlines()) == 61
    body = client.get(f"/objects/{OID}/lightcurve", {"format": "votable"}).content
    table = AstropyTable.read(io.BytesIO(body), format="votable")
    assert table.colnames == header.split(",") and len(table) == 60
    assert np.all(np.isfinite(table["hjd"]))


@pytest.mark.parametrize("method", ["search", "ls", "aov", "ce", "bls"])
def test_every_method_finds_the_eclipsing_stars_period_or_a_simple_multiple(client, method):
    status, found = get_json(client, f"/objects/{BINARY}/periodogram", method=method, fmax=5)
    assert status == 200
    ratios = [peak["period"] / PERIOD for peak in found["peaks"]] + [found["period"] / PERIOD]
    assert min(abs(ratio - simple) for ratio in ratios for simple in (0.5, 1, 2)) < 2e-3
    assert len(found["frequencies"]) == len(found["power"]) <= 3000


def test_excluded_points_are_left_out_of_the_search(client):
    rows = get_json(client, f"/objects/{BINARY}/points")[1]["columns"]["pid"]
    address = f"/objects/{BINARY}/periodogram"
    found = client.post(address, {"exclude": ",".join(map(str, rows[:7])), "fmax": 2})
    assert json.loads(found.content)["n_points"] == 53


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"method": "magic"}, "method='magic'"),
        ({"fmax": "1000"}, "fmax='1000'"),
        ({"fmin": "3", "fmax": "2"}, "fmin=3"),
        ({"bands": "u"}, "use zg, zr, zi"),
        ({"bands": "zi"}, "no points: a period needs"),
        ({"exclude": "1;drop"}, "is no pid"),
    ],
)
def test_a_wrong_period_search_names_the_parameter(client, parameters, words):
    status, problem = get_json(client, f"/objects/{BINARY}/periodogram", **parameters)
    assert status == 400 and words in problem["detail"]


@pytest.mark.parametrize("oid", [7, 10**30, OID + 999])
@pytest.mark.parametrize("part", ["", "lightcurve", "points", "periodogram"])
def test_an_unknown_object_is_not_found(client, oid, part):
    assert client.get(f"/objects/{oid}/{part}").status_code == 404


def test_the_plots_hold_no_code_and_no_data(client):
    body = client.get(f"/objects/{OID}/document").content.decode()
    assert body == documents()
    assert "CustomJS" not in body
    assert set(json.loads(body)) == {"lightcurve", "periodogram", "folded"}


def test_the_search_box_leads_from_a_number_to_its_object(client):
    response = client.get("/find", {"q": str(BINARY)})
    assert response.status_code == 302 and response["Location"] == f"/objects/{BINARY}/"
