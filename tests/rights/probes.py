"""One question and its right answer for every address that hands out data.

A probe asks as somebody, and compares with what the oracle (`World`) says that they see: rows, bytes, counts,
statistics.
`HOLDS_NO_DATA` names the addresses whose answers do not depend on rows. Together they must cover `portal.urls`.
"""

from __future__ import annotations

import csv
import io
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import tables
from django.core.cache import cache
from django.urls import reverse

from archive import bundles
from archive.models import UserJob
from lightcurves import exportjobs, matchjobs
from lightcurves.models import SavedPeriod
from lightcurves.periods.grid import MIN_POINTS
from tests.rights.world import ASTEROID, Person, Unit, World

HOLDS_NO_DATA = {
    "health", "help", "api-docs", "api-schema", "api-resolve", "object-document", "object-own", "sign-in", "sign-out",
    "tap", "tap-capabilities", "tap-availability", "tap-tables", "tap-table", "account", "account-tokens",
    "account-revoke", "nights", "night", "ibe-missions", "ibe-datasets", "ibe-tables", "irsa-login", "irsa-logout",
}  # fmt: skip
HELD_FILES = 5  # of a unit in a release: its reference was made of no images that have a night
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


@probe("alerts", "api-alerts", "alert", "api-alert", "packet", "stamp")
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
    ask(reverse("api-alert", args=[unit.candid]), status=status)


@probe("objects", "object", "object-lightcurve", "object-points", "object-periodogram")
def objects(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("objects"), "lightcurves"):
        return
    seen = points = world.data(ask.person)  # points have what their images know with them
    # Statistics are of all points that somebody sees; a point's image may be hidden from them none the less.
    place = f"{world.units[0].image.ra} {world.units[0].image.dec}"
    rows = ask(reverse("objects"), {"position": place, "radius": 600, "format": "json"}).json()["rows"]
    near = {unit.oid for unit in world.units if abs(unit.image.ra - world.units[0].image.ra) < 0.05}
    assert {row["oid"] for row in rows} & near == {unit.oid for unit in seen} & near
    assert {row["nobs"] for row in rows} <= {len(seen)}
    unit = world.units[draw(0, 5)]
    status = 200 if unit in seen else 404
    curve = ask(reverse("object-lightcurve", args=[unit.oid]), status=status)
    columns = ask(reverse("object-points", args=[unit.oid]), status=status)
    page = ask(reverse("object", args=[unit.oid]), status=status)
    period = ask(reverse("object-periodogram", args=[unit.oid]), {"fmax": 5}, status=None)
    if status == 404:
        assert period.status_code == 404
        return
    assert curve.json()["count"] == len(points)
    assert sorted({row["expid"] for row in curve.json()["rows"]}) == sorted(one.image.exposure_id for one in points)
    assert set(columns.json()["columns"]["pid"]) == set(pids(points))
    assert {one.pid for one in page.context["points"]} == set(pids(points))
    if period.status_code == 200:
        assert period.json()["n_points"] <= len(points)


@probe("object-limits", "object-alerts", "object-forced", "object-neighbours", "object-cutouts")
def beside_a_light_curve(world: World, ask: Asker, draw) -> None:
    """Every image shows every object, so none is a limit, least of all one whose point is hidden."""
    unit, image = world.units[draw(0, 5)], world.units[draw(0, 5)]
    seen, listed = world.data(ask.person), world.images(ask.person)
    status = 200 if unit in seen else 404
    for name, scopes in (
        ("limits", ("lightcurves", "images")),
        ("forced", ("lightcurves", "images")),
        ("alerts", ("lightcurves", "alerts")),
        ("neighbours", ("lightcurves",)),
    ):
        url = reverse(f"object-{name}", args=[unit.oid])
        if refused(ask, url, *scopes):
            continue
        found = ask(url, status=status)
        if status == 404:
            continue
        columns = found.json()["columns"]
        if name == "alerts":
            near = {one.candid for one in seen if abs(one.image.ra - unit.image.ra) < 3e-4}
            assert {int(candid) for candid in columns["candid"]} <= near
        elif name == "neighbours":
            assert set(columns["oid"]) <= {one.oid for one in seen} and set(columns["pid"]) <= set(pids(seen))
        else:
            assert columns["pid"] == [], (name, ask.person.name)
    url = reverse("object-cutouts", args=[unit.oid, image.pid])
    if not refused(ask, url, "lightcurves", "images"):
        found = ask(url, status=status)
        if status == 200:
            shown = {one["label"] for one in found.json()["pictures"]}
            assert ("science" in shown) == (image in seen)
            assert ("reference" in shown) == (image in seen and image in listed)


