"""One position is one position: every address and form that takes one gives the same answer to all its notations."""

import html
import io
import json
import re

import pytest
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from django import forms
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

import portal.api.forced
import portal.api.parameters
import portal.forms.forced
import portal.forms.images
import portal.forms.moving  # noqa: F401 (their forms are walked below)
from archive.forms import (
    DeclinationField,
    FilterField,
    PositionField,
    RightAscensionField,
    SinceField,
    TargetsField,
    UntilField,
    problems,
)
from lightcurves.irsa import light_curves
from lightcurves.viewer.forms import PointsForm
from tests.archive.given.notations import EXACT, REFUSED
from tests.archive.given.test_times import REFUSED as NO_TIMES
from tests.archive.given.test_times import SAME, WHEN
from tests.archive.services.vo.dal.conftest import archive, archive_of_images, did  # noqa: F401 (fixtures)

pytestmark = pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.VOWarning")
BOTH = pytest.mark.django_db(databases=["default", "reader"])


def every_form(kind=forms.Form):
    """All forms of this project."""
    for one in kind.__subclasses__():
        if one.__module__.split(".")[0] in {app.name.split(".")[0] for app in apps.get_app_configs()} - {"django"}:
            yield one
        yield from every_form(one)


FIELDS = sorted(
    {(f"{one.__name__}.{name}", type(field)) for one in every_form() for name, field in one.base_fields.items()},
    key=str,
)


def test_every_field_for_a_position_a_time_or_targets_is_the_one_that_knows_how():
    wanted = {
        "position": PositionField, "since": SinceField, "until": UntilField, "targets": TargetsField,
        "ra": RightAscensionField, "dec": DeclinationField,
    }  # fmt: skip
    found = [(name, kind, wanted.get(name.rpartition(".")[2])) for name, kind in FIELDS]
    found = [one for one in found if one[2] is not None]
    assert len(found) > 15
    assert [name for name, kind, right in found if not issubclass(kind, right)] == []


@BOTH
@pytest.mark.parametrize("name", EXACT)
def test_every_notation_finds_the_same_image_everywhere(archive, client, name):  # noqa: F811
    place = SkyCoord(archive.open.ra, archive.open.dec, unit="deg")
    text = EXACT[name](place)
    found = client.get("/api/images/", {"position": text}).json()
    assert [row["pid"] for row in found["results"]] == [archive.open.pid], found
    there = client.get("/api/resolve/", {"name": text}).json()
    assert SkyCoord(there["ra"], there["dec"], unit="deg").separation(place).arcsec < 0.06
    for address in ("/api/alerts/", "/api/objects/"):
        assert client.get(address, {"position": text}).json()["count"] == 1, address
    for address in ("/images/", "/alerts/", "/objects/", "/sky/"):
        assert client.get(address, {"position": text}).status_code == 200, address
    assert client.get("/find", {"q": text}).status_code == 302
    listed = client.post("/api/images/", {"targets": text, "format": "json", "columns": "pid"})
    rows = json.loads(b"".join(listed.streaming_content))
    rows = rows["data"] if isinstance(rows, dict) else rows
    assert len(rows) == 1, text


@BOTH
@pytest.mark.parametrize("text", [one for one in REFUSED if one])
def test_what_is_no_position_is_refused_everywhere(archive, client, text):  # noqa: F811
    for address in ("/api/images/", "/api/alerts/", "/api/objects/"):
        answer = client.get(address, {"position": text})
        assert answer.status_code == 400 and "position=" in answer.json()["detail"], address
    assert client.get("/api/resolve/", {"name": text}).status_code in (400, 404)
    assert client.post("/api/images/", {"targets": text, "format": "json"}).status_code == 400
    assert client.get("/find", {"q": text}).status_code == 404


TURNS = (0, 360, -360, 720)


