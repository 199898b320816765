"""Matchfiles: the layout of ZTF's own, the points of the store, and nothing that its readers may not see."""

import tarfile

import numpy as np
import pytest
import tables
from django.core.management import call_command

from archive.access.reading import ANYONE, Reader, reading
from archive.models import UserJob
from archive.products import bundles
from lightcurves.download import matchfile_jobs
from lightcurves.download.matchfiles import NoMatchfileError, Place, write
from lightcurves.models import Source
from lightcurves.storage import read
from lightcurves.updates import statistics
from tests.lightcurves.starsky import CCDID, CLOSED_NIGHTS, FIELD, OPEN_NIGHTS, QID, RCID, SIX_STARS

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
OID = 655213300000000
PLACE = Place(FIELD, CCDID, QID, 2)
REAL = "lightcurves/ztf_000245_zr_c10_q1_match.pytable"


@pytest.fixture(scope="module")
def stars(six_stars, django_db_blocker):
    """The first two stars are of a reference and have a colour, the others are not."""
    with django_db_blocker.unblock():
        Source.objects.filter(pk__in=[OID, OID + 1]).update(rfid=655120250, refmag=15.0, colour=0.5)
        statistics.refresh(FIELD, RCID, 2)
        return six_stars


def written(folder, programs=()):
    path = folder / f"{len(programs)}.pytable"
    with reading(Reader(frozenset(programs)) if programs else ANYONE):
        done = write(PLACE, path)
    with tables.open_file(path) as file:
        return done, {node.name: node.read() for node in file.root.matches}


def test_names_types_titles_and_attributes_are_those_of_a_real_file(stars, real_data, tmp_path):
    with reading(ANYONE):
        write(PLACE, tmp_path / PLACE.name)
    assert PLACE.name == "ztf_000655_zr_c13_q3_match.pytable"
    with tables.open_file(tmp_path / PLACE.name) as ours, tables.open_file(real_data / REAL) as theirs:
        assert {node.name for node in ours.root.matches} == {node.name for node in theirs.root.matches}
        for node in theirs.root.matches:
            mine = ours.get_node(f"/matches/{node.name}")
            assert mine.dtype == node.dtype, node.name
            assert mine.title.split()[-2:] == node.title.split()[-2:]
        names = set(theirs.root.matches._v_attrs._v_attrnamesuser)
        assert set(ours.root.matches._v_attrs._v_attrnamesuser) == names
        for name in names:
            assert type(ours.root.matches._v_attrs[name]) is type(theirs.root.matches._v_attrs[name]), name
        assert set(ours.root.matches.sourcedata.attrs._v_attrnamesuser) == set("ABCD")


def test_the_public_edition_holds_what_everybody_may_see(stars, tmp_path):
    done, found = written(tmp_path)
    assert (done.exposures, done.objects, done.points) == (OPEN_NIGHTS, SIX_STARS, SIX_STARS * OPEN_NIGHTS)
    for name in ("exposures", "sourcedata", "transientdata"):
        assert set(found[name]["programid"]) == {1}
    assert sorted(found["sources"]["matchid"]) == [0, 1] and sorted(found["transients"]["matchid"]) == [2, 3, 4, 5]
    assert set(found["sources"]["nobs"]) == {OPEN_NIGHTS}
    assert found["exposures"]["nsources"].tolist() == [2] * OPEN_NIGHTS
    assert found["exposures"]["ntransients"].tolist() == [SIX_STARS - 2] * OPEN_NIGHTS
    assert set(found["sourcedata"]["expid"]) == set(found["exposures"]["expid"])


def test_the_partnership_s_edition_holds_their_points_and_statistics_too(stars, tmp_path):
    done, found = written(tmp_path, (2,))
    assert done.points == SIX_STARS * (OPEN_NIGHTS + CLOSED_NIGHTS)
    assert set(found["sources"]["nobs"]) == {OPEN_NIGHTS + CLOSED_NIGHTS}
    assert sorted(found["exposures"]["programid"]) == [1] * OPEN_NIGHTS + [2] * CLOSED_NIGHTS


