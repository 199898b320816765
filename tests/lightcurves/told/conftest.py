"""The real files of light curves and forced photometry, taken by `manage.py ingest` and committed."""

from __future__ import annotations

import io
from contextlib import contextmanager

import pytest
from astropy.io import ascii as text_tables
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from archive.models import Membership

RELEASE, MATCH = "ztf_000250_zg_c01_q1_dr5.parquet", "ztf_000245_zr_c10_q1_match.pytable"
IRSA = "/cgi-bin/ZTF/nph_light_curves"


def ingest(*words: object) -> str:
    """The output of manage.py ingest."""
    told = io.StringIO()
    call_command("ingest", *map(str, words), "--origin", "ztf", verbosity=0, stdout=told)
    return told.getvalue()


@pytest.fixture(scope="module")
def taken(committed, real_data) -> dict[str, str]:
    """Every real file, those that name no program as public ones; what was said of each kind."""
    return {
        "release": ingest(real_data / "lightcurves" / RELEASE, "--public"),
        "match": ingest(real_data / "lightcurves" / MATCH),
        "csv": ingest(*sorted((real_data / "lightcurves").glob("*.csv"))),
        "more csv": ingest(*sorted((real_data / "lightcurves2").glob("*.csv"))),
        "forced": ingest(*sorted((real_data / "forcedphot").glob("*.txt"))),
    }


@contextmanager
def member_of(program: int):
    """A client of somebody who reads a program's unreleased data."""
    user = User.objects.create_user(f"told-member-{program}")
    Membership.objects.create(user=user, program_id=program)
    client = Client()
    client.force_login(user)
    yield client
    user.delete()


def body(answer) -> bytes:
    assert answer.status_code == 200, (answer.status_code, getattr(answer, "content", b"")[:500])
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def rows_of(answer):
    return text_tables.read(body(answer).decode(), format="csv", fill_values=[("", "nan")])


def irsa(client: Client, **asked):
    """The points that IRSA's address gives, by time."""
    found = rows_of(client.get(IRSA, {"FORMAT": "CSV", **asked}))
    found.sort(["oid", "hjd", "mag"])
    return found


def tap(client: Client, query: str):
    return rows_of(client.get(reverse("tap-sync"), {"QUERY": query, "FORMAT": "csv"}))


def statuses(client: Client, oid: int, ra: float, dec: float) -> dict[str, int]:
    """How many objects or points each address shows of one object."""
    place = {"position": f"{ra} {dec}", "radius": 3, "format": "json"}
    page = client.get(reverse("object", args=[oid]))
    points = client.get(reverse("object-points", args=[oid]))
    curve = client.get(reverse("object-lightcurve", args=[oid]))
    api = client.get(reverse("api-objects"), {"where": f"oid = {oid}"}).json()
    listed = text_tables.read(body(client.get(reverse("api-lightcurves"), {"ids": oid})).decode(), format="csv")
    around = body(client.post(reverse("api-lightcurves"), {"targets": f"a {ra} {dec}", "radius": 3})).decode()
    return {
        "page": len(page.context["points"]) if page.status_code == 200 else 0,
        "points": points.json()["count"] if points.status_code == 200 else 0,
        "curve": curve.json()["count"] if curve.status_code == 200 else 0,
        "objects at the place": sum(row["oid"] == oid for row in client.get(reverse("objects"), place).json()["rows"]),
        "objects": api["count"],
        "object": int(client.get(reverse("api-object", args=[oid])).status_code == 200),
        "light curves": len(listed),
        "light curves around": around.count(f",{oid},"),
        "irsa": len(irsa(client, ID=oid)),
        "irsa around": int((irsa(client, POS=f"CIRCLE {ra} {dec} 0.0008")["oid"] == oid).sum()),
        "tap": len(tap(client, f"SELECT oid FROM ztf.ztf_objects WHERE oid = {oid}")),
        "nobs in tap": int(sum(tap(client, f"SELECT nobs FROM ztf.ztf_objects WHERE oid = {oid}")["nobs"])),
        "obscore": len(tap(client, f"SELECT obs_id FROM ivoa.ObsCore WHERE obs_id = '{oid}'")),
    }