@BOTH
def test_a_right_ascension_of_any_turn_is_the_same_in_every_protocol(archive, client):  # noqa: F811
    one, answers = archive.open, {}
    for turn in TURNS:
        ra, dec = one.ra + turn, one.dec
        asked = {
            "scs": ("/vo/scs/ztf_alerts", {"RA": ra, "DEC": dec, "SR": 0.01}),
            "sia": ("/vo/sia2/query", {"POS": f"CIRCLE {ra} {dec} 0.01"}),
            "soda": ("/vo/soda/sync", {"ID": did(archive), "CIRCLE": f"{ra} {dec} 0.01"}),
            "ibe": ("/ibe/search/ztf/products/sci", {"POS": f"{ra},{dec}"}),
            "page": ("/api/images/", {"ra": ra, "dec": dec}),
            "cutout": (f"/api/images/{one.pid}/cutout", {"ra": ra, "dec": dec}),
            "adql": (
                "/tap/sync",
                {"LANG": "ADQL", "RESPONSEFORMAT": "csv", "QUERY": "SELECT pid FROM ztf.ztf_alerts WHERE "
                 f"1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra}, {dec}, 0.01))"},
            ),
            "curves": ("/cgi-bin/ZTF/nph_light_curves", {"POS": f"CIRCLE {ra} {dec} 0.001", "FORMAT": "csv"}),
        }  # fmt: skip
        for name, (address, query) in asked.items():
            answer = client.get(address, query)
            body = answer.getvalue() if answer.streaming else answer.content
            answers.setdefault(name, []).append(
                (answer.status_code, len(body) if name in ("soda", "page", "cutout") else _plain(body))
            )
    for name, found in answers.items():
        assert found.count(found[0]) == len(TURNS), (name, [status for status, _ in found])
    assert {name: found[0][0] for name, found in answers.items()} == dict.fromkeys(answers, 200)
    assert answers["adql"][0][1].count(b"\n") == 2


def _plain(body: bytes) -> bytes:
    """An answer's text without the question that it repeats."""
    if b"<VOTABLE" in body[:500]:
        try:
            return repr(parse_single_table(io.BytesIO(body)).array.tolist()).encode()
        except (ValueError, IndexError):
            return body
    return (
        b"\n".join(line for line in body.splitlines() if not line.startswith(b"\\")) + b"\n"
        if body[:1] == b"\\"
        else body
    )


@BOTH
@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused_in_every_form(text):
    seen = 0
    for form in every_form():
        for name, field in form.base_fields.items():
            if isinstance(field, SinceField | UntilField) and text:
                seen += 1
                with pytest.raises(forms.ValidationError):
                    field.clean(text)
                assert field.clean(SAME[2]) == WHEN, name
    assert seen > 8 or not text


def patterns(resolver=None, before=""):
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield before + str(one.pattern)
        elif isinstance(one, URLResolver) and one.namespace != "admin":
            yield from patterns(one, before + str(one.pattern))


@BOTH
@pytest.mark.parametrize(("since", "says"), [("2020-09-25", "later than"), ("2020-09-24", "nothing lies between")])
def test_an_end_not_after_its_beginning_is_an_error_wherever_a_span_is_taken(archive, client, since, says):  # noqa: F811
    span = {"since": since, "until": "2020-09-24"}
    more = {"name": "Ceres", "ids": "7", "position": "1 1"}
    document, asked = SchemaGenerator().get_schema(request=None, public=True), []
    for address, operations in document["paths"].items():
        taken = {one["name"] for one in operations.get("get", {}).get("parameters", ())}
        if "since" in taken:
            answer = client.get(address, span | {name: text for name, text in more.items() if name in taken})
            assert answer.status_code == 400 and says in answer.json()["detail"], address
            asked.append(address)
    services = ("vo/", "tap/", "ibe/", "api/", "cgi-bin/", "help", "accounts", "oai")
    for address in (one for one in patterns() if not re.search(r"[<(^]", one) and not one.startswith(services)):
        page = client.get(f"/{address}")
        shown = page.getvalue()
        if page.status_code == 200 and b'name="since"' in shown:
            given = {name: text for name, text in more.items() if f'name="{name}"'.encode() in shown}
            targets = {"targets": "1 1"} if b'name="targets"' in shown else {}
            answers = client.get(f"/{address}", span | given), client.post(f"/{address}", span | targets)
            assert any(one.status_code == 400 and says.encode() in one.getvalue() for one in answers), address
            asked.append(address)
    assert len(asked) > 8, asked
    for address in ("/api/images/", "/api/cutouts/", "/api/forced/"):
        answer = client.post(address, span | {"targets": "1 1"})
        assert answer.status_code == 400 and says in answer.json()["detail"], address
    mjd = {"TIME": "59116 59115"}
    assert client.get("/vo/sia2/query", mjd).status_code == 400
    assert client.get("/cgi-bin/ZTF/nph_light_curves", {"ID": "7"} | mjd).status_code == 400
    for julian in ("2459116.5 2459117.5", "1600943000"):
        assert b"modified Julian date" in client.get("/vo/sia2/query", {"TIME": julian}).content
        assert (
            b"modified Julian date" in client.get("/cgi-bin/ZTF/nph_light_curves", {"ID": "7", "TIME": julian}).content
        )


def test_every_filter_is_asked_for_by_the_field_that_knows_its_names():
    found = [(name, kind) for name, kind in FIELDS if name.rpartition(".")[2] == "filtercode"]
    assert len(found) >= 5
    assert [name for name, kind in found if not issubclass(kind, FilterField)] == []