@probe("saved-periods", "account-save-period", "account-drop-period")
def periods_of_an_account(world: World, ask: Asker, draw) -> None:
    """Only who is signed in saves and sees periods, their own; a token may read them and change nothing."""
    unit, user = world.units[draw(0, 5)], ask.person.user
    save = reverse("account-save-period", args=[unit.oid])
    if ask.person.headers:
        ask(save, {"period": 1}, method="post", status=403)
    elif user is None:
        assert ask(save, {"period": 1}, method="post", status=302)["Location"].startswith(reverse("sign-in"))
    else:
        ask(save, {"period": 1}, method="post", status=302 if unit in world.data(ask.person) else 404)
        other = SavedPeriod.objects.exclude(owner=user).first()
        if other is not None:
            ask(reverse("account-drop-period", args=[other.pk]), method="post", status=404)
    if not refused(ask, reverse("saved-periods"), "lightcurves"):
        found = ask(reverse("saved-periods"), {"format": "csv"}, status=200 if user is not None else 302)
        if user is not None:
            rows = csv_rows(found)
            assert len(rows) == SavedPeriod.objects.filter(owner=user).count()


@probe("irsa-periodogram")
def irsas_periodogram(world: World, ask: Asker, draw) -> None:
    url, unit = reverse("irsa-periodogram"), world.units[draw(0, 5)]
    asked = {"ID": unit.oid, "pmin": 0.1, "pmax": 0.2, "step_method": "fixedf", "step_size": 1}
    if refused(ask, url, "lightcurves"):
        return
    # All units' points are of one star: with five of them there is a periodogram of these and no others.
    answer = ask(url, asked, status=None)
    text = answer.body.decode()
    if unit not in world.data(ask.person):
        assert answer.status_code == 400 and "there is no such object, or it is not public" in text
    elif len(world.data(ask.person)) < MIN_POINTS:
        assert answer.status_code == 400 and f"{len(world.data(ask.person))} usable points" in text, text
    else:
        assert answer.status_code == 200 or "magnitudes are" in text, text


@probe("irsa-light-curves")
def irsas_light_curves(world: World, ask: Asker, draw) -> None:
    """The newest release's points (program 1 of the public one), and with COLLECTION=ztf all that are somebody's."""
    url, unit = reverse("irsa-light-curves"), world.units[draw(0, 5)]
    if refused(ask, url, "lightcurves"):
        return
    method = ("get", "post")[draw(0, 1)]
    seen = world.data(ask.person) if unit in world.data(ask.person) else []
    held = [one for one in world.both(ask.person) if one.metadata.programid == one.data.programid == 1] if seen else []
    rows = csv_rows(ask(url, {"ID": unit.oid, "FORMAT": "csv"}, method=method))
    assert sorted(int(row["expid"]) for row in rows) == sorted(one.image.exposure_id for one in held)
    if ask.person.user is None:
        assert b"signed in" in ask(url, {"ID": unit.oid, "COLLECTION": "ztf"}, status=400).body
        return
    circle = f"CIRCLE {unit.image.ra + 0.001 * unit.number} {unit.image.dec} 0.0001"
    for asked in ({"ID": unit.oid}, {"POS": circle}, {"POS": circle, "NUM_OBS": 1}):
        rows = csv_rows(ask(url, {**asked, "COLLECTION": "ztf", "FORMAT": "csv"}, method=method))
        mine = sorted(int(row["expid"]) for row in rows if int(row["oid"]) == unit.oid)
        assert mine == sorted(one.image.exposure_id for one in seen), asked
    assert not csv_rows(ask(url, {"POS": circle, "NUM_OBS": len(seen) + 1, "COLLECTION": "ztf", "FORMAT": "csv"}))


@probe("light-curve-list", "api-lightcurves", "api-objects", "api-object", "objects")
def light_curves_of_lists(world: World, ask: Asker, draw) -> None:
    """By number and around positions the same points; objects by their statistics, which are of these points."""
    if refused(ask, reverse("api-objects"), "lightcurves", method="get"):
        return
    seen = world.data(ask.person)
    exposures = sorted(one.image.exposure_id for one in seen)
    ids = ",".join(str(one.oid) for one in world.units)
    by_number = csv_rows(ask(reverse("api-lightcurves"), {"ids": ids}))
    assert sorted({int(row["oid"]) for row in by_number}) == sorted(one.oid for one in seen)
    assert sorted(int(row["expid"]) for row in by_number) == sorted(exposures * len(seen))
    unit = world.units[draw(0, 5)]
    place = f"{unit.image.ra + 0.001 * unit.number} {unit.image.dec}"
    answer = ask(reverse("light-curve-list"), {"targets": place, "format": "parquet", "radius": 1}, method="post")
    found = pq.read_table(io.BytesIO(answer.body)).to_pylist()
    mine = sorted(row["expid"] for row in found if row["oid"] == unit.oid)
    assert mine == (exposures if unit in seen else [])
    one = ask(reverse("api-object", args=[unit.oid]), status=200 if unit in seen else 404)
    if unit in seen:
        assert one.json()["nobs"] == len(seen)
    for least, expected in ((1, seen), (len(seen) + 1, [])):
        asked = {"where": f"field = 655 AND nobs >= {least}"}
        assert ask(reverse("api-objects"), asked).json()["count"] == len(expected)
        assert ask(reverse("objects"), asked).context["page"].paginator.count == len(expected)


