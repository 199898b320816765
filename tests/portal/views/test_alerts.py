"""An alert's page: stamps, light curve with limits, fields in words, neighbours; nothing of what is proprietary."""

import io
import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image

from archive.models import Membership, ScienceImage
from archive.tables.alert_fields import FIELDS, GROUPS, measured
from portal.results import alert_facts
from processing.alerts import schema
from tests import factories, leftovers
from tests.portal.views import alerts

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
LETTERS = {"int": "int", "long": "long", "float": "float", "double": "double", "string": "char"}


@pytest.fixture(scope="module")
def made(committed, archive_root):
    yield alerts.build()
    leftovers.empty()


@pytest.fixture
def member(made):
    user = User.objects.using("default").filter(username="of program 2").first()
    if user is None:
        user = User.objects.create(username="of program 2")
        Membership.objects.create(user=user, program_id=2, since=factories.PUBLIC["public_date"])
    client = Client()
    client.force_login(user)
    return client


def page(client, one) -> BeautifulSoup:
    return BeautifulSoup(client.get(reverse("alert", args=[one.candid])).content, "html.parser")


def fields(soup: BeautifulSoup) -> dict[str, str]:
    """The shown value of each field, by its name in the schema."""
    rows = soup.select(".fields dl > div")
    return {row.select_one("dt code").text: " ".join(row.select_one(".value").text.split()) for row in rows}


def test_the_dictionary_has_every_field_of_the_schema_once_with_its_type():
    names = [field.name for group in GROUPS for field in group.fields]
    assert sorted(names) == sorted(schema.CANDIDATE_NAMES)
    for field in schema.fields(schema.CANDIDATE):
        kind = field["type"] if isinstance(field["type"], str) else field["type"][1]
        assert FIELDS[field["name"]].datatype == LETTERS[kind], field["name"]
        assert FIELDS[field["name"]].label and FIELDS[field["name"]].description


@pytest.mark.parametrize("value", [None, -999.0, -999, float("nan"), float("inf"), "", "null"])
def test_what_stands_for_nothing_is_missing(value):
    assert measured(value) is None


@pytest.mark.parametrize("value", [0, 0.0, -1.5, "t", -998.9])
def test_a_zero_is_a_number(value):
    assert measured(value) == value


def test_fields_say_unit_meaning_and_what_is_missing(client, made):
    found = fields(page(client, made[0]))
    assert len(found) == len(schema.CANDIDATE_NAMES)
    assert found["magpsf"] == "19.610 mag" and found["nneg"] == "0"
    assert found["simag1"] == found["drb"] == found["objectidps3"] == "not measured"
    assert found["jdstartref"] == "2461040.80000 d (2025-12-31 07:12:00 UTC)"
    assert found["zpclrcov"] == "-4.1e-07 mag²" and found["isdiffpos"] == "t (brighter than the reference)"
    assert "-999" not in page(client, made[0]).select_one("main").text


def test_a_packet_of_another_schema_says_what_it_lacks_and_shows_what_we_do_not_know():
    groups = alert_facts.fact_groups({"candid": 1, "braai": 0.5, "luid": None}, {})
    told = {fact.field.name: fact.value for group in groups for fact in group.facts}
    odd = alert_facts.fact_groups({"jdstartref": 0.0, "nid": -3}, {})
    notes = {fact.field.name: fact.note for group in odd for fact in group.facts}
    assert (notes["jdstartref"], notes["nid"]) == ("on no day of the calendar", "before the survey")
    assert told["magpsf"] == alert_facts.NOT_IN_PACKET
    assert (told["braai"], told["luid"]) == ("0.5", alert_facts.NOT_MEASURED)


def test_cards_say_what_lies_near(client, made):
    soup = page(client, made[0])
    stars = soup.select("section[aria-labelledby=card-ps1] tbody tr")
    assert [row.select("td")[0].text for row in stars] == ["0.02, likely a galaxy", "0.99, likely a star"]
    assert stars[0].select("td")[3].text.strip() == "–"
    gaia = soup.select_one("section[aria-labelledby=card-gaia]").text
    assert "12.40″ away, G = 16.94 mag" in gaia and "none within 90″" in gaia
    solar = soup.select_one("section[aria-labelledby=card-solar] a")
    assert solar.text == "310 Margarita" and client.get(solar["href"]).status_code == 200


def test_every_link_about_the_place_leads_to_an_answer(client, made):
    links = page(client, made[0]).select("nav[aria-labelledby=card-place] a")
    assert [one.text for one in links] == [
        "Images", "Light curves", "Alerts", "Forced photometry", "Cutouts", "Sky map", "Query",
    ]  # fmt: skip
    for one in links:
        answer = client.get(one["href"])
        assert answer.status_code == 200, (one["href"], answer.content[:300])
    assert str(made[0].candid) in client.get(links[-1]["href"]).content.decode()


def test_the_light_curve_has_detections_and_limits_in_order_of_time(client, made):
    url = reverse("alert-lightcurve", args=[made[3].candid])
    rows = client.get(url).json()["rows"]
    assert [row["jd"] for row in rows] == sorted(row["jd"] for row in rows)
    limits = [row for row in rows if row["kind"] == "limit"]
    assert [row["limitmag"] for row in limits] == pytest.approx([20.7, 20.4, 20.9, 20.5])
    assert all(row["magpsf"] is None and row["candid"] is None and row["flux"] is None for row in limits)
    found = [row for row in rows if row["kind"] == "detection"]
    assert [row["filtercode"] for row in found] == ["zg", "zr", "zg", "zr", "zg", "zr", "zr"]
    assert found[2]["flux"] == pytest.approx(151.4, abs=0.1) and found[2]["fluxerr"] == pytest.approx(8.37, abs=0.01)
    assert found[-1]["flux"] == pytest.approx(-39.81, abs=0.01)
    assert limits[0]["fluxerr"] * 5 == pytest.approx(19.05, abs=0.01)
    assert client.get(url, {"format": "csv"}).content.decode().splitlines()[0].startswith("kind,candid,pid,jd,obsdate")
    assert b"VOTABLE" in client.get(url, {"format": "votable"}).content


