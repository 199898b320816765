"""The code that each search offers, run against a served archive: every client gets the rows of the page."""

import shlex
import subprocess
import warnings

import pytest
from django.test import Client

from tests import browsers

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture(scope="module")
def address(archive, django_db_blocker):
    with browsers.served_here(django_db_blocker) as served:
        yield served


def of_page(path: str, asked: dict, server: str) -> tuple[dict[str, str], list[int], str]:
    """The calls of a page, the ids of its rows, and the column that they stand in."""
    page = Client().get(path, asked, HTTP_HOST=server.removeprefix("http://"))
    key = {"/alerts/": "candid", "/objects/": "oid"}.get(path, {"ref": "rfid"}.get(asked.get("family", ""), "pid"))
    if asked.get("family") == "raw":
        key = "expid"
    rows = Client().get(path, asked | {"format": "json"}).json()["rows"]
    assert page.status_code == 200
    return dict(page.context["calls"]), sorted(row[key] for row in rows), key


def run(name: str, text: str, key: str, tmp_path, monkeypatch) -> list[int]:
    """The ids that a call gives."""
    if name == "curl":
        subprocess.run(shlex.split(text), check=True, cwd=tmp_path)
        lines = (tmp_path / "rows.csv").read_text().splitlines()
        place = lines[0].split(",").index(key)
        return sorted(int(line.split(",")[place]) for line in lines[1:])
    if name == "ztfquery":
        from ztfquery import io, metasearch

        monkeypatch.setattr(io, "_load_id_", lambda *a, **k: ("anon", "x"))
        for module, constant in ((metasearch, "SEARCH_BASEURL"), (io, "LOGIN_URL")):
            monkeypatch.setattr(module, constant, getattr(module, constant))  # the call's own goes afterwards
    found: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(text, name, "exec"), found)  # noqa: S102 (what the page offers to be run)
    rows = found["rows"]
    values = [row[key] for row in rows] if isinstance(rows, list) else list(rows[key])
    return sorted(map(int, values))


def searches(archive) -> dict[str, tuple[str, dict, set[str]]]:
    """Searches by name: page, parameters, and the clients that have words for them besides those that all have."""
    unit = archive.world.units[0]
    place = f"{unit.image.ra:.6f} {unit.image.dec:.6f}"
    polygon = "POLYGON " + " ".join(f"{ra:.5f} {dec:.5f}" for ra, dec in unit.image.corners)
    tap, all_ = {"pyvo", "ADQL"}, {"pyvo", "ADQL", "ztfquery"}
    return {
        "position": ("/images/", {"position": place}, all_),
        "conditions": ("/images/", {"field": 655, "filtercode": "zr", "seeing": 1.75, "good": 1}, all_),
        "times": ("/images/", {"since": "2026-11-01", "until": "2026-11-20T12:00:00"}, all_),
        "or": ("/images/", {"field": 655, "where": "seeing < 1.65 OR maglimit > 20.55"}, all_),
        "flags": ("/images/", {"infobits": "no-psf,seeing-high", "where": "rcid = 50"}, tap),
        "flagged": ("/images/", {"flagged": "no-psf"}, tap),
        "radius": ("/images/", {"position": place, "radius": 0.5}, tap),
        "box": ("/images/", {"position": place, "width": 0.3}, all_),
        "oblong box": ("/images/", {"position": place, "width": 3, "height": 2, "intersect": "ENCLOSED"}, tap),
        "polygon": ("/images/", {"region": polygon}, tap),
        "positions": ("/images/", {"region": f"POSITIONS {place} 1 1"}, tap),
        "moc": ("/images/", {"region": "MOC 3/0-100"}, set()),
        "release": ("/images/", {"release": "open"}, set()),
        "references": ("/images/", {"family": "ref", "position": place}, all_),
        "raw": ("/images/", {"family": "raw", "field": 655}, all_),
        "own origin": ("/images/", {"origin": "ours", "field": 655}, tap),
        "differences": ("/images/", {"family": "diff", "field": 655}, tap),
        "a page's column": ("/images/", {"where": "ipac_gid = 1"}, all_),
        "alerts": ("/alerts/", {"rb": 0.5, "where": "magpsf < 17.35"}, tap),
        "alerts here": ("/alerts/", {"position": place, "radius": 1, "filtercode": "r"}, tap),
        "alerts in time": ("/alerts/", {"since": "2020-01-01", "region": f"CIRCLE {place} 1"}, tap),
        "moving": ("/moving/", {"name": "310", "order": "-obsjd"}, set()),
        "objects": ("/objects/", {"position": archive.position, "radius": 60, "filtercode": "zr"}, tap),
        "objects by condition": ("/objects/", {"where": "nobs > 3 OR magrms > 0.1", "nobs": 2}, tap),
        "objects in a region": ("/objects/", {"region": f"CIRCLE {archive.position} 0.02"}, tap),
    }


NAMES = (
    *("position", "conditions", "times", "or", "flags", "flagged", "radius", "box", "oblong box", "polygon"),
    *("positions", "moc", "release", "references", "raw", "own origin", "differences", "a page's column", "alerts"),
    *("alerts here", "alerts in time", "moving", "objects", "objects by condition", "objects in a region"),
)  # fmt: skip
EMPTY = {"flagged"}


@pytest.mark.client("ztfquery", "ZTFQuery.load_metadata")
@pytest.mark.client("pyvo", "TAPService.search")
@pytest.mark.parametrize("name", NAMES)
def test_every_call_gives_the_ids_of_the_page(archive, address, name, tmp_path, monkeypatch):
    path, asked, more = searches(archive)[name]
    calls, ids, key = of_page(path, asked, address)
    assert set(calls) == {"curl", "requests", "astropy"} | more
    assert bool(ids) == (name not in EMPTY), "a search that finds nothing compares nothing"
    for client, text in calls.items():
        if client != "ADQL":
            assert run(client, text, key, tmp_path, monkeypatch) == ids, (client, text)
