"""Probes of the data access layer: ObsCore, SIA2, cone search, DataLink, SODA, each against the oracle."""

from __future__ import annotations

import io

import numpy as np
from astropy.io import fits
from astropy.io.votable import parse_single_table
from django.test import Client
from django.urls import reverse

from archive.models import QueryJob
from archive.services.vo.dal.cone import tables
from archive.services.vo.job_runner import run_next
from archive.services.vo.obscore.identifiers import prefix
from tests.rights.probes import Asker, csv_rows, pids, probe, refused
from tests.rights.sky_probes import place_of
from tests.rights.world import Unit, World

EXPECTED = {"sci": "pid", "diff": "pid", "ref": "rfid"}


def numbers(units: list[Unit], family: str) -> list[str]:
    """The identifiers of a family's products of units."""
    return sorted(prefix(family) + str(getattr(unit, EXPECTED[family])) for unit in units)


def of_family(rows: list[dict], family: str) -> list[dict]:
    return sorted(
        (row for row in rows if row["obs_publisher_did"].startswith(prefix(family))),
        key=lambda row: row["obs_publisher_did"],
    )


@probe("tap-sync")
def observations(world: World, ask: Asker, draw) -> None:
    """ObsCore has each row that its own table shows, and an address only where the file may be had."""
    if refused(ask, reverse("tap-sync"), "tap"):
        return
    query = "SELECT * FROM ivoa.obscore WHERE dataproduct_type = 'image'"
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
    rows = csv_rows(ask(reverse("tap-sync"), asked))
    look_at_images(world, ask, rows)
    for kind, family, key in (("measurements", "alert", "candid"), ("timeseries", "lc", "oid")):
        asked["QUERY"] = f"SELECT obs_publisher_did FROM ivoa.obscore WHERE dataproduct_type = '{kind}'"
        found = [row["obs_publisher_did"] for row in csv_rows(ask(reverse("tap-sync"), asked))]
        assert sorted(found) == sorted(prefix(family) + str(getattr(unit, key)) for unit in world.data(ask.person))
    asked["QUERY"] = "SELECT COUNT(*) AS n, MIN(t_min) AS t FROM ivoa.obsplan"
    (row,) = csv_rows(ask(reverse("tap-sync"), asked))
    assert int(row["n"]) == len(world.images(ask.person))


@probe("sia", "irsa-sia")
def images(world: World, ask: Asker, draw) -> None:
    """SIA2 has the same rows, with and without a region around them."""
    name = ("sia", "irsa-sia")[draw(0, 1)]
    if refused(ask, reverse(name), "images"):
        return
    ra, dec = place_of(world)
    for place in ({}, {"POS": f"CIRCLE {ra} {dec} 0.01"}, {"POS": f"RANGE {ra - 1} {ra + 1} {dec - 1} {dec + 1}"}):
        rows = csv_rows(ask(reverse(name), {"RESPONSEFORMAT": "csv", **place}))
        look_at_images(world, ask, rows)
    unit = world.units[draw(0, 5)]
    found = csv_rows(ask(reverse(name), {"RESPONSEFORMAT": "csv", "ID": f"{prefix('sci')}{unit.pid}"}))
    assert len(found) == (unit in world.images(ask.person))


@probe("irsa-sia1")
def images_of_ibe(world: World, ask: Asker, draw) -> None:
    """SIA 1.0 names an image where its file may be had, and no other."""
    if refused(ask, reverse("irsa-sia1", args=["sci"]), "images"):
        return
    ra, dec = place_of(world)
    for family in ("sci", "ref"):
        asked = {"POS": f"{ra},{dec}", "SIZE": "4", "VERB": draw(0, 3)}
        table = parse_single_table(io.BytesIO(ask(reverse("irsa-sia1", args=[family]), asked).body)).to_table()
        expected = [unit.files[family].path for unit in world.images(ask.person) if unit in world.data(ask.person)]
        assert sorted(one.partition("/products/")[2] for one in table["url"]) == sorted(expected), family


@probe("tap-sync")
def tables_of_images(world: World, ask: Asker, draw) -> None:
    """IRSA's tables have the rows of images that somebody sees, and the files that they may have."""
    if refused(ask, reverse("tap-sync"), "tap"):
        return
    asked = {"LANG": "ADQL", "FORMAT": "csv"}
    for family in ("sci", "ref", "diff"):
        asked["QUERY"] = f"SELECT meta_id FROM ztf.ztf_current_meta_{family}"
        found = sorted(int(row["meta_id"]) for row in csv_rows(ask(reverse("tap-sync"), asked)))
        assert found == sorted(getattr(unit, EXPECTED[family]) for unit in world.images(ask.person)), family
    allowed = {file.path for unit in world.data(ask.person) for file in unit.files.values()}
    paths = set()
    for family in ("sci", "ref", "diff", "raw"):
        asked["QUERY"] = f"SELECT path FROM ztf.ztf_current_path_{family}"
        paths |= {row["path"] for row in csv_rows(ask(reverse("tap-sync"), asked))}
    assert paths <= allowed
    assert paths >= {unit.files["sci"].path for unit in world.data(ask.person) if unit in world.images(ask.person)}


def look_at_images(world: World, ask: Asker, rows: list[dict]) -> None:
    seen, data = world.images(ask.person), world.data(ask.person)
    for family in EXPECTED:
        assert [row["obs_publisher_did"] for row in of_family(rows, family)] == numbers(seen, family), family
    for family, key in (("sci", "sci"), ("ref", "ref")):
        addresses = [row["access_url"] for row in of_family(rows, family) if row["access_url"]]
        expected = [unit.files[key].path for unit in seen if unit in data]
        assert sorted(one.partition("/products/")[2] for one in addresses) == sorted(expected)
    assert len(of_family(rows, "raw")) == len(seen)


