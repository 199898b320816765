"""Probes of TAP's jobs, uploads and kept tables, each against the oracle."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from archive.models import QueryJob
from archive.services.vo import job_runner
from archive.services.vo.tap import uws
from tests.rights.probes import HOLDS_NO_DATA, Asker, csv_rows, pids, probe, refused
from tests.rights.world import World

HOLDS_NO_DATA |= {"tap-examples"}
PARTS = ("parameters", "results", "result", "error", "phase", "executionduration", "destruction", "quote", "owner")


@probe("tap-async", "tap-job", *(f"tap-job-{name}" for name in PARTS))
def query_jobs(world: World, ask: Asker, draw) -> None:
    """A job has its owner's rows, and nobody else reaches it."""
    if refused(ask, reverse("tap-async"), "tap"):
        return
    asked = {"LANG": "ADQL", "QUERY": "SELECT pid FROM ztf.ztf_current_meta_sci", "FORMAT": "csv", "PHASE": "RUN"}
    url = ask(reverse("tap-async"), asked, method="post", status=303)["Location"]
    job_runner.run_next()
    rows = csv_rows(ask(f"{url}/results/result"))
    assert sorted(int(row["pid"]) for row in rows) == pids(world.images(ask.person))
    for part in ("", "/parameters", "/results", "/phase", "/executionduration", "/destruction", "/quote", "/owner"):
        ask(f"{url}{part}")
    ask(f"{url}/error", status=404)
    if ask.person.user is not None:
        for part in ("", *(f"/{name}" for name in PARTS if name != "result"), "/results/result"):
            assert Client().get(f"{url}{part}").status_code == 401
        assert url.rpartition("/")[2] in ask(reverse("tap-async")).body.decode()
    uws.remove(QueryJob.objects.get(pk=url.rpartition("/")[2]))


@probe("tap-sync")
def uploads(world: World, ask: Asker, draw) -> None:
    """A join with an upload shows the rows that are somebody's, whatever the upload names."""
    if refused(ask, reverse("tap-sync"), "tap"):
        return
    listed = "pid\n" + "".join(f"{unit.pid}\n" for unit in world.units)
    query = "SELECT s.pid FROM TAP_UPLOAD.mine AS u JOIN ztf.ztf_current_meta_sci AS s ON s.pid = u.pid"
    asked = {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv", "UPLOAD": "mine,param:part"}
    asked["part"] = SimpleUploadedFile("mine.csv", listed.encode())
    rows = csv_rows(ask(reverse("tap-sync"), asked, method="post"))
    assert sorted(int(row["pid"]) for row in rows) == pids(world.images(ask.person))


@probe("tap-kept", "tap-load", "tap-update")
def kept_tables(world: World, ask: Asker, draw) -> None:
    """Nobody keeps a table here, and nobody adds to another's (TAP's own tests try tables that exist)."""
    if refused(ask, reverse("tap-kept"), "tap"):
        return
    assert ask(reverse("tap-kept")).json() == {"tables": []}
    url = reverse("tap-load", args=["user_all.stars"])
    ask(url, {}, method="post", status=401 if ask.person.user is None else 404)
    order = {"TABLE": "user_all.stars", "INDEX": "ra"}
    ask(reverse("tap-update"), order, method="post", status=401 if ask.person.user is None else 404)