@probe("order-matchfiles", "api-matchfiles")
def matchfiles_of_a_quadrant(world: World, ask: Asker, draw) -> None:
    """The points that they see; in the public edition those that everybody does."""
    if refused(ask, reverse("objects"), "lightcurves"):
        return
    image = world.units[0].image
    place = {"field": 655, "ccdid": image.ccdid, "qid": image.qid, "filtercode": "zr"}
    for edition, seen in (("mine", world.data(ask.person)), ("public", world.data(world.people[0]))):
        made = ask(reverse("api-matchfiles"), {**place, "edition": edition}, method="post", status=201).json()
        matchjobs.make(made["id"])
        job = UserJob.objects.get(pk=made["id"])
        if not seen:
            assert job.phase == "ERROR" and "that you may see" in job.message
            continue
        assert f"{len(seen)} objects, {len(seen) ** 2} points" in job.message
        with tarfile.open(bundles.result_path(job)) as tar, tempfile.TemporaryDirectory() as folder:
            tar.extractall(folder, filter="data")
            with tables.open_file(next(Path(folder).iterdir())) as file:
                held = set(file.root.matches.exposures.col("expid").tolist())
                ask.bodies.append(file.root.matches.sources.read().tobytes())
        assert held == {one.image.exposure_id for one in seen}
    assert ask(reverse("order-matchfiles"), place, method="post", status=302)


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


@probe("home")
def counts_on_the_front_page(world: World, ask: Asker, draw) -> None:
    cache.clear()
    page = ask(reverse("home"))
    seen, data = world.images(ask.person), world.data(ask.person)
    expected = {"exposures": len(seen), "science images": len(seen), "references": len(seen), "alerts": len(data)}
    assert dict(page.context["holdings"]) == expected
    assert {image.pid for image in page.context["latest"]} == set(pids(seen))


@probe("releases", "release", "release-manifest")
def releases(world: World, ask: Asker, draw) -> None:
    closed = ask.person.user is not None and ask.person.user.is_staff and {2, 3} <= ask.person.programs
    names = {release.name for release in ask(reverse("releases")).context["releases"]}
    assert names == ({"open", "closed"} if closed else {"open"})
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


@probe("find")
def the_search_box(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    for number, seen in (
        (unit.pid, world.images(ask.person)),
        (unit.rfid, world.images(ask.person)),
        (unit.candid, world.data(ask.person)),
        (unit.oid, world.data(ask.person)),
    ):
        found = ask(reverse("find"), {"q": str(number)}, status=None)
        assert (found.status_code == 302) == (unit in seen), number


@probe("order-bundle", "jobs", "job", "job-result", "api-jobs", "api-job")
def bundles_of_files(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("jobs"), "images", "catalogs"):
        return
    made = ask(reverse("api-jobs"), {"field": 655}, method="post", status=201).json()
    assert ask(reverse("api-job", args=[made["id"]])).json()["phase"] == "QUEUED"
    bundles.make(made["id"])
    job = UserJob.objects.get(pk=made["id"])
    expected = {unit.files[key].path for unit in world.both(ask.person) for key in ("sci", "cat")}
    result = ask(reverse("job-result", args=[job.pk]), status=200 if expected else 404)
    if expected:
        with tarfile.open(fileobj=io.BytesIO(result.body)) as tar:
            assert set(tar.getnames()) == expected | {"manifest.csv"}
    mine = ask(reverse("jobs")).context["jobs"]
    assert all(one.owner_id == getattr(ask.person.user, "pk", None) for one in mine)


@probe("order-export")
def exported_light_curves(world: World, ask: Asker, draw) -> None:
    """The points of the public release, which is of program 1, that they see: of every image one for every object."""
    if refused(ask, reverse("objects"), "lightcurves"):
        return
    before = set(UserJob.objects.values_list("pk", flat=True))
    ask(reverse("order-export"), {"release": "open"}, method="post", status=302)
    (job,) = UserJob.objects.exclude(pk__in=before)
    exportjobs.make(job.pk)
    job.refresh_from_db()
    images = [u for u in world.both(ask.person) if u.metadata.programid == u.data.programid == 1]
    points = len(images) * len(world.data(ask.person))
    if not points:
        assert job.phase == "ERROR" and "that you may see" in job.message
        return
    with tarfile.open(bundles.result_path(job)) as tar:
        files = [tar.extractfile(one).read() for one in tar if "/Npix=" in one.name]
    counts = [n for file in files for n in pq.read_table(io.BytesIO(file)).column("nepochs").to_pylist()]
    assert sum(counts) == points


def pytest_approx(value: float):
    import pytest

    return pytest.approx(value, rel=1e-6, abs=1e-6)
