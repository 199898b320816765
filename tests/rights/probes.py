"""One question and its right answer for every address that hands out data.

A probe asks as somebody, and compares with what the oracle (`World`) says that they see: rows, bytes, counts,
statistics.
`HOLDS_NO_DATA` names the addresses whose answers do not depend on rows. Together they must cover `portal.urls.site`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile

import numpy as np
from django.urls import reverse

from archive.models import UserJob
from archive.products import bundles
from archive.survey.identifiers import date_of_nid, nid_of_jd
from tests.rights.world import ASTEROID, JD, Person, Unit, World

HOLDS_NO_DATA = {
    "narrow", "narrow-alerts", "narrow-objects", "search-plot", "chosen-alerts", "chosen-objects", "basket", "region",
    "known-objects",
    "robots", "share-picture", "gallery",
    "help", "api-docs", "api-schema", "api-resolve", "object-document", "object-own", "sign-in", "sign-out",
    "tap", "tap-capabilities", "tap-availability", "tap-tables", "tap-table", "account", "account-tokens",
    "account-revoke", "nights", "night", "ibe-missions", "ibe-datasets", "ibe-tables", "irsa-login", "irsa-logout",
    "query-words", "query-plot", "save-search", "forget-search", "saved-searches", "query-jobs", "query-order",
    "query-end",
    "ibe-home", "ibe-docs", "ibe-docs-table", "matchfile-channels", "api-snad-help",
    "dal-capabilities", "dal-availability", "irsa-sia-capabilities", "irsa-sia-availability", "registry",
}  # fmt: skip
HELD_FILES = 6  # of a unit in a release
PROBES: dict[str, list] = {}


def probe(*names: str):
    """Register a probe for the addresses of these names."""

    def register(function):
        for name in names:
            PROBES.setdefault(name, []).append(function)
        return function

    return register


class Asker:
    """Sends requests as somebody, and keeps what came back for the last look at every byte."""

    def __init__(self, client, person: Person):
        self.client, self.person = client, person
        self.bodies: list[bytes] = []

    def __call__(self, url: str, parameters: dict | None = None, method: str = "get", status: int | None = 200, **more):
        response = getattr(self.client, method)(url, parameters or {}, headers=self.person.headers, **more)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        self.bodies.append(body)
        response.body = body
        if status is not None:
            assert response.status_code == status, (url, parameters, response.status_code, body[:300])
        return response


def csv_rows(response) -> list[dict]:
    return list(csv.DictReader(io.StringIO(response.body.decode())))


def pids(units: list[Unit]) -> list[int]:
    return sorted(unit.pid for unit in units)


def refused(ask: Asker, url: str, *scopes: str, **more) -> bool:
    """Whether a token without these scopes was refused, as it must be."""
    if ask.person.may(*scopes):
        return False
    ask(url, status=403, **more)
    return True


@probe("images", "api-images")
def image_search(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("images"), "images"):
        return
    seen, cut = world.images(ask.person), draw(1, 6) * 0.1 + 1.45
    bright = [unit for unit in seen if unit.seeing <= cut]
    assert sorted(int(row["pid"]) for row in csv_rows(ask(reverse("images"), {"format": "csv"}))) == pids(seen)
    found = ask(reverse("images"), {"format": "json", "seeing": cut}).json()
    assert (found["count"], sorted(row["pid"] for row in found["rows"])) == (len(bright), pids(bright))
    for position in ({}, {"position": f"{world.units[0].image.ra} {world.units[0].image.dec}"}):
        page = ask(reverse("images"), position)
        assert page.context["page"].paginator.count == len(seen)
    found = ask(reverse("api-images"), {"page_size": 2, "order": "pid"}).json()
    assert (found["count"], [row["pid"] for row in found["results"]]) == (len(seen), pids(seen)[:2])
    program = draw(0, 3)
    of_program = [unit for unit in seen if unit.metadata.programid == program]
    assert ask(reverse("api-images"), {"programid": program}).json()["count"] == len(of_program)
    references = ask(reverse("images"), {"family": "ref", "format": "json"}).json()["rows"]
    assert sorted(row["rfid"] for row in references) == sorted(unit.rfid for unit in seen)


@probe("images", "api-images", "image-list")
def every_family(world: World, ask: Asker, draw) -> None:
    """Of each family the rows that are somebody's, counted alike by the page, REST and around a list of positions."""
    if refused(ask, reverse("images"), "images"):
        return
    seen, data = world.images(ask.person), world.data(ask.person)
    rows = {"sci": seen, "ref": seen, "raw": seen, "diff": seen, "deep": []}
    rows |= {"alert": data} if ask.person.may("alerts") else {}
    rows |= {"lc": []} if ask.person.may("lightcurves") else {}
    image = world.units[draw(0, 5)].image
    for family, expected in rows.items():
        assert ask(reverse("images"), {"family": family}).context["page"].paginator.count == len(expected), family
        assert ask(reverse("api-images"), {"family": family}).json()["count"] == len(expected), family
    for family in set(rows) - {"raw"}:
        asked = {"family": family, "targets": f"here {image.ra} {image.dec}", "radius": 1}
        page = ask(reverse("image-list"), asked, method="post")
        assert page.context["total"] == len(rows[family]), family
        for name in ("image-list", "api-images"):
            listed = csv_rows(ask(reverse(name), asked | {"format": "csv"}, method="post"))
            assert len(listed) == len(rows[family]), family
    for family, scope in (("alert", "alerts"), ("lc", "lightcurves")):
        if not ask.person.may(scope):
            for name, method in (
                ("images", "get"),
                ("api-images", "get"),
                ("image-list", "post"),
                ("api-images", "post"),
            ):
                ask(reverse(name), {"family": family, "targets": "1 1"}, method=method, status=403)
            ask(reverse("ibe-search", args=[family]), {"WHERE": ""}, status=403)