def test_a_filter_may_be_named_as_people_name_it():
    field = FilterField()
    for code, band in (("zg", "g"), ("zr", "r"), ("zi", "i")):
        for text in (code, code.upper(), band, band.upper(), f"ZTF_{band}", f"ztf_{band}", f" {band} "):
            assert field.clean(text) == code, text
    assert field.clean("") == "" and field.prepare_value("R") == "zr"
    for text in ("x", "sdss r", "zz", "1", "rg"):
        with pytest.raises(forms.ValidationError, match="give zg, zr or zi"):
            field.clean(text)


def test_a_choice_that_is_none_is_refused_with_the_choices_in_every_form():
    seen = set()
    for form in every_form():
        for name, field in form.base_fields.items():
            if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
                several = isinstance(field, forms.MultipleChoiceField)
                with pytest.raises(forms.ValidationError) as refused:
                    field.clean(["no such"] if several else "no such")
                text = " ".join(refused.value.messages)
                assert "valid choice" not in text, (form, name)
                assert all(str(value) in text for value, _ in field.choices if value != ""), (form, name, text)
                seen.add(name)
    assert {"family", "filtercode", "scopes", "format", "origin", "programid", "method"} <= seen


FILTERED = ("/images/", "/api/images/", "/sky/", "/alerts/", "/api/alerts/", "/objects/", "/api/objects/")


@BOTH
@pytest.mark.parametrize("address", FILTERED)
def test_a_filter_of_any_spelling_gives_the_same_answer_at_every_address(archive, client, address):  # noqa: F811
    def counted(code: str):
        asked = {"filtercode": code, "position": f"{archive.open.ra} {archive.open.dec}"}
        return client.get(address, asked | ({} if "api" in address else {"format": "json"}))

    if "/sky/" in address:
        assert client.get(address, {"filtercode": "R"}).status_code == 200
    else:
        counts = {code: counted(code).json()["count"] for code in ("zr", "r", "R", "ZR", "ZTF_r")}
        assert set(counts.values()) == {1}, counts
        assert counted("zg").json()["count"] == 0
    refused = client.get(address, {"filtercode": "sdss r"})
    assert refused.status_code == 400
    text = html.unescape(refused.content.decode())
    assert "filtercode='sdss r': give zg, zr or zi" in text, text


@BOTH
@pytest.mark.parametrize("name", ["ZTF20aaaaaaa", "ztf20aaaaaaa", "ZTF20AAAAAAA", " Ztf20aaaaAAA "])
def test_an_alert_object_is_found_by_its_name_in_any_case(archive, client, name):  # noqa: F811
    assert client.get("/find", {"q": name}).url == "/alerts/77/"
    assert client.get("/api/resolve/", {"name": name}).json()["name"] == "ZTF20aaaaaaa"
    for address in ("/api/alerts/", "/api/images/"):
        asked = {"family": "alert"} if "images" in address else {}
        for parameter in ("position", "objectid"):
            found = client.get(address, asked | {parameter: name}).json()
            assert [row["candid"] for row in found["results"]] == [77], (address, parameter)


@BOTH
def test_an_alert_object_that_is_not_here_is_said_to_be_none_that_one_may_see(archive, client):  # noqa: F811
    says = "ZTF26aaaaaau: no alert object of that name that you may see"
    for address in ("/find?q=", "/images/?position=", "/alerts/?position=", "/api/images/?position="):
        refused = client.get(f"{address}ztf26aaaaaau")
        text = html.unescape(refused.content.decode())
        assert refused.status_code in (400, 404) and says in text and "NGC" not in text.partition(says)[2][:20], address
    for address in ("/alerts/", "/api/alerts/", "/api/images/"):
        refused = client.get(address, {"objectid": "ZTF1"})
        assert refused.status_code == 400 and "give the name of an alert" in refused.content.decode(), address


@BOTH
def test_lists_of_filters_take_the_same_names():
    form = PointsForm({"bands": "R,ZTF_g"})
    assert form.is_valid() and form.cleaned_data["bands"] == ["zr", "zg"]
    refused = PointsForm({"bands": "zr,x"})
    assert not refused.is_valid() and problems(refused) == "bands='zr,x': x: give zg, zr or zi"
    for text in ("r,g", "gr", "ZTF_R,zg", "1,2"):
        asked = light_curves.read({"POS": ["CIRCLE 1 1 0.01"], "BANDNAME": [text]}, signed_in=False)
        assert asked.point_filter.fids == (1, 2), text
