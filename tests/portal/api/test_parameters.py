"""Every address refuses what it does not take and what is given twice, by name; the Virtual Observatory's as DALI says.

Addresses come from the URL configuration, their parameters from what the views themselves say
(archive.requests.parameters) and from the OpenAPI document.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import html5lib
import pytest
from django import forms
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st

from archive.forms import NO, YES, YesNoField
from archive.requests.parameters import NOTHING, Taken, refusal, taken_by
from portal.middleware import OtherSpellings
from portal.refusals import follows_dali
from tests.addresses import ADDRESSES, well_formed
from tests.forms import our_forms

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NAMES = sorted(ADDRESSES)
FIELDS = ("input", "select", "textarea", "button")
ODD = "zzz_unheard_of"


def is_dali(name: str) -> bool:
    return follows_dali(RequestFactory().get(well_formed(ADDRESSES[name])))


STRICT = [name for name in NAMES if not is_dali(name)]
BY_STANDARD = [name for name in NAMES if is_dali(name)]


def view_of(name: str):
    return resolve(well_formed(ADDRESSES[name])).func


def taken(name: str, method: str = "GET") -> Taken:
    return taken_by(view_of(name), method)


@pytest.fixture(scope="module")
def client():
    return Client(raise_request_exception=False)


def told(answer) -> str:
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def test_there_are_addresses_of_both_kinds():
    assert len(STRICT) > 60 and len(BY_STANDARD) > 30
    assert "images" in STRICT and "ibe-search" in STRICT and "tap-sync" in BY_STANDARD and "sia" in BY_STANDARD


@pytest.mark.parametrize("name", STRICT)
def test_an_unknown_parameter_is_refused_by_name(client, name):
    answer = client.get(well_formed(ADDRESSES[name]), {ODD: "1"})
    assert answer.status_code == 400, name
    assert ODD in told(answer)


@pytest.mark.parametrize("name", STRICT)
def test_an_unknown_field_of_a_posted_form_is_refused_by_name(client, name):
    answer = client.post(well_formed(ADDRESSES[name]), {ODD: "1"})
    assert answer.status_code == 400, name
    assert ODD in told(answer)


@pytest.mark.parametrize("name", [name for name in STRICT if taken(name).query])
def test_a_parameter_that_is_given_twice_is_refused_by_name(client, name):
    known = taken(name)
    for one in [name for name in known.query if name.lower() not in known.repeated]:
        for values in (["1", "1"], ["1", "2"], ["", ""]):
            answer = client.get(well_formed(ADDRESSES[name]), {one: values})
            assert answer.status_code == 400, (name, one)
            assert one.lower() in told(answer).lower()


@pytest.mark.parametrize("name", [name for name in STRICT if taken(name).query])
def test_a_misspelt_parameter_is_answered_with_the_nearest_one(client, name):
    for one in taken(name).query:
        answer = client.get(well_formed(ADDRESSES[name]), {one + "_x": "1"})
        assert answer.status_code == 400, (name, one)
        assert "did you mean" in told(answer) or one in told(answer), (name, one)


@pytest.mark.parametrize("name", [name for name in STRICT if taken(name, "POST").body])
def test_a_field_that_is_posted_twice_is_refused_by_name(client, name):
    known = taken(name, "POST")
    for one in [name for name in known.body if name.lower() not in known.repeated]:
        answer = client.post(well_formed(ADDRESSES[name]), {one: ["1", "1"]})
        assert answer.status_code == 400, (name, one)
        assert one.lower() in told(answer).lower()


@pytest.mark.parametrize("name", BY_STANDARD)
def test_what_follows_dali_leaves_unknown_parameters_alone(client, name):
    address = well_formed(ADDRESSES[name])
    plain, more = client.get(address), client.get(address, {ODD: "1"})
    assert more.status_code == plain.status_code, name
    if more["Content-Type"].startswith("text/html"):
        return  # the page's own address stands in its link to sign in
    assert ODD not in told(more) or name == "registry"  # OAI-PMH has a rule of its own: badArgument


@pytest.mark.parametrize(
    ("path", "twice"),
    [
        ("/tap/sync", {"QUERY": ["SELECT 1", "SELECT 2"], "LANG": "ADQL"}),
        ("/tap/sync", {"QUERY": "SELECT 1", "LANG": ["ADQL", "ADQL"]}),
        ("/tap/sync", {"QUERY": "SELECT 1", "LANG": "ADQL", "MAXREC": ["1", "2"]}),
        ("/tap/tables", {"detail": ["min", "max"]}),
        ("/vo/sia2/query", {"POS": "CIRCLE 1 1 1", "MAXREC": ["1", "1"]}),
        ("/SIA", {"POS": "CIRCLE 1 1 1", "RESPONSEFORMAT": ["csv", "votable"]}),
        ("/vo/scs/ztf_alerts", {"RA": ["1", "2"], "DEC": "1", "SR": "0.1"}),
        ("/vo/datalink/links", {"ID": "x", "RESPONSEFORMAT": ["votable", "votable"]}),
        ("/vo/soda/sync", {"ID": ["a", "b"], "CIRCLE": "1 1 0.01"}),
    ],
)
def test_what_follows_dali_refuses_a_parameter_that_is_given_twice(client, path, twice):
    answer = client.get(path, twice)
    assert answer.status_code == 400
    repeated = next(name for name, value in twice.items() if isinstance(value, list))
    assert repeated.lower() in told(answer).lower()


def test_a_name_in_the_address_and_in_the_body_with_two_values_is_refused(client):
    answer = client.post("/cgi-bin/ZTF/nph_light_curves?ID=1&FORMAT=csv", {"format": "votable"})
    assert answer.status_code == 400 and "format" in told(answer).lower()


def test_openapi_lists_exactly_what_addresses_of_rest_take():
    document = SchemaGenerator().get_schema(request=None, public=True)
    known = {}
    for path, operations in document["paths"].items():
        view = resolve(path.format(**{name: _example(one) for name, one in _places(operations)})).func
        for method, operation in operations.items():
            listed = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            known[path, method] = (listed, set(taken_by(view, method.upper()).query))
    assert known and all(listed == asked for listed, asked in known.values()), {
        place: one for place, one in known.items() if one[0] != one[1]
    }


def _places(operations: dict) -> list[tuple[str, dict]]:
    one = next(iter(operations.values()))
    return [(place["name"], place) for place in one.get("parameters", ()) if place["in"] == "path"]


def _example(place: dict) -> str:
    if place["schema"].get("format") == "uuid":
        return "0" * 8 + "-0000-0000-0000-" + "0" * 12
    return "images" if place["schema"]["type"] == "string" else "1"


# --- words that mean yes or no -------------------------------------------------------------------------------------


def test_no_form_reads_a_word_for_no_as_yes():
    """Django's own check box takes every text but "false" for yes: `good=0` would mean good."""
    for form in our_forms():
        fields = getattr(form, "base_fields", {})
        plain = [name for name, field in fields.items() if type(field) in (forms.BooleanField, forms.NullBooleanField)]
        if form.__module__.startswith(("portal.admin", "archive.admin")):
            continue  # the admin's pages post check boxes
        assert not plain, (form, plain)


