"""Probes of light curves: objects, their points and periods, lists of them, matchfiles and exports."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import tables
from astropy.io import ascii as text_tables
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import resolve, reverse

from archive.models import UserJob
from archive.products import bundles
from lightcurves.download import hats_jobs, matchfile_jobs
from lightcurves.models import SavedPeriod
from lightcurves.periods.grid import MIN_POINTS
from tests.rights.probes import Asker, csv_rows, pids, probe, refused
from tests.rights.world import World


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


@probe("object-figure")
def figures(world: World, ask: Asker, draw) -> None:
    """Of the points that are seen: a figure says how many it has."""
    unit = world.units[draw(0, 5)]
    url = reverse("object-figure", args=[unit.oid])
    if refused(ask, url, "lightcurves"):
        return
    seen = world.data(ask.person)
    curves = ask(reverse("object-lightcurve", args=[unit.oid]), {"mask": 0}, status=200 if unit in seen else 404)
    drawn = ask(url, {"mask": 0}, status=200 if unit in seen else 404)
    if unit in seen:
        assert drawn.headers["X-Points"] == str(curves.json()["count"]) == str(len(seen))


@probe("object-exposures")
def exposures_of_a_place(world: World, ask: Asker, draw) -> None:
    """Points of images whose points are seen; of other images that they are listed; of hidden ones not a word."""
    unit = world.units[draw(0, 5)]
    seen, listed = world.data(ask.person), world.images(ask.person)
    url = reverse("object-exposures", args=[unit.oid])
    if refused(ask, url, "lightcurves", "images"):
        return
    status = 200 if unit in seen else 404
    found = ask(url, {"format": "json"}, status=status)
    for part in ({}, {"part": 1}):
        ask(url, part, status=status)
    if status == 404:
        return
    rows = {row["pid"]: row["state"] for row in found.json()["rows"] if row["pid"]}
    assert {pid for pid, state in rows.items() if state != "not measured"} == set(pids(seen))
    assert set(rows) <= {*pids(seen), *pids(listed)}
    raw = {row["expid"] for row in found.json()["rows"]}
    assert raw <= {one.image.exposure_id for one in [*seen, *listed]}


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


@probe("gator-query")
def gators_objects(world: World, ask: Asker, draw) -> None:
    """Objects with the statistics of the points that they see: by place, by a table and in all; counted alike."""
    url, unit = reverse("gator-query"), world.units[draw(0, 5)]
    if refused(ask, url, "lightcurves"):
        return
    seen = world.data(ask.person)
    place = f"{unit.image.ra + 0.001 * unit.number} {unit.image.dec}"
    asked = {"catalog": "ztf_objects", "outfmt": 1, "selcols": "oid,nobs"}
    table = SimpleUploadedFile("list.csv", f"ra,dec\n{place.replace(' ', ',')}\n".encode())
    for more, expected in (
        ({"spatial": "NONE"}, seen),
        ({"spatial": "Cone", "objstr": place, "radius": 0.5}, [unit] if unit in seen else []),
        ({"spatial": "NONE", "constraints": f"nobs > {len(seen)}"}, []),
        ({"spatial": "Upload", "uradius": 0.5, "filename": table}, [unit] if unit in seen else []),
    ):
        method = "post" if "filename" in more else "get"
        text = ask(url, asked | more, method=method).body.decode()
        rows = text_tables.read(text, format="ipac")
        assert sorted(map(int, rows["oid"])) == sorted(one.oid for one in expected), more
        assert set(map(int, rows["nobs"])) <= {len(seen)}
        assert f"\\RowsRetrieved = {len(expected)}\n" in text
    status = ask(url, asked | {"outfmt": 2, "spatial": "NONE"}).body.decode()
    assert f'count="{len(seen)}"' in status
    held = {one.oid for one in seen} if [one for one in world.images(ask.person) if one.metadata.programid == 1] else ()
    listed = ask(url, asked | {"catalog": "ztf_objects_open", "spatial": "NONE"}).body.decode()
    assert set(map(int, text_tables.read(listed, format="ipac")["oid"])) == set(held)
    assert b"not on the list" in ask(url, asked | {"catalog": "ztf_objects_closed"}, status=400).body


@probe("gator-scan", "gator-dd")
def gators_catalogs(world: World, ask: Asker, draw) -> None:
    """The catalog of all objects and that of the public release; a release that is not public has no name here."""
    listed = ask(reverse("gator-scan"), {"mode": "ascii"}).body.decode()
    assert set(text_tables.read(listed, format="ipac")["catname"]) == {"ztf_objects", "ztf_objects_open"}
    ask(reverse("gator-dd"), {"catalog": "ztf_objects_open"})
    ask(reverse("gator-dd"), {"catalog": "ztf_objects_closed"}, status=400)


@probe("api-snad-releases", "api-snad-objects", "api-snad-objects-meta", "api-snad-circle", "api-snad-circle-meta")
def snads_objects(world: World, ask: Asker, draw) -> None:
    """The points of the public release that they see, and no other number of points."""
    assert ask(reverse("api-snad-releases")).json() == ["open", "latest"]
    numbers = {"oid": [one.oid for one in world.units]}
    unit = world.units[draw(0, 5)]
    place = {"ra": unit.image.ra + 0.001 * unit.number, "dec": unit.image.dec, "radius_arcsec": 0.5}
    if refused(ask, reverse("api-snad-objects", args=["open"]), "lightcurves", parameters=numbers):
        return
    images = [u for u in world.both(ask.person) if u.metadata.programid == u.data.programid == 1]
    seen = world.data(ask.person) if images else []
    near = [unit] if unit in seen else []
    for name, asked, expected in (("objects", numbers, seen), ("circle", place, near)):
        for kind in ("", "-meta"):
            for release in ("open", "latest"):
                answer = json.loads(ask(reverse(f"api-snad-{name}{kind}", args=[release]), asked).body)
                assert set(answer) == {str(one.oid) for one in expected}
                assert {one["meta"]["nobs"] for one in answer.values()} <= {len(images)}
                assert {len(one.get("lc", ())) for one in answer.values()} <= {0 if kind else len(images)}
    ask(reverse("api-snad-objects", args=["closed"]), numbers, status=404)


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
        matchfile_jobs.make(made["id"])
        job = UserJob.objects.get(pk=made["id"])
        if not seen:
            assert job.phase == "ERROR" and "that you may see" in job.message
            continue
        assert f"{len(seen)} objects, {len(seen) ** 2} points" in job.message, (edition, job.phase, job.message)
        with tarfile.open(bundles.result_path(job)) as tar, tempfile.TemporaryDirectory() as folder:
            tar.extractall(folder)  # our own tar; Debian's 3.11.2 has no filters
            with tables.open_file(next(Path(folder).iterdir())) as file:
                held = set(file.root.matches.exposures.col("expid").tolist())
                ask.bodies.append(file.root.matches.sources.read().tobytes())
        assert held == {one.image.exposure_id for one in seen}
    assert ask(reverse("order-matchfiles"), place, method="post", status=302)


@probe("order-export")
def exported_light_curves(world: World, ask: Asker, draw) -> None:
    """The points of the public release, which is of program 1, that they see: of every image one for every object."""
    if refused(ask, reverse("objects"), "lightcurves"):
        return
    images = [u for u in world.both(ask.person) if u.metadata.programid == u.data.programid == 1]
    points = len(images) * len(world.data(ask.person))
    for edition in ("", "bulk", "flat"):
        ordered = ask(reverse("order-export"), {"release": "open", "edition": edition}, method="post", status=302)
        job = UserJob.objects.get(pk=resolve(ordered.url).kwargs["job_id"])  # one that is there already, if asked twice
        hats_jobs.make(job.pk)
        job.refresh_from_db()
        if not points:
            assert job.phase == "ERROR" and "that you may see" in job.message
            continue
        with tarfile.open(bundles.result_path(job)) as tar:
            inside = [one for one in tar if one.isfile()]
            named = [one for one in inside if "_lc-hats/dataset/N" in one.name or "/ztf_000655" in one.name]
            files = [tar.extractfile(one).read() for one in named]
        parts = [pq.ParquetFile(io.BytesIO(file)).read() for file in files]
        rows = [len(table) if edition == "flat" else sum(table.column("nepochs").to_pylist()) for table in parts]
        assert sum(rows) == points, edition