@probe("image", "api-image", "reference", "api-reference")
def one_image(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    if refused(ask, reverse("image", args=[unit.pid]), "images"):
        return
    for name, key in (("image", unit.pid), ("reference", unit.rfid)):
        seen, files_seen = unit in world.images(ask.person), unit in world.data(ask.person)
        page = ask(reverse(name, args=[key]), status=200 if seen else 404)
        answer = ask(reverse(f"api-{name}", args=[key]), status=200 if seen else 404)
        if not seen:
            continue
        expected = {"image": {"sci", "cat"}, "reference": {"ref"}}[name] if files_seen else set()
        paths = {unit.files[one].path for one in expected}
        assert {file["path"] for file in answer.json()["files"]} == paths
        assert {file.path for file in page.context["files"]} == paths
        assert bool(page.context["header"]) == files_seen
        if name == "reference":
            assert answer.json()["inputs"] == pids(world.images(ask.person))
        else:
            beside = answer.json()["versions"]
            assert len(beside) == (unit in world.own(ask.person))
            assert sum(len(one["files"]) for one in beside) == (len(beside) if files_seen else 0)


@probe("file")
def files(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    for key, scope in {"sci": "images", "cat": "catalogs", "raw": "images", "alert": "alerts", "ver": "images"}.items():
        url = reverse("file", args=[unit.files[key].path])
        if refused(ask, url, scope):
            continue
        answer = ask(url, status=200 if unit in world.data(ask.person) else 404)
        if answer.status_code == 200:
            assert len(answer.body) == unit.files[key].size


@probe("picture", "cutout", "api-cutout")
def parts_of_images(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    path, place = unit.files["sci"].path, {"ra": unit.image.ra, "dec": unit.image.dec, "size": 0.003}
    if refused(ask, reverse("picture", args=[path]), "images"):
        return
    status = 200 if unit in world.data(ask.person) else 404
    ask(reverse("picture", args=[path]), status=status)
    ask(reverse("picture", args=[path]), place, status=status)
    ask(reverse("cutout", args=[path]), place, status=status)
    ask(reverse("api-cutout", args=["images", unit.pid]), place, status=status)
    ask(reverse("api-cutout", args=["references", unit.rfid]), place, status=status)


@probe("cutouts")
def cutouts_of_a_place(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("cutouts"), "images"):
        return
    place = f"{world.units[0].image.ra} {world.units[0].image.dec}"
    page = ask(reverse("cutouts"), {"position": place})
    assert sorted(image.pid for image, _, _ in page.context["pairs"]) == pids(world.both(ask.person))


@probe("quality")
def statistics_of_images(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("quality"), "images"):
        return
    seen = [unit.seeing for unit in world.images(ask.person)]
    rows = {row["name"]: row for row in ask(reverse("quality"), {"format": "json"}).json()["rows"]}
    assert rows["seeing"]["count"] == len(seen)
    for name, percentile in (("low", 5), ("median", 50), ("high", 95)):
        expected = float(np.percentile(seen, percentile)) if seen else None
        assert rows["seeing"][name] == (expected if expected is None else pytest_approx(expected))
    behind = [unit for unit in world.images(ask.person) if unit in world.own(ask.person)]
    cells = ask(reverse("quality"), {"format": "json", "part": "residuals"}).json()["rows"]
    stars = sum(unit.number + 1 for unit in behind)
    first = [row for row in cells if row["name"] == "ra"][:1]
    assert [row["stars"] for row in first] == ([stars] if behind else [])
    if behind:
        mean = sum(unit.number * (unit.number + 1) for unit in behind) / stars
        assert first[0]["value"] == pytest_approx(mean)
    assert ask(reverse("quality")).context["images"] == len(seen)


@probe("alerts", "api-alerts", "alert", "api-alert", "packet", "stamp", "alert-plot", "alert-lightcurve")
def alerts(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("alerts"), "alerts"):
        return
    seen = world.data(ask.person)
    rows = ask(reverse("alerts"), {"format": "json"}).json()["rows"]
    assert sorted(row["candid"] for row in rows) == [unit.candid for unit in seen]
    assert ask(reverse("alerts")).context["page"].paginator.count == len(seen)
    assert ask(reverse("api-alerts"), {"page_size": 1}).json()["count"] == len(seen)
    unit = world.units[draw(0, 5)]
    status = 200 if unit in seen else 404
    page = ask(reverse("alert", args=[unit.candid]), status=status)
    if status == 200:
        assert (page.context["science"] is not None) == (unit in world.images(ask.person))
    ask(reverse("packet", args=[unit.candid]), status=status)
    ask(reverse("stamp", args=[unit.candid, "science"]), status=status)
    for name in ("alert-plot", "alert-lightcurve"):
        told = ask(reverse(name, args=[unit.candid]), status=status)
        if status == 200:
            rows = told.json()["points" if name == "alert-plot" else "rows"]
            assert [int(row["candid"]) for row in rows] == [unit.candid]
    ask(reverse("api-alert", args=[unit.candid]), status=status)


@probe("alert-nights", "alert-night-sums", "alert-night")
def alerts_by_night(world: World, ask: Asker, draw) -> None:
    """Public: program 1 as everybody sees it, whoever asks. Partnership: program 2 as they see it, signed in."""
    public, partnership = (reverse("alert-nights", args=[kind]) for kind in ("public", "partnership"))
    if refused(ask, public, "alerts"):
        return
    everybodys = [one.candid for one in world.data(world.people[0]) if one.data.programid == 1]
    theirs = [one.candid for one in world.data(ask.person) if one.data.programid == 2]
    for kind, url, seen in (("public", public, everybodys), ("partnership", partnership, theirs)):
        name = f"ztf_{kind}_{date_of_nid(nid_of_jd(JD)):%Y%m%d}.tar.gz"
        if kind == "partnership" and ask.person.user is None:
            for one in (url, f"{url}{name}", f"{url}MD5SUMS"):
                assert "Basic" in ask(one, status=401)["WWW-Authenticate"]
            continue
        assert (name.encode() in ask(url).body) == bool(seen)
        answer = ask(f"{url}{name}", status=200 if seen else 404)
        told = ask(f"{url}MD5SUMS").body.decode()
        assert told == (f"{hashlib.md5(answer.body).hexdigest()}  {name}\n" if seen else "")
        if seen:
            with tarfile.open(fileobj=io.BytesIO(answer.body)) as tar:
                assert [member.name for member in tar] == [f"{candid}.avro" for candid in sorted(seen)]


@probe("moving", "api-moving")
def moving(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("moving"), "images"):
        return
    seen, files_seen = world.images(ask.person), world.data(ask.person)
    rows = ask(reverse("moving"), {"name": str(ASTEROID), "format": "json"}).json()["rows"]
    assert sorted(row["pid"] for row in rows) == pids(seen)
    with_file = [unit.pid for unit in seen if unit in files_seen]
    assert sorted(row["pid"] for row in rows if row["path"]) == sorted(with_file)
    assert ask(reverse("api-moving"), {"name": str(ASTEROID)}).json()["count"] == len(seen)
    assert ask(reverse("moving"), {"name": str(ASTEROID)}).context["page"].paginator.count == len(seen)


@probe("tap-sync", "query")
def queries(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("tap-sync"), "tap"):
        return
    seen, data = world.images(ask.person), world.data(ask.person)

    def tap(adql: str, method: str = "get") -> list[dict]:
        parameters = {"LANG": "ADQL", "REQUEST": "doQuery", "RESPONSEFORMAT": "csv", "QUERY": adql}
        return csv_rows(ask(reverse("tap-sync"), parameters, method=method))

    rows = tap("SELECT pid FROM ztf.ztf_current_meta_sci", "post")
    assert sorted(int(row["pid"]) for row in rows) == pids(seen)
    (row,) = tap("SELECT COUNT(*) AS n, AVG(seeing) AS mean, MAX(maglimit) AS deepest FROM ztf.ztf_current_meta_sci")
    assert int(row["n"]) == len(seen)
    assert (row["mean"] == "") == (not seen)
    if seen:
        assert float(row["mean"]) == pytest_approx(sum(unit.seeing for unit in seen) / len(seen))
    image = world.units[draw(0, 5)].image
    cone = f"1 = CONTAINS(POINT(ra, dec), CIRCLE({image.ra}, {image.dec}, 1))"
    (row,) = tap(f"SELECT COUNT(*) AS n FROM ztf.ztf_current_meta_sci WHERE {cone}")
    assert int(row["n"]) == len(seen)
    assert int(tap("SELECT COUNT(*) AS n FROM ztf.ztf_current_meta_ref")[0]["n"]) == len(seen)
    for unit in world.units:
        if unit not in data:  # an error about a hidden value would tell that it is there
            rows = tap(f"SELECT candid FROM ztf.ztf_alerts WHERE 1 / (candid - {unit.candid}) < 2")
            assert sorted(int(row["candid"]) for row in rows) == [one.candid for one in data]
    joined = tap("SELECT a.candid FROM ztf.ztf_alerts AS a JOIN ztf.ztf_current_meta_sci AS s ON a.pid = s.pid")
    assert len(joined) == len(world.both(ask.person))
    preview = ask(reverse("query"), {"query": "SELECT candid FROM ztf.ztf_alerts"})
    assert len(preview.context["result"].rows) == len(data)


@probe("releases", "release", "release-manifest")
def releases(world: World, ask: Asker, draw) -> None:
    closed = ask.person.user is not None and ask.person.user.is_staff and {2, 3} <= ask.person.programs
    names = {release.name for release in ask(reverse("releases")).context["releases"]}
    assert names == ({"open", "closed", "lists"} if closed else {"open", "lists"})
    page = ask(reverse("release", args=["open"]))
    seen = world.images(ask.person)
    assert page.context["holdings"]["science images"] == len(seen)
    assert page.context["holdings"]["exposures"] == len(seen)
    assert page.context["holdings"]["files"] == HELD_FILES * len(world.data(ask.person))
    ask(reverse("release", args=["closed"]), status=200 if closed else 404)
    for kind in ("csv", "parquet"):
        ask(reverse("release-manifest", args=["closed", kind]), status=200 if closed else 404)


@probe("ibe-search", "ibe-data", "script")
def irsa(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    data = reverse("ibe-data", args=[unit.files["sci"].path])
    if refused(ask, data, "images"):
        return
    rows = csv_rows(ask(reverse("ibe-search", args=["sci"]), {"WHERE": "field=655", "ct": "csv"}))
    assert sorted(int(row["pid"]) for row in rows) == pids(world.images(ask.person))
    ask(data, status=200 if unit in world.data(ask.person) else 404)
    script = ask(reverse("script", args=["wget"]), {"field": 655}, status=None).body.decode()
    for one in world.units:
        for key in ("sci", "cat"):
            assert (one.files[key].path in script) == (one in world.both(ask.person)), script


@probe("order-bundle", "jobs", "job", "job-result", "api-jobs", "api-job")
def bundles_of_files(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("jobs"), "images", "catalogs"):
        return
    made = ask(reverse("api-jobs"), {"field": 655}, method="post", status=201).json()
    phase = ask(reverse("api-job", args=[made["id"]])).json()["phase"]
    assert phase in ("QUEUED", "COMPLETED")  # the same order as a moment ago is the same job
    bundles.make(made["id"])
    job = UserJob.objects.get(pk=made["id"])
    expected = {unit.files[key].path for unit in world.both(ask.person) for key in ("sci", "cat")}
    result = ask(reverse("job-result", args=[job.pk]), status=200 if expected else 404)
    if expected:
        with tarfile.open(fileobj=io.BytesIO(result.body)) as tar:
            assert set(tar.getnames()) == expected | {"manifest.csv"}
    mine = ask(reverse("jobs")).context["jobs"]
    assert all(one.owner_id == getattr(ask.person.user, "pk", None) for one in mine)


def pytest_approx(value: float):
    import pytest

    return pytest.approx(value, rel=1e-6, abs=1e-6)