@given(st.sampled_from([*YES, *NO]), st.booleans())
def test_words_mean_what_they_say_in_either_case(word, upper):
    assert YesNoField().clean(word.upper() if upper else f" {word} ") is (word in YES)


@given(st.text(min_size=1).filter(lambda text: text.strip().lower() not in ("", *YES, *NO)))
def test_any_other_word_is_refused(text):
    with pytest.raises(forms.ValidationError):
        YesNoField().clean(text)


def test_good_means_the_same_on_the_page_and_in_rest(client):
    for path in ("/images/", "/api/images/", "/quality/"):
        assert client.get(path, {"good": "perhaps"}).status_code == 400, path
        for word in (*YES, *NO):
            assert client.get(path, {"good": word}).status_code == 200, (path, word)


# --- the rule itself -----------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="ascii", categories=["Ll", "Lu"]), min_size=1, max_size=12)


@given(st.lists(WORDS, unique=True, max_size=6), st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=2)))
def test_only_known_names_that_stand_once_pass(known, asked):
    passes = set(asked) <= set(known) and all(len(values) == 1 for values in asked.values())
    assert (refusal(Taken(tuple(known)), asked, None, "here") is None) == passes


def test_what_says_nothing_takes_nothing():
    assert refusal(NOTHING, {}, None, "/x/") is None
    assert refusal(NOTHING, {"a": ["1"]}, None, "/x/") == "a: is no parameter of /x/, which takes none"
    assert refusal(NOTHING, {}, {"csrfmiddlewaretoken": ["x"]}, "/x/") is None


# --- the portal's own pages ----------------------------------------------------------------------------------------


VISITS = {  # pages as people come to them: by a link, from a search, back after signing in
    "sign-in": {"next": "/images/?field=1"},
    "forced": {"position": "10 10"},
    "images": {"position": "0 0", "format": "html"},
    "quality": {"field": "1", "format": "html", "part": ""},
    "alerts": {"format": "html"},
    "sky": {"field": "1"},
    "cutouts": {"position": "0 0", "size": "0.05"},
    "query": {"query": "SELECT 1"},
}