def test_points_are_those_of_the_store_and_fluxes_what_was_measured(stars, tmp_path):
    _, found = written(tmp_path)
    points = found["sourcedata"][found["sourcedata"]["matchid"] == 0]
    columns = read.get([OID], [1]).columns
    for name in ("mjd", "hjd", "ra", "dec", "expid", "catflags"):
        np.testing.assert_array_equal(points[name], columns[name])
    for name in ("mag", "magerr", "chi", "sharp"):
        np.testing.assert_allclose(points[name], columns[name], rtol=1e-6)
    measured = columns["mag"] + columns["dzp"] - columns["clrcoeff"] * 0.5
    np.testing.assert_allclose(points["psfflux"], 10 ** (-0.4 * (measured - 26.0)), rtol=1e-5)
    np.testing.assert_allclose(points["psffluxerr"] / points["psfflux"], points["magerr"] / 1.0857, rtol=1e-4)
    np.testing.assert_allclose(points["magerrmodel"], points["magerr"], rtol=0.02)  # all have the same
    source = found["sources"][0]
    assert source["ra"] == Source.objects.get(pk=OID).ra
    np.testing.assert_allclose(np.sqrt(source["x"] ** 2 + source["y"] ** 2 + source["z"] ** 2), 1)
    mean = np.mean(columns["mag"][columns["catflags"] == 0])
    assert source["meanmag"] == pytest.approx(mean, abs=1e-4)


def test_a_place_without_points_gives_no_file(stars, tmp_path):
    with reading(ANYONE), pytest.raises(NoMatchfileError, match="no light curves of this place that you may see"):
        write(Place(FIELD, CCDID, QID, 3), tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_each_filter_of_a_quadrant(stars, tmp_path, capsys):
    call_command("lightcurves", "matchfile", str(FIELD), str(CCDID), str(QID), str(tmp_path), "--programs", "2")
    said = capsys.readouterr()
    assert f"ztf_000655_zr_c13_q3_match.pytable: {OPEN_NIGHTS + CLOSED_NIGHTS} exposures" in said.out
    assert "zi_c13_q3_match.pytable: there are no light curves" in said.err
    assert sorted(path.name[11:13] for path in tmp_path.iterdir()) == ["zg", "zr"]


@pytest.mark.parametrize(("edition", "points"), [("mine", OPEN_NIGHTS + CLOSED_NIGHTS), ("public", OPEN_NIGHTS)])
def test_a_job_of_a_partner_holds_their_edition_or_the_public_one(stars, partner, client, edition, points):
    client.force_login(partner)
    asked = {"field": FIELD, "ccdid": CCDID, "qid": QID, "filtercode": "zr", "edition": edition}
    made = client.post("/api/matchfiles/", asked)
    assert made.status_code == 201, made.content
    job = UserJob.objects.get(pk=made.json()["id"])
    matchfile_jobs.make(job.pk)
    job.refresh_from_db()
    assert (job.phase, job.message) == ("COMPLETED", f"1 matchfiles, {SIX_STARS} objects, {SIX_STARS * points} points")
    with tarfile.open(bundles.result_path(job)) as tar:
        assert tar.getnames() == [PLACE.name]
    job.delete()


def test_the_page_orders_them_and_names_what_is_wrong(stars, client):
    assert client.post("/objects/matchfiles", {"field": FIELD, "ccdid": CCDID, "qid": QID}).status_code == 302
    wrong = client.post("/objects/matchfiles", {"field": FIELD, "ccdid": 17, "qid": QID})
    assert wrong.status_code == 400 and b"ccdid=" in wrong.content
    assert client.post("/api/matchfiles/", {"field": 655}).status_code == 400
    UserJob.objects.all().delete()
