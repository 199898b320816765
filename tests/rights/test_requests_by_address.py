"""Every address of the portal: what a stranger may send to it without a traceback, a cache leak, or a forged action."""

from __future__ import annotations

import random
import re

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from archive.models import Membership, QueryJob, UserJob, UserTable
from archive.services.vo.tap import uws
from portal.middleware import SameOrigin
from tests.addresses import ADDRESSES, filled, well_formed
from tests.forms import our_forms

pytestmark = pytest.mark.django_db(databases=["default", "reader"])

BIG = "9" * 5000
HOSTILE = (
    "", "²", "٣", BIG, "-" + BIG, "\0", "1\0", "1e300", "-1e300", "1e-320", "1e5000", "nan", "inf", "-inf", "0x10",
    "9223372036854775808", "-9223372036854775809", "2147483648", "-1", "0", "1.5", "1,2", "[]", "{}", "null", "None",
    "'", '"', "--", ";", "%", "%s", "{0}", "\\", "../../etc/passwd", "a" * 20_000, "\ud7ff", "\u202e", "🛰", "\r\n",
    "9999-99-99", "0000-00-00", "99999-01-01", "2020-02-30", "1e999/2", "10 20 30 40", "CIRCLE 0 0 1e300", "0 0 0",
    "J9" * 300, "NaN NaN", "1 1e400", "SELECT", "*", "true", "$1", "<x>", "2020-01-01T00:00:00+99:99",
)  # fmt: skip
PROTOCOL_NAMES = (
    "LANG", "QUERY", "FORMAT", "RESPONSEFORMAT", "MAXREC", "UPLOAD", "PHASE", "RUNID", "ACTION", "WAIT", "LAST",
    "AFTER", "DESTRUCTION", "EXECUTIONDURATION", "REQUEST", "VERSION", "ID", "POS", "BAND", "TIME", "CIRCLE",
    "POLYGON", "RA", "DEC", "SR", "VERB", "SIZE", "INTERSECT", "CENTER", "WHERE", "COLUMNS", "MJD", "TARGET",
    "COLLECTION", "BANDNAME", "BAD_CATFLAGS_MASK", "NOBS_MIN", "center", "size", "gzip", "ct", "alg", "nbins", "minper",
    "maxper", "verb", "identifier", "resumptionToken", "metadataPrefix", "from", "until", "jdstart", "jdend", "email",
    "userpass", "q", "page", "page_size", "order", "format", "targets", "josso_username", "josso_password", "next",
)  # fmt: skip
QUESTIONS = 24  # of one address


def parameter_names() -> list[str]:
    """Of every form, of the OpenAPI document, and of the protocols."""
    found = set(PROTOCOL_NAMES)
    for kind in our_forms():
        found |= set(getattr(kind, "base_fields", {}))
    document = SchemaGenerator().get_schema(request=None, public=True)
    for operations in document["paths"].values():
        for operation in operations.values():
            found |= {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    return sorted(found)


@pytest.fixture(scope="module")
def names(django_db_setup):
    return parameter_names()


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_no_parameter_ends_in_a_traceback(name, names, committed):
    """Hostile values in the path, in one parameter, in all that forms and protocols know, by GET, POST and JSON."""
    lots = random.Random(name)
    route = ADDRESSES[name]
    client = Client(raise_request_exception=False)
    for number in range(QUESTIONS):
        some = lots.sample(names, 3)
        given = {key: lots.choice(HOSTILE) for key in some}
        hostile_path = lots.random() < 0.3
        path = filled(route, iter(lambda: lots.choice(HOSTILE[:20]), None)) if hostile_path else well_formed(route)
        path = path.replace("\0", "%00").replace("\r\n", "")
        kind = number % 4
        try:
            if kind in (0, 1):
                answer = client.get(path, given)
            elif kind == 2:
                answer = client.post(path, given)
            else:
                answer = client.post(path, given, content_type="application/json")
        except UnicodeEncodeError:  # no client can send it
            continue
        assert answer.status_code < 500, (name, path[:200], {key: text[:60] for key, text in given.items()})
        if answer.streaming:
            for _ in answer.streaming_content:
                pass


def test_only_one_module_decides_what_a_whole_number_is():
    """`int(text)` behind `isdigit` is a trap; archive.requests.numbers has the rule."""
    for app in ("archive", "lightcurves", "portal", "processing"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if path != settings.BASE_DIR / "archive" / "requests" / "numbers.py":
                assert not re.search(r"\.is(digit|decimal|numeric)\(", path.read_text()), path


# --- caches ------------------------------------------------------------------------------------------------------


@pytest.fixture
def member(committed):
    made = User.objects.create_user("member", password="member's password")
    Membership.objects.create(user=made, program_id=2)
    yield made
    made.delete()


def variants(member) -> dict[str, Client]:
    by_session = Client(raise_request_exception=False)
    by_session.force_login(member)
    header = "Basic bWVtYmVyOm1lbWJlcidzIHBhc3N3b3Jk"
    return {"session": by_session, "basic": Client(raise_request_exception=False, headers={"Authorization": header})}


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_no_shared_cache_keeps_what_a_member_was_answered(name, member):
    for how, client in variants(member).items():
        answer = client.get(well_formed(ADDRESSES[name]))
        rule, varies = answer.headers.get("Cache-Control", ""), answer.headers.get("Vary", "")
        assert "private" in rule or "no-store" in rule, (name, how, rule)
        assert "public" not in rule, (name, how, rule)
        assert {"cookie", "authorization"} <= {one.strip().lower() for one in varies.split(",")} or varies == "*", name


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_what_a_visitor_is_answered_is_known_to_depend_on_who_asks(name, committed):
    varies = Client(raise_request_exception=False).get(well_formed(ADDRESSES[name])).headers.get("Vary", "")
    assert {"cookie", "authorization"} <= {one.strip().lower() for one in varies.split(",")} or varies == "*", name


# --- forged requests ----------------------------------------------------------------------------------------------

FOREIGN = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
           {"Origin": "http://testserver.evil.example"}, {"Sec-Fetch-Site": "same-site"})  # fmt: skip


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_no_address_takes_what_another_site_sends_with_a_cookie(name, member):
    client = Client(raise_request_exception=False)
    client.force_login(member)
    before = rows()
    for headers, method in zip(FOREIGN, ("post", "put", "delete", "patch", "post"), strict=True):
        answer = getattr(client, method)(well_formed(ADDRESSES[name]), {}, headers=headers)
        assert answer.status_code == 403, (name, method, headers, answer.status_code)
    assert rows() == before


def test_our_own_pages_and_scripts_are_not_taken_for_foreign_ones(member):
    client = Client()
    client.force_login(member)
    for headers in ({}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}):
        assert client.post("/tap/async", {"LANG": "ADQL", "QUERY": "SELECT 1"}, headers=headers).status_code == 303
    QueryJob.objects.filter(owner=member).delete()