def test_the_forms_and_links_of_the_pages_ask_only_what_their_addresses_take(client, django_user_model):
    """Every form that a page holds, as a browser would send it, and every address that it names."""
    somebody = django_user_model.objects.create_user("somebody", password="x")
    member = Client(raise_request_exception=False)
    member.force_login(somebody)
    seen = 0
    for asks in (client, member):
        for name in STRICT:
            address = well_formed(ADDRESSES[name])
            for asked in ({}, *([VISITS[name]] if name in VISITS else [])):
                page = asks.get(address, asked)
                if page.status_code != 200 or not page["Content-Type"].startswith("text/html") or page.streaming:
                    continue
                tree = html5lib.parse(page.content, namespaceHTMLElements=False)
                for here, method, fields in addresses_of(tree, f"{address}?{urlencode(asked)}"):
                    assert said_of(here, method, fields) is None, (name, here, said_of(here, method, fields))
                    seen += 1
    assert seen > 200


def addresses_of(tree, here: str):
    """The requests of a page: address, method, names of fields; its links, its scripts and pictures, its forms."""
    for attribute in ("href", "src", "data-on-open", "data-poll"):
        yield from ((urljoin(here, one.get(attribute)), "GET", None) for one in tree.iter() if one.get(attribute))
    for form in tree.iter("form"):
        target, method = urljoin(here, form.get("action") or here), form.get("method", "get").upper()
        yield (
            (target, "POST", fields_of(form, tree))
            if method == "POST"
            else (f"{target.partition('?')[0]}?{urlencode(dict.fromkeys(fields_of(form, tree), 'x'))}", "GET", None)
        )


def said_of(target: str, method: str, fields: set[str] | None) -> str | None:
    """The reason that an address of ours would refuse this."""
    address = urlsplit(target)
    if address.netloc or address.scheme or address.path.startswith("/static/"):
        return None
    request = RequestFactory().get(address.path)
    try:
        match = resolve(address.path)
    except Resolver404:
        return None if OtherSpellings.meant(address.path) else "there is no such address"
    if follows_dali(request) or "admin" in match.namespaces:
        return None
    body = None if fields is None else {name: ["x"] for name in fields}
    return refusal(taken_by(match.func, method), parse_qs(address.query, keep_blank_values=True), body, address.path)


def test_what_the_viewer_keeps_in_its_address_is_taken_by_its_page():
    """The script writes its state into the address of the object's page; a reload asks for it."""
    script = (settings.BASE_DIR / "static/lightcurves/state.js").read_text()
    written = set(re.findall(r"(?:put|take)\(\"(\w+)\"", script)) | {"method", "fmin", "fmax", "exclude"}
    assert len(written) > 14 and written <= set(taken("object").query)


@pytest.mark.parametrize("name", ["sign-in", "forced"])
def test_a_name_may_stand_in_the_address_and_in_the_form_with_one_value(name):
    known = taken(name, "POST")
    one = next(one for one in known.query if one in known.body)
    assert refusal(known, {one: ["/x"]}, {one: ["/x"]}, "here") is None
    assert refusal(known, {one: ["/x"]}, {one: ["/y"]}, "here").startswith(f"{one}: is in the address")


def test_what_stands_in_the_address_of_a_request_that_posts_is_not_left_out(client):
    for path, body in (
        ("/api/jobs/?filtercode=zr", {"field": "600"}),
        ("/objects/1/periodogram?fmax=5", {"method": "ls"}),
        ("/forced/?since=2020-01-01", {"position": "1 1"}),
        ("/cgi-bin/periodogram/nph-periodogram_api?alg=bls", {"ID": "1"}),
    ):
        answer = client.post(path, body)
        assert answer.status_code == 400 and "address" in told(answer), path


@pytest.mark.parametrize("path", ["/admin/auth/user/add/", "/admin/archive/release/add/"])
def test_the_admin_takes_its_own_forms(admin_client, path):
    answer = admin_client.post(path, {"username": "new", "_save": "Save", ODD: "1"})
    assert answer.status_code in (200, 302)


def fields_of(form, tree) -> set[str]:
    """Names of a form's fields: those within it that name no other form, and those elsewhere that name it."""
    own = form.get("id")
    within = [one for tag in FIELDS for one in form.iter(tag) if one.get("form") in (None, own)]
    elsewhere = [one for tag in FIELDS for one in tree.iter(tag) if own and one.get("form") == own]
    named = [one for one in dict.fromkeys((*within, *elsewhere)) if one.get("name")]
    sent = [one.get("name") for one in named if one.tag != "button" and one.get("type") not in ("radio", "checkbox")]
    sent += {one.get("name") for one in named if one.tag == "button"}  # the one that is pressed
    assert len(sent) == len(set(sent)), f"a form would send {sorted(sent)}"
    return {one.get("name") for one in named}
