"""Probes of forced photometry: a light curve rests on the images that somebody may read, and closes with them."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from archive.models import UserJob
from processing.forced import jobs, notify
from tests.rights.probes import Asker, csv_rows, pids, probe, refused
from tests.rights.sky_probes import place_of
from tests.rights.world import World

ADDRESSES = (
    *("forced", "forced-points", "forced-job", "forced-document", "forced-result", "forced-file"),
    *("api-forced", "api-forced-job", "api-forced-result", "api-forced-points"),
)
FORMS = ("forced-request", "forced-batch", "forced-requests", "forced-batch-requests")


@probe(*ADDRESSES)
def forced_light_curves(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("forced"), "images", "catalogs"):
        return
    position, seen = "{} {}".format(*place_of(world)), world.both(ask.person)
    made = ask(reverse("api-forced"), {"position": position}, method="post", status=201).json()["jobs"][0]
    jobs.make(made["id"])
    job = UserJob.objects.get(pk=made["id"])
    state = ask(reverse("api-forced-job", args=[job.pk])).json()
    assert (state["phase"], state["total"]) == ("COMPLETED", len(seen))
    for name in ("forced-result", "api-forced-result"):
        rows = csv_rows(ask(reverse(name, args=[job.pk]), {"format": "csv"}))
        assert sorted(int(row["pid"]) for row in rows) == pids(seen)
    assert ask(reverse("forced-job", args=[job.pk])).context["count"] == len(seen)
    assert len(ask(reverse("forced-document", args=[job.pk])).json()["points"]) == len(seen)
    points = ask(reverse("api-forced-points"), {"position": position}).json()["points"]
    assert {one["pid"] for one in points} == (set(pids(seen)) if ask.person.user else set())
    assert ask(reverse("forced-points"), {"position": position, "format": "json"}).json()["count"] == 0
    listed = ask(reverse("api-forced")).json()["results"]
    assert (str(job.pk) in {one["id"] for one in listed}) == bool(ask.person.user)
    assert not any("result" in one for one in listed)  # whether it is still open is looked up for each alone
    ask(reverse("forced"))
    file = reverse("forced-file", args=[job.pk, f"{notify.stem_of(job, jobs.reqid(job))}_lc.txt"])
    ask(file)
    for_all = set(pids(seen)) <= set(pids(world.both(world.people[0])))
    assert Client().get(file).status_code == (200 if for_all else 404)
    if ask.person.user:
        assert Client().get(reverse("forced-result", args=[job.pk])).status_code == 404


@probe(*FORMS)
def irsa_s_forms(world: World, ask: Asker, draw) -> None:
    """They know people by what stands in the request; nobody is taken for the person who sends it."""
    place = {"ra": "[10]", "dec": "[10]", "jdstart": 2459000, "jdend": 2459100}
    asked = dict.fromkeys(FORMS, {}) | {"forced-request": place | {"ra": 10, "dec": 10}, "forced-batch": place}
    methods = dict.fromkeys(FORMS, "get") | {"forced-batch": "post"}
    for name in FORMS:
        ask(reverse(name), asked[name], method=methods[name], status=401)
    if not ask.person.headers:
        return
    who = {"email": ask.person.user.get_username(), "userpass": ask.person.headers["Authorization"].split()[1]}
    may = ask.person.may("images", "catalogs")
    for name in FORMS:
        ask(reverse(name), asked[name] | who, method=methods[name], status=200 if may else 403)
    if may:
        mine = UserJob.objects.filter(owner=ask.person.user, kind=jobs.KIND, phase="QUEUED")
        assert {job.parameters["ra"] for job in mine} == {10.0}
        mine.delete()
