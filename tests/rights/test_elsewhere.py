"""Signing in with OpenID Connect or ORCID: off unless the environment configures it, and then it works whole."""

import os
import subprocess
import sys

import environ
import pytest
from django.conf import settings

from portal.providers import providers, settings_of

OIDC = {"OIDC_URL": "https://login.example.org", "OIDC_CLIENT_ID": "a", "OIDC_SECRET": "b", "OIDC_NAME": "Observatory"}
ORCID = {"ORCID_CLIENT_ID": "c", "ORCID_SECRET": "d"}
LOOK = """
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
call_command("check")
request = RequestFactory().get("/sign-in/")
request.user, request.reader = AnonymousUser(), None
page = render_to_string("registration/login.html", {"form": None}, request)
print([line.strip() for line in page.splitlines() if "Sign in with" in line])
"""


def env(**values):
    one = environ.Env()
    one.ENVIRON = values
    return one


def test_nothing_is_offered_unless_it_is_configured(client, db):
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
