"""Files of releases as they are renewed and served: what is as it was stays the same file, and nothing closed shows."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import lsdb
import pyarrow.parquet as pq
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from archive.access.audit import Actor
from archive.models import Release, ScienceImage
from archive.releases import freeze
from archive.releases.actions import publish, withdraw
from lightcurves.download import served
from lightcurves.models import Source
from lightcurves.storage import store
from lightcurves.updates import sources, statistics
from tests.lightcurves.starsky import FIELD, RCID, Sky

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ADMIN = Actor.on_this_machine()
STARS, OPEN, CLOSED, BLUE = 60, 6, 3, 4
PARTS = 14  # pixels with stars, of the smallest that there are
BULK = "/data/ZTF/lc/lc_dr1/0/field000655/ztf_000655_zr_c13_q3_dr1.parquet"
LATER = "0/field000655/ztf_000655_{}_c13_q3_dr2.parquet"
HATS = "/ztf/enhanced/dr1/lc/hats/"


def make(name: str, last: date) -> Release:
    made = Release.objects.create(name=name, title=name.upper(), first_night=date(2020, 9, 1), last_night=last)
    made.programs.set([1])
    freeze(made, ADMIN)
    publish(Release.objects.get(pk=name), ADMIN)
    return Release.objects.get(pk=name)


@pytest.fixture(scope="module")
def sky(committed, django_db_blocker):
    """Sixty stars on six open nights in r and three closed ones, and a night later in g four of them; two releases.

    The second holds the later night too.
    """
    with django_db_blocker.unblock():
        made, few = Sky(STARS), Sky(STARS)
        few.ra, few.dec, few.mag = (getattr(made, name)[:BLUE] for name in ("ra", "dec", "mag"))
        images = [made.image(day) for day in range(OPEN)]
        images += [made.image(20 + day, programid=2, public=False) for day in range(CLOSED)]
        blue = made.image(60, fid=1)
        sources.seed(images[0], made.catalog(), None)
        sources.seed(blue, few.catalog(), None)
        for image in images:
            sources.add_points(image, made.catalog())
        sources.add_points(blue, few.catalog())
        for fid in (1, 2):
            statistics.refresh(FIELD, RCID, fid)
        make("dr1", date(2020, 10, 15))
        make("dr2", date(2020, 12, 31))
        served.write("dr1", most=1)
        yield made


def files(name: str, kind: str, below: str = "") -> dict[str, tuple]:
    """Parquet files of a release by their path, without its name: what each is on disk, and its MD5."""
    top = served.place_of(name, kind, below)
    found = {}
    for path in sorted(top.rglob("*.parquet")):
        state = path.stat()
        content = hashlib.md5(path.read_bytes()).hexdigest()
        found[str(path.relative_to(top)).replace(name, "drN")] = (state.st_ino, state.st_mtime_ns, content)
    return found


def content(answer) -> bytes:
    assert answer.status_code in (200, 206), answer.content
    return b"".join(answer.streaming_content)


def apart(todo):
    """Do something on a thread, whose connections are its own: what it writes is committed."""

    def done():
        try:
            return todo()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(done).result()


def links(client, address: str) -> list[str]:
    page = client.get(address)
    assert page.status_code == 200, address
    return [link["href"] for link in BeautifulSoup(page.content, "html.parser").find_all("a")]


def test_a_release_written_again_keeps_every_file(sky):
    before = {kind: files("dr1", kind) for kind in (served.HATS, served.BULK)}
    parts = [path for path in before[served.HATS] if "_lc-hats/dataset/Norder" in path]
    assert len(parts) == PARTS and len(before[served.BULK]) == 1
    written = served.write("dr1", most=1)
    assert {kind: files("dr1", kind) for kind in before} == before
    assert (written["lc"].objects, written["lc"].points) == (STARS, STARS * OPEN)
    assert (written["objects"].objects, written["bulk"].points) == (STARS, STARS * OPEN)


def test_what_fails_while_it_is_written_leaves_what_is_served(sky, client, monkeypatch):
    served.write("dr1", most=1)
    before, whole = files("dr1", served.BULK), content(client.get(BULK))
    monkeypatch.setattr(served.editions, "write", lambda *parts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        served.write("dr1", most=1)
    assert files("dr1", served.BULK) == before and content(client.get(BULK)) == whole
    assert len(list(settings.EXPORT_ROOT.glob(".dr1.*"))) == 2  # what is served, and what was before


def test_a_changed_star_makes_one_file_of_light_curves_anew(sky):
    before = files("dr1", served.HATS, "lc/hats")
    star = Source.objects.filter(fid=2).earliest("oid").pk
    apart(lambda: Source.objects.filter(pk=star).update(colour=0.7))
    served.write("dr1", most=1)
    after = files("dr1", served.HATS, "lc/hats")
    assert list(after) == list(before)
    changed = [path for path in after if after[path] != before[path]]
    assert len(changed) == 1 and "_lc-hats/dataset/Norder" in changed[0]


def test_what_is_made_anew_and_comes_out_the_same_stays_the_same_file(sky):
    """No colour counts as zero."""
    before = files("dr1", served.HATS, "lc/hats"), files("dr1", served.BULK)
    assert apart(lambda: Source.objects.filter(fid=2, colour=None).update(colour=0.0)) == STARS - 1
    served.write("dr1", most=1)
    assert (files("dr1", served.HATS, "lc/hats"), files("dr1", served.BULK)) == before


def test_points_that_were_packed_are_in_the_files_written_then(sky):
    last = max(ScienceImage.objects.filter(fid=2).values_list("nid", flat=True))
    assert apart(lambda: store.compact(last))["points"]
    written = served.write("dr1", most=1)
    assert (written["lc"].points, written["bulk"].points) == (STARS * OPEN, STARS * OPEN)
    before = {kind: files("dr1", kind) for kind in (served.HATS, served.BULK)}
    served.write("dr1", most=1)
    assert {kind: files("dr1", kind) for kind in before} == before


@pytest.mark.client("lsdb", "Catalog.id_search")
def test_a_later_release_takes_over_what_its_new_nights_leave_as_it_was(sky):
    before = files("dr1", served.HATS, "lc/hats")
    written = served.write("dr2", most=1)
    assert (written["lc"].objects, written["lc"].points) == (STARS + BLUE, STARS * OPEN + BLUE)
    after = files("dr2", served.HATS, "lc/hats")
    parts = {path for path in after if "_lc-hats/dataset/Norder" in path}
    taken = {path for path in parts if before.get(path) == after[path]}
    assert len(parts) == PARTS and 1 <= len(parts - taken) <= BLUE
    blue = Source.objects.filter(fid=1).latest("oid").pk
    found = lsdb.open_catalog(served.place_of("dr2", served.HATS, "lc/hats")).id_search(values={"objectid": blue})
    assert found.compute()["nepochs"].tolist() == [1]
    bulk = files("dr2", served.BULK)
    assert bulk[LATER.format("zr").replace("dr2", "drN")] == files("dr1", served.BULK).popitem()[1]
    assert LATER.format("zg").replace("dr2", "drN") in bulk


def test_bulk_files_are_found_by_the_lists_and_by_their_sums(sky, client):
    for top in ("/data/ZTF/lc/lc_dr1/", "/data/ZTF/lc_dr1/"):
        assert links(client, top) == ["../", "0/", "checksum.md5", "checksums.md5"]
        assert links(client, f"{top}0/") == ["../", "field000655/"]
        names = links(client, f"{top}0/field000655/")
        assert names == ["../", BULK.rpartition("/")[2]]
        for sums in ("checksum.md5", "checksums.md5"):
            (line,) = content(client.get(f"{top}{sums}")).decode().splitlines()
            md5, path = line.split()
            body = content(client.get(f"{top}{path.removeprefix('./')}"))
            assert hashlib.md5(body).hexdigest() == md5
    assert "lc_dr1/" in links(client, "/data/ZTF/lc/") and "dr1/" in links(client, "/ztf/enhanced/")


def test_a_file_is_given_in_parts_and_only_when_it_has_changed(sky, client):
    head = client.head(BULK)
    whole = content(client.get(BULK))
    assert head.status_code == 200 and int(head["Content-Length"]) == len(whole) and whole[:4] == b"PAR1"
    assert head["Accept-Ranges"] == "bytes" and head["Content-Type"] == "application/vnd.apache.parquet"
    assert content(client.get(BULK, headers={"Range": "bytes=-8"})) == whole[-8:]
    resumed = client.get(BULK, headers={"Range": "bytes=100-", "If-Range": head["ETag"]})
    assert resumed.status_code == 206 and content(resumed) == whole[100:]
    assert client.get(BULK, headers={"If-None-Match": head["ETag"]}).status_code == 304
    assert client.get(BULK, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    assert client.post(BULK).status_code == 405


def test_a_folder_is_led_to_by_its_name_and_lists_no_hidden_file(sky, client):
    answer = client.get(HATS.rstrip("/"))
    assert (answer.status_code, answer["Location"]) == (302, HATS)
    name = "ztf_dr1_lc-hats"
    assert links(client, HATS) == ["../", "collection.properties", f"{name}/", f"{name}_index/", f"{name}_margin/"]
    assert links(client, "/ztf/enhanced/dr1/") == ["../", "lc/", "objects/"]


@pytest.mark.parametrize(
    "path",
    [
        *("/ztf/enhanced/dr9/", "/ztf/enhanced/.dr1/", "/ztf/enhanced/DR1/", "/ztf/enhanced/dr1/bulk/"),
        *("/ztf/enhanced/dr1/../.files.json", "/ztf/enhanced/dr1/.files.json", "/ztf/enhanced/dr1/lc/hats/x"),
        *("/ztf/enhanced/dr1/lc/../../.rests.json", "/data/ZTF/lc/lc_dr1/../.rests.json", f"{BULK}/"),
        *("/data/ZTF/lc/lc_dr9/checksums.md5", "/data/ZTF/lc_dr1/hats/", f"{HATS}collection.properties/"),
    ],
)
def test_other_places_are_not_there(sky, client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("top", ["/data/ZTF/lc/lc_dr1/", "/data/ZTF/lc_dr1/", "/data/ZTF/lc_dr1//"])
def test_a_field_s_folder_is_found_with_four_digits_too(sky, client, top):
    name = BULK.rpartition("/")[2]
    assert links(client, f"{top}0/field0655/") == links(client, f"{top}0/field000655/")
    assert name in links(client, f"{top}0/field0655/")
    old, new = client.get(f"{top}0/field0655/{name}", headers={"Range": "bytes=0-99"}), client.get(BULK)
    assert old.status_code == 206 and content(old) == content(new)[:100] and old["ETag"] == new["ETag"]
    for folder in ("field655", "field00655", "field0656", "field٠655", "field0655x"):
        assert client.get(f"{top}0/{folder}/{name}").status_code == 404, folder
    assert client.get(f"{HATS.rstrip('/')}/field0655/").status_code == 404


@pytest.mark.parametrize("address", [BULK, "/data/ZTF/lc/", "/ztf/enhanced/", f"{HATS}"])
def test_an_unknown_parameter_is_refused(sky, client, address):
    answer = client.get(address, {"cutout": "1"})
    assert answer.status_code == 400 and b"cutout" in answer.content


def test_no_file_holds_a_closed_point(sky):
    closed = set()
    for name in ("dr1", "dr2"):
        for path in served.place_of(name, served.HATS, "lc").rglob("Npix=*.parquet"):
            closed |= {int(day) for row in pq.ParquetFile(path).read(["lightcurve"]).to_pylist()
                       for day in row["lightcurve"]["hmjd"]}  # fmt: skip
        for path in served.place_of(name, served.BULK, "").rglob("*.parquet"):
            closed |= {int(day) for days in pq.ParquetFile(path).read(["hmjd"])[0].to_pylist() for day in days}
    first = min(closed)
    assert closed == {first + day for day in (*range(OPEN), 60)}
    for path in served.place_of("dr2", served.HATS, "objects").rglob("Npix=*.parquet"):
        rows = pq.ParquetFile(path).read(["fid", "nobs"]).to_pylist()
        assert all(row["nobs"] == (OPEN if row["fid"] == 2 else 1) for row in rows)


def test_what_is_not_public_is_not_written(sky):
    with pytest.raises(CommandError, match="release='dr7': there is no such public release"):
        call_command("lightcurves", "files", "dr7")
    Release.objects.create(name="dr7", title="Draft", first_night=date(2020, 9, 1), last_night=date(2020, 9, 2))
    with pytest.raises(CommandError, match="release='dr7': there is no such public release"):
        call_command("lightcurves", "files", "dr7")


def test_a_withdrawn_release_takes_its_files_with_it_and_those_that_rest_on_it(sky, client):
    """The statistics of one release are of all public points, so they may hold what another one opened."""
    apart(lambda: withdraw(Release.objects.get(pk="dr1"), ADMIN))
    for address in (BULK, BULK.replace("lc/lc_", "lc_"), HATS, f"{HATS}collection.properties", "/ztf/enhanced/dr1/"):
        assert client.get(address).status_code == 404
    assert links(client, "/ztf/enhanced/") == [] and links(client, "/data/ZTF/lc/") == []
    assert client.get(f"/data/ZTF/lc/lc_dr2/{LATER.format('zg')}").status_code == 404
    for fid in (1, 2):
        apart(lambda fid=fid: statistics.refresh(FIELD, RCID, fid))
    told = io.StringIO()
    call_command("lightcurves", "files", "dr2", stdout=told)
    assert f"lc: {STARS + BLUE} objects, {STARS * OPEN + BLUE} points" in told.getvalue()
    assert links(client, "/ztf/enhanced/") == ["dr2/"]
    body = content(client.get(f"/data/ZTF/lc/lc_dr2/{LATER.format('zg')}"))
    assert pq.read_table(io.BytesIO(body))["nepochs"].to_pylist() == [1] * BLUE