@probe("scs")
def cones(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("scs", args=["ztf_alerts"]), "tap"):
        return
    expected = {
        "ztf_current_meta_sci": ("pid", [str(pid) for pid in pids(world.images(ask.person))]),
        "ztf_current_meta_ref": ("rfid", [str(unit.rfid) for unit in world.images(ask.person)]),
        "ztf_alerts": ("candid", [str(unit.candid) for unit in world.data(ask.person)]),
        "ztf_objects": ("oid", [str(unit.oid) for unit in world.data(ask.person)]),
    }
    assert expected.keys() <= tables().keys()
    ra, dec = place_of(world)
    for name, (key, wanted) in expected.items():
        asked = {"RA": ra, "DEC": dec, "SR": 5, "RESPONSEFORMAT": "csv", "VERB": draw(1, 3)}
        rows = csv_rows(ask(reverse("scs", args=[name]), asked))
        assert sorted(row[key] for row in rows) == sorted(wanted), name


@probe("datalink")
def links(world: World, ask: Asker, draw) -> None:
    """A file's address stands only where it may be had; what is hidden is as unknown as what is not there."""
    if refused(ask, reverse("datalink"), "images"):
        return
    identifiers = {f"{prefix('sci')}{unit.pid}": unit for unit in world.units}
    body = ask(reverse("datalink"), {"ID": [*identifiers, f"{prefix('sci')}1"]}, method="post").body
    table = parse_single_table(io.BytesIO(body)).to_table()
    assert set(table["ID"]) == {*identifiers, f"{prefix('sci')}1"}
    for identifier, unit in identifiers.items():
        rows = table[table["ID"] == identifier]
        if unit not in world.images(ask.person):
            assert len(rows) == 1 and "there is no such data set" in rows["error_message"][0]
            continue
        if unit in world.data(ask.person):
            this = str(rows["access_url"][rows["semantics"] == "#this"][0])
            assert this.endswith(unit.files["sci"].path)
        else:
            text = " ".join(map(str, rows["access_url"]))
            assert not [one.path for one in unit.files.values() if one.path in text]
    for family, key, scope in (("alert", "candid", "alerts"), ("lc", "oid", "lightcurves")):
        unit = world.units[draw(0, 5)]
        asked = {"ID": f"{prefix(family)}{getattr(unit, key)}"}
        if not ask.person.may(scope):
            ask(reverse("datalink"), asked, status=403)
            continue
        found = parse_single_table(io.BytesIO(ask(reverse("datalink"), asked).body)).to_table()
        assert (not str(found["error_message"][0]).strip("-")) == (unit in world.data(ask.person))


@probe("soda-sync")
def parts(world: World, ask: Asker, draw) -> None:
    """Pixels come to those who may have the file; that an image is listed may be known, that one is hidden not."""
    if refused(ask, reverse("soda-sync"), "images"):
        return
    unit = world.units[draw(0, 5)]
    asked = {"ID": f"{prefix('sci')}{unit.pid}", "CIRCLE": f"{unit.image.ra} {unit.image.dec} 0.003"}
    answer = ask(reverse("soda-sync"), asked, status=None)
    if unit in world.both(ask.person):
        data = fits.getdata(io.BytesIO(answer.body))
        assert answer.status_code == 200 and np.all(data == 1000 + unit.number)
    else:
        assert answer.status_code == (403 if is_known_to_be_closed(world, ask, unit) else 404), answer.body[:200]


def work_off() -> None:
    """Do what waits in the queue of jobs, whoever put it there."""
    for _ in range(MOST_JOBS):
        if QueryJob.objects.filter(phase=QueryJob.Phase.QUEUED).exists():
            run_next()


MOST_JOBS = 30
OF_A_JOB = ("parameters", "results", "result", "error", "phase", "executionduration", "destruction", "quote", "owner")


@probe("soda-async", "soda-job", *(f"soda-job-{name}" for name in OF_A_JOB))
def jobs_of_parts(world: World, ask: Asker, draw) -> None:
    """A job cuts with its owner's rights, and is theirs alone."""
    if refused(ask, reverse("soda-async"), "images"):
        return
    unit = world.units[draw(0, 5)]
    asked = {"ID": f"{prefix('sci')}{unit.pid}", "CIRCLE": f"{unit.image.ra} {unit.image.dec} 0.003", "PHASE": "RUN"}
    made = ask(reverse("soda-async"), asked, method="post", status=303)
    address = "/" + made["Location"].split("/", 3)[3]
    work_off()
    result = ask(f"{address}/results/result", status=None)
    if unit in world.both(ask.person):
        assert np.all(fits.getdata(io.BytesIO(result.body)) == 1000 + unit.number)
    else:
        assert result.status_code == 400 and (b"not public" in result.body or b"holds no file" in result.body)
    for name in OF_A_JOB:
        answer = Client().get(f"{address}/{'results/result' if name == 'result' else name}")
        assert answer.status_code == 401 or ask.person.user is None, name
    mine = ask(reverse("soda-async")).body
    assert (address.rpartition("/")[2].encode() in mine) == (ask.person.user is not None)


def is_known_to_be_closed(world: World, ask: Asker, unit: Unit) -> bool:
    return unit in world.images(ask.person) and unit.metadata.date != "past"