def test_the_plot_s_points_are_those_of_the_table(client, made):
    answer = client.get(reverse("alert-plot", args=[made[0].candid])).json()
    assert answer["candid"] == str(made[0].candid) and answer["alertcurve"]["doc"]
    soup = page(client, made[0])
    assert len(soup.select("section[aria-labelledby=curve-title] tbody tr")) == len(answer["points"]) == 11
    assert len(soup.select("#alertcurve svg g.mark")) == 11 and len(soup.select("#alertcurve circle.ring")) == 1
    drawn = soup.select("#alertcurve g.mark")
    shapes = {band: {re.sub("[-0-9. ]", "", one.select("path")[-1]["d"]) for one in drawn if band in one["class"]}
              for band in ("zg", "zr")}  # fmt: skip
    assert shapes == {"zg": {"Maaz", "Mhlz"}, "zr": {"Mhvhz", "Mhlz"}}  # circles, squares; triangles


def test_previous_and_next_lead_through_the_object(client, made):
    soup = page(client, made[3])
    assert soup.select_one("a[rel=prev]")["href"] == reverse("alert", args=[made[2].candid])
    assert soup.select_one("a[rel=next]")["href"] == reverse("alert", args=[made[5].candid])
    assert "4 of 7" in soup.select_one("nav.turn").text
    assert page(client, made[0]).select_one("a[rel=prev]") is None
    assert page(client, made[-1]).select_one("a[rel=next]") is None


def test_nothing_of_a_proprietary_alert_leaks(client, member, made):
    """Made[4] is of program 2: neither its number, its place in the row, its point nor its magnitude is told."""
    hidden = made[4]
    for name in ("alert", "alert-plot", "alert-lightcurve", "packet"):
        assert client.get(reverse(name, args=[hidden.candid])).status_code == 404
        assert member.get(reverse(name, args=[hidden.candid])).status_code == 200
        for one in made[:4] + made[5:]:
            text = client.get(reverse(name, args=[one.candid])).content.decode()
            assert str(hidden.candid) not in text and str(hidden.pid) not in text and "17.93" not in text, name
    assert client.get(reverse("stamp", args=[hidden.candid, "science"])).status_code == 404
    assert "4 of 8" in page(member, made[3]).select_one("nav.turn").text
    rows = member.get(reverse("alert-lightcurve", args=[made[3].candid])).json()["rows"]
    assert hidden.candid in [row["candid"] for row in rows]


def test_stamps_stand_north_up_and_east_left(client, made):
    """The star of the stamps lies 18 pixels to the north and 14 to the east of the alert."""
    for kind in ("science", "template"):
        answer = client.get(reverse("stamp", args=[made[0].candid, kind]))
        picture = np.asarray(Image.open(io.BytesIO(answer.content)), float)
        row, column = np.argwhere(picture[:22, :22] == picture.max()).mean(axis=0)
        assert abs(row - (31 - 18)) <= 1 and abs(column - (31 - 14)) <= 1, kind
    wrong = client.get(reverse("stamp", args=[made[0].candid, "colour"]))
    assert wrong.status_code == 404 and b"science, template, difference" in wrong.content
    alts = [one["alt"] for one in page(client, made[0]).select(".triple img")]
    assert len(alts) == 3 and all("64″ wide, north up, east left" in one for one in alts)


def test_what_is_not_asked_is_refused(client, made):
    for name, given in (("alert-plot", "format=csv"), ("alert-lightcurve", "band=g"), ("stamp", "width=3")):
        arguments = [made[0].candid] + (["science"] if name == "stamp" else [])
        answer = client.get(f"{reverse(name, args=arguments)}?{given}")
        assert answer.status_code == 400 and given.split("=")[0] in answer.content.decode()
    answer = client.get(reverse("alert-lightcurve", args=[made[0].candid]), {"format": "html"})
    assert answer.status_code == 400 and "json, csv or votable" in json.loads(answer.content)["detail"]


@pytest.fixture(scope="module")
def pixels(made):
    return factories.pixels(ScienceImage.objects.get(pk=made[1].pid), shape=(60, 60))


def test_the_viewer_opens_in_place_only_where_the_image_has_pixels(client, made, pixels):
    assert page(client, made[0]).select_one("[data-embedded-page]") is None
    address = page(client, made[1]).select_one("[data-embedded-page]")["data-embedded-page"]
    shown = client.get(f"{address}&embedded=1")
    assert address.startswith(f"/images/{made[1].pid}/view?plane=science&ra=")
    assert "data-embedded" in shown.content.decode()
    policy = shown["Content-Security-Policy"]
    assert shown["X-Frame-Options"] == "SAMEORIGIN" and "frame-ancestors 'self'" in policy
    around = client.get(reverse("alert", args=[made[1].candid]))
    assert around["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in around["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in around["Content-Security-Policy"], "the viewer's own, in its frame"
