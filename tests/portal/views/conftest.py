"""An archive that has something for every page, served from the tests' own process."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from archive.models import QueryJob, SavedSearch, UserJob
from archive.products import bundles
from lightcurves.storage import store
from lightcurves.updates import statistics
from lightcurves.viewer import saved
from processing.forced import jobs
from processing.models import Job
from tests import browsers, factories
from tests.portal.views.looking import session_of, visiting
from tests.rights.sky_probes import place_of
from tests.rights.world import JD as FIRST
from tests.rights.world import RCID, UNITS, Rights, World

OWNER = "reader of pages"
NIGHTS, PERIOD = 24, 0.7312  # of the sources, days
QUERY = "SELECT pid, seeing, maglimit FROM ztf.ztf_current_meta_sci"
SMALL = "SELECT pid, seeing * 1e-12 AS tiny, maglimit * 1e-9 AS small FROM ztf.ztf_current_meta_sci"


@dataclass
class Pages:
    """What is there; of everybody's and of one's own the same kinds of jobs, by whose they are ("" and OWNER)."""

    world: World
    owner: User | None = None
    jobs: dict[str, dict[str, UserJob]] = field(default_factory=dict)
    query: SavedSearch | None = None
    position: str = ""


@pytest.fixture(scope="module")
def archive(committed, archive_root):
    """Rows, files and finished jobs, committed by a thread with connections of its own."""
    world = World()
    made = Pages(world)
    open_to_all = [Rights(1, "past")] * UNITS
    world.draw(open_to_all, open_to_all, frozenset())
    world.committed(_build, made)
    yield made
    world.remove()


def _build(made: Pages) -> None:
    _observe(made.world)
    made.owner = User.objects.create_superuser(OWNER)
    made.position = "{:.6f} {:.6f}".format(*place_of(made.world))
    for name in ("", OWNER):
        client = Client()
        if name:
            client.force_login(made.owner)
        ordered = [client.post(reverse("api-jobs"), {"field": 655}).json() for _ in range(1)]
        waiting = client.post(reverse("api-jobs"), {"field": 655, "seeing": 1.55}).json()
        forced = [client.post(reverse("api-forced"), {"position": made.position}).json()["jobs"][0]]
        forced += [client.post(reverse("api-forced"), {"position": "10 10"}).json()["jobs"][0]]
        bundles.make(ordered[0]["id"])
        _measure(made.world, forced[0]["id"])
        ids = {"bundle": ordered[0], "waiting": waiting, "forced": forced[0], "forced waiting": forced[1]}
        made.jobs[name] = {kind: UserJob.objects.get(pk=one["id"]) for kind, one in ids.items()}
    made.query = SavedSearch.objects.create(owner=made.owner, name="mine", text=QUERY)
    QueryJob.objects.create(
        owner=made.owner, parameters={"QUERY": QUERY, "RESPONSEFORMAT": "csv"}, phase="ERROR", message="it failed",
        duration=600, destruction=made.query.changed,
    )  # fmt: skip
    QueryJob.objects.create(
        owner=made.owner, parameters={"QUERY": QUERY, "RESPONSEFORMAT": "csv"}, phase="QUEUED",
        duration=600, destruction=made.query.changed,
    )  # fmt: skip
    saved.save(made.owner, made.world.units[0].oid, 0.7312, None, "the true one")
    for number, state in enumerate((Job.State.DONE, Job.State.FAILED)):
        Job.objects.create(pipeline="science", key=f"pages{number}", nid=1000, state=state, reason="no stars")
    connections.close_all()


def _observe(world: World) -> None:
    """More nights of the field, in which every source is seen."""
    oids = np.array([one.oid for one in world.units])
    flat, zero = np.ones(len(oids)), np.zeros(len(oids), int)
    first = world.units[0].image
    for night in range(NIGHTS):
        exposure = factories.exposure(jd=FIRST + 1 + 1.37 * night, ra=first.exposure.ra, dec=first.exposure.dec)
        mag = 15 + 0.3 * np.sin(2 * np.pi * exposure.obsjd / PERIOD) + 0.1 * np.arange(len(oids))
        points = store.Points(oids, mag, 0.01 * flat, flat, 0 * flat, zero, zero, zero)
        store.append(factories.science_image(exposure, RCID, magzp=26.0, magzprms=0.02, clrcoeff=0.0), points)
    statistics.refresh(655, RCID, 2)


def _measure(world: World, job_id: str) -> None:
    """Let a job go on from where a run with these measurements broke off."""
    folder = jobs._folder(UserJob.objects.get(pk=job_id))
    folder.mkdir(parents=True)
    rows = [
        {"pid": unit.pid, "jd": unit.image.obsjd, "filter": "ZTF_r", "image": "science", "procstatus": "0",
         "reason": "", "rfid": None, "forcediffimflux": 900.0 + 40 * unit.number, "forcediffimfluxunc": 30.0,
         "zpdiff": 26.0, "forcediffimsnr": 30.0, "forcediffimchisq": 1.0}
        for unit in world.units
    ]  # fmt: skip
    (folder / "journal").write_text("".join(json.dumps(row) + "\n" for row in rows))
    jobs.make(job_id)


@pytest.fixture(scope="module")
def server(archive, django_db_blocker):
    with browsers.served_here(django_db_blocker) as address:
        yield address


@pytest.fixture(scope="module")
def chromium(server):
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def visit(chromium, server):
    """Opens the browser for somebody: "" or OWNER."""
    with ExitStack() as stack:

        def start(archive, who: str = "", **options):
            made = stack.enter_context(visiting(chromium, server, **options))
            if who:
                key = archive.world.committed(session_of, archive.owner)
                made.page.context.add_cookies([{"name": "sessionid", "value": key, "url": server}])
            return made

        yield start
