"""manage.py mirror: one of our servers into another, killed and started again, and from servers that fail."""

import subprocess
import sys
import time

import numpy as np
import pytest
import requests
from django.conf import settings
from django.db import connections

from archive.survey.identifiers import make_oid
from lightcurves.models import Image, Source
from lightcurves.storage import store
from tests import factories
from tests.archive.ingest.mirror.conftest import PARTNER, PASSWORD, bytes_of
from tests.archive.ingest.mirror.gate import gate

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
EVERYTHING = ("--families", "sci,ref,raw,cal", "--suffixes", "sciimg.fits,mskimg.fits,refimg.fits,bias.fits")
FIELD = ("--field", "655", "--ccd", "13")
ME = {"ZTF_USER": PARTNER, "ZTF_PASSWORD": PASSWORD}


def test_a_field_comes_with_its_files_its_rights_and_where_it_came_from(far, near):
    said = near.mirror(far.address, *FIELD, *EVERYTHING, **ME).stdout
    assert "2 sci, 1 ref, 2 raw, 1 cal rows; 8 files to fetch" in said
    assert near.files() == {path: bytes_of(path) for path in far.paths}
    rows = near.sql("SELECT pid, programid, public_date, origin FROM archive_scienceimage ORDER BY pid")
    assert rows == [(one.pid, one.programid, one.public_date, "ztf") for one in far.images]
    assert near.sql("SELECT DISTINCT programid, public_date IS NULL, origin FROM archive_productfile") == [
        (1, False, "ztf"),
        (2, True, "ztf"),
    ]
    assert near.sql("SELECT DISTINCT provenance #>> '{mirror,server}' FROM archive_productfile") == [(far.address,)]
    again = near.mirror(far.address, *FIELD, *EVERYTHING, **ME).stdout
    assert "0 files to fetch (about 0 bytes), 8 here" in again
    assert not list((near.root / ".mirror").iterdir())


def test_without_rights_closed_files_are_not_fetched_and_nothing_is_fetched_in_a_dry_run(far, near):
    said = near.mirror(far.address, *FIELD, "--dry-run").stdout
    size = len(bytes_of(next(path for path in far.paths if path.endswith("sciimg.fits"))))
    assert f"1 sci rows; 1 files to fetch (about {size} bytes), 0 here" in said
    assert near.files() == {}
    assert near.sql("SELECT count(*) FROM archive_scienceimage") == [(0,)]


