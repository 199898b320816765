"""Signing in with OpenID Connect or ORCID: off unless the environment configures it, and then it works whole.

OpenID Connect is acted out for real: a provider's server, our server, a person's browser between them.
"""

import os
import subprocess
import sys
import warnings

import environ
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections

from archive.models import AuditEntry, Membership
from portal.auth.providers import providers, settings_of
from tests import factories, preloaded, servers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock as provider

OIDC = {"OIDC_URL": "https://login.example.org", "OIDC_CLIENT_ID": "a", "OIDC_SECRET": "b", "OIDC_NAME": "Observatory"}
ORCID = {"ORCID_CLIENT_ID": "c", "ORCID_SECRET": "d"}
SECRET = "a secret between the two servers"
TABLES = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'account\\_%' OR tablename LIKE 'socialaccount\\_%'"
LOOK = """
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
call_command("check")
request = RequestFactory().get("/sign-in/", headers={"Host": "127.0.0.1"})
request.user, request.reader = AnonymousUser(), None
page = render_to_string("registration/login.html", {"form": AuthenticationForm()}, request)
print([line.strip() for line in page.splitlines() if "Sign in with" in line])
"""


def env(**values):
    one = environ.Env()
    one.ENVIRON = values
    return one


@pytest.mark.django_db(databases=["default", "reader"])
def test_nothing_is_offered_unless_it_is_configured(client):
    assert settings.SIGN_IN_ELSEWHERE == ()
    assert "allauth" not in settings.INSTALLED_APPS
    assert providers(env()) == ()


def test_half_a_configuration_is_refused():
    with pytest.raises(ValueError, match="OIDC_SECRET: not set"):
        providers(env(OIDC_URL="https://x", OIDC_CLIENT_ID="a"))


def test_both_kinds_become_settings():
    made = settings_of(providers(env(**OIDC, **ORCID)))
    assert made["openid_connect"]["APPS"][0]["settings"] == {"server_url": "https://login.example.org"}
    assert made["orcid"]["APPS"][0]["client_id"] == "c"


def test_the_sign_in_page_offers_what_is_configured():
    environment = os.environ | OIDC | ORCID | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "Sign in with Observatory" in done.stdout
    assert "Sign in with ORCID" in done.stdout
    assert "/sign-in/with/oidc/oidc/login/" in done.stdout


@pytest.fixture(scope="module")
def portal(committed, archive_root, tmp_path_factory):
    """Our server, configured for a provider that runs beside it."""
    with provider.run_server_in_thread() as elsewhere:
        address = f"http://localhost:{elsewhere.server_port}"
        variables = {"OIDC_URL": address, "OIDC_CLIENT_ID": "ztf", "OIDC_SECRET": SECRET, "OIDC_NAME": "Observatory"}
        python = preloaded.python(servers.environment() | variables)
        subprocess.run(
            [*python, "manage.py", "migrate", "-v0"],
            env=servers.environment() | variables, cwd=settings.BASE_DIR, check=True,
        )  # fmt: skip
        with servers.portal(tmp_path_factory.mktemp("portal"), **variables) as ours:
            yield ours
    with connections["default"].cursor() as cursor:
        cursor.execute(TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE "{table}" CASCADE')
        cursor.execute("DELETE FROM django_migrations WHERE app IN ('account', 'socialaccount')")
    User.objects.filter(username__startswith="vera").delete()


def sign_in(portal: str, subject: str) -> servers.Client:
    """The steps of a person: the button, the provider's page, back to us."""
    person = servers.Client(portal)
    page = person.get("/sign-in/").text
    assert "Sign in with Observatory" in page
    form = {"csrfmiddlewaretoken": person.cookies["csrftoken"]}
    asked = person.post("/sign-in/with/oidc/oidc/login/", data=form, headers={"Referer": portal})
    assert asked.url.startswith("http://localhost"), asked.url
    back = person.post(asked.url, data={"sub": subject})
    assert back.status_code == 200 and back.url.startswith(portal), (back.url, back.text[:500])
    return person


def test_who_signs_in_elsewhere_has_an_account_that_reads_what_is_public_until_an_admin_says_more(portal):
    settings.ARCHIVE_ROOT.joinpath("sci/oidc").mkdir(parents=True)
    settings.ARCHIVE_ROOT.joinpath("sci/oidc/closed.fits").write_bytes(b"0123456789")
    closed = factories.product_file(programid=2, public_date=None, path="sci/oidc/closed.fits")
    person = sign_in(portal, "vera")
    user = User.objects.get(username="vera")
    made = AuditEntry.objects.get(action="account.create", key=str(user.pk))
    assert (made.target, made.who, made.address) == ("vera", "(nobody)", "127.0.0.1")
    assert "vera" in person.get("/account/").text
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)
    assert person.get(f"/files/{closed.path}").status_code == 404
    Membership.objects.create(user=user, program_id=2)
    assert person.get(f"/files/{closed.path}").content == b"0123456789"
    assert User.objects.filter(pk=user.pk, last_login__isnull=False).exists()
    again = sign_in(portal, "vera")
    assert "vera" in again.get("/account/").text
    assert User.objects.filter(username__startswith="vera").count() == 1
    closed.delete()


def test_nobody_takes_over_an_account_by_naming_it_elsewhere(portal):
    User.objects.create_superuser("vera-admin", "vera-admin@example.org", "a long password of an admin")
    person = sign_in(portal, "vera-admin@example.org")
    assert person.get("/admin/").url.startswith(f"{portal}/admin/login/")