def test_a_password_that_a_browser_remembers_is_no_better_than_a_cookie_and_a_token_is(member):
    order = {"LANG": "ADQL", "QUERY": "SELECT 1"}
    basic = {"Authorization": "Basic bWVtYmVyOm1lbWJlcidzIHBhc3N3b3Jk"}
    assert Client(headers=basic).post("/tap/async", order).status_code == 303, "a script says no origin"
    for foreign in FOREIGN:
        assert Client(headers=basic | foreign).post("/tap/async", order).status_code == 403, foreign
        assert (
            Client(headers={"Authorization": "Bearer ztf_none"} | foreign).post("/tap/async", order).status_code == 401
        )
        assert Client(headers=foreign).post("/tap/async", order).status_code == 303, "in nobody's name"
    QueryJob.objects.all().delete()


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_reading_changes_nothing(name, member):
    """GET and HEAD with every word that orders something, on a job and a table of one's own."""
    job = uws.create({"LANG": "ADQL", "QUERY": "SELECT 1"}, {}, "", member)
    orders = {"ACTION": "DELETE", "PHASE": "RUN", "DESTRUCTION": "2001-01-01T00:00:00", "EXECUTIONDURATION": "1"}
    client = Client(raise_request_exception=False)
    client.force_login(member)
    path = well_formed(ADDRESSES[name].replace("<uuid:job_id>", str(job.pk)).replace("<uuid:pk>", str(job.pk)))
    before, kept = rows(), QueryJob.objects.values().get(pk=job.pk)
    for method in ("get", "head"):
        getattr(client, method)(path, orders)
        getattr(client, method)(path, {key.lower(): value for key, value in orders.items()})
    assert QueryJob.objects.filter(pk=job.pk).values().first() == kept, name
    assert rows() == before or name in ("sign-out",), name
    job.delete()


def rows() -> dict[str, int]:
    """The number of rows of each table of ours; sessions and the record of requests may grow."""
    ours = ("archive", "lightcurves", "processing", "portal", "auth", "django_q")
    models = [one._meta for one in apps.get_models() if one._meta.app_label in ours]
    counts = ", ".join(f'(SELECT count(*) FROM "{one.db_table}")' for one in models)
    with connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        return dict(zip((one.label for one in models), cursor.fetchone(), strict=True))


def test_unsafe_methods_are_all_but_the_safe_ones():
    assert not {"POST", "PUT", "PATCH", "DELETE"} & set(SameOrigin.SAFE)


def test_jobs_and_tables_are_among_what_is_counted():
    assert {UserJob._meta.label, QueryJob._meta.label, UserTable._meta.label} <= set(rows())