def test_killed_and_started_again_it_goes_on_and_fetches_nothing_twice(far, near):
    wish = ("--position", f"{far.images[0].ra} {far.images[0].dec}", "--connections", "1", *EVERYTHING)
    with gate(far.address) as slow:
        slow.pause, slow.busy = 0.02, 1
        command = near.command("--server", slow.address, *wish, python=(sys.executable,))
        running = subprocess.Popen(
            command, env=near.environment | ME, cwd=settings.BASE_DIR,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _wait_until(lambda: sum(slow.sent.values()) > 500_000)
        running.kill()
        running.wait()
        half = dict(slow.sent)
        (part,) = near.root.glob(".mirror/*/files/*.part")
        assert part.stat().st_size > 0
        searches = [path for _, path, _, _ in slow.asked if "/search/" in path]
        slow.pause = 0.0
        near.mirror(slow.address, *wish, **ME)
        assert near.files() == {path: bytes_of(path) for path in far.paths}
        assert [path for _, path, _, _ in slow.asked if "/search/" in path] == searches
        gone_on = [asked for method, path, asked, _ in slow.asked if asked]
        assert len(gone_on) == 1
        assert 0 < int(gone_on[0][6:-1]) <= max(half.values())
        slack = 1 << 18  # what was on its way when it was killed
        assert sum(slow.sent.values()) <= sum(len(bytes_of(path)) for path in far.paths) + slack


def test_files_that_do_not_come_whole_are_told_of_and_leave_no_row(far, near):
    with gate(far.address) as broken:
        broken.cut = 10**6
        said = near.mirror(broken.address, *FIELD, "--attempts", "2", ok=False, **ME)
    assert "2 failed; run it again" in said.stderr
    assert "Traceback" not in said.stderr
    assert near.sql("SELECT count(*) FROM archive_productfile") == [(0,)]


def test_a_bad_answer_costs_one_file_which_the_next_run_asks_for_again(far, near):
    path = next(one for one in sorted(far.paths) if one.endswith("mskimg.fits"))
    with gate(far.address) as server:
        server.files[f"/ibe/data/ztf/products/{path}"] = (b"<html>Sign in</html>", '"1"')
        said = near.mirror(server.address, *FIELD, *EVERYTHING, ok=False, **ME)
        assert "not a whole FITS file" in said.stderr and "Traceback" not in said.stderr
        assert near.files() == {one: bytes_of(one) for one in far.paths - {path}}
        assert near.sql("SELECT count(*), min(ours::int) FROM archive_quarantinedfile") == [(1, 0)]
        server.files.clear()
        asked = len(server.asked)
        near.mirror(server.address, *FIELD, *EVERYTHING, **ME)
        assert near.files() == {one: bytes_of(one) for one in far.paths}
        fetched = {one for method, one, _, _ in server.asked[asked:] if method == "GET"}
        assert fetched == {f"/ibe/data/ztf/products/{path}"}


def test_rows_come_all_or_none_and_an_answer_that_was_refused_is_asked_for_again(far, near):
    wish = (*FIELD, "--families", "sci", "--suffixes", "mskimg.fits")  # a sciimg would make its own row
    with gate(far.address) as server:
        near.mirror(server.address, *wish, "--dry-run", **ME)
        search = next(one for _, one, _, _ in server.asked if "/search/" in one)
        answer = requests.get(server.address + server.questions[search], auth=tuple(ME.values()), timeout=60).content
        end = answer.rindex(b" zr ")  # of the last row
        server.files[search] = (answer[:end] + b" zx " + answer[end + 4 :], '"1"')
        said = near.mirror(server.address, *wish, ok=False, **ME)
        assert "rows of sci: " in said.stderr and "zx" in said.stderr
        assert near.sql("SELECT count(*) FROM archive_scienceimage") == [(0,)]
        assert near.sql("SELECT count(*) FROM archive_exposure") == [(0,)]
        server.files.clear()
        near.mirror(server.address, *wish, **ME)
    assert near.sql("SELECT count(*) FROM archive_scienceimage") == [(2,)]


def test_light_curves_come_with_the_images_of_their_points(far, near, real_data, curve):
    table, place = curve
    with gate(far.address) as server:
        server.curves = table.to_csv(index=False)
        said = near.mirror(server.address, "--position", place, "--families", "ref", "--light-curves", **ME).stdout
        assert f"{len(table)} points of light curves" in said
    rows = near.sql("SELECT d.pid, d.mag, d.programid FROM lightcurves_detection d ORDER BY d.pid")
    assert [round(mag, 4) for _, mag, _ in rows] == [round(mag, 4) for mag in table.mag]
    assert [program for _, _, program in rows] == list(table.programid)
    (oid, ra, nobs) = near.sql(
        "SELECT s.oid, s.ra, t.nobs FROM lightcurves_source s JOIN lightcurves_sourcestatistics t USING (oid) "
        "ORDER BY cardinality(t.programs) DESC LIMIT 1"
    )[0]
    assert (oid, nobs) == (table.oid[0], len(table))
    assert abs(ra - table.ra.median()) < 1e-6


@pytest.fixture(scope="module")
def own_curve(far):
    """A light curve of the other archive's own: a point of its open image and one of its closed image."""
    image, oid = far.images[0], make_oid(655, 2, 13, 3, 1)
    Source.objects.create(
        oid=oid, ra=image.ra, dec=image.dec, field=655, ccdid=13, qid=3, rcid=50, fid=2, filtercode="zr",
        **factories.cells(image.ra, image.dec), **factories.PUBLIC,
    )  # fmt: skip
    one, zero = np.ones(1), np.zeros(1, int)
    for number, each in enumerate(far.images):
        points = store.Points(np.array([oid]), (17.0 + number) * one, 0.02 * one, one, 0 * one, zero, zero, zero)
        store.append(each, points)
    yield oid
    Source.objects.all().delete()
    Image.objects.all().delete()
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM lightcurves_detection")


def test_light_curves_come_from_one_of_our_servers_with_their_rights(far, near, own_curve):
    """The contract from both sides: our client asks our service, as a partner and as a visitor."""
    place = f"{far.images[0].ra} {far.images[0].dec}"
    wish = ("--position", place, "--families", "ref", "--light-curves")
    said = near.mirror(far.address, *wish, "--collection", "ztf", **ME).stdout
    assert "2 points of light curves" in said
    rows = near.sql("SELECT oid, mag, programid, public_date IS NULL FROM lightcurves_detection ORDER BY pid")
    assert rows == [(own_curve, 17.0, 1, False), (own_curve, 18.0, 2, True)]
    near.sql("TRUNCATE lightcurves_source, lightcurves_detection, lightcurves_image, archive_exposure CASCADE")
    assert "1 points of light curves" in near.mirror(far.address, *wish).stdout


def _wait_until(true, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
