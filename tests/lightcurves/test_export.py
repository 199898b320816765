"""Light curves of a release as HATS Parquet, as LSDB and DuckDB read them."""

import subprocess
import sys
from datetime import date

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from hats.io.validation import is_valid_catalog

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from archive.survey.times import MJD_ZERO
from lightcurves.hats.collection import export
from lightcurves.hats.released import NothingToExportError
from lightcurves.storage import read, store
from lightcurves.updates import sources

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
OID = 655213300000000


@pytest.fixture
def release(sky):
    """Public images of ten nights, half of them packed, and five of the partnership; the release holds program 1."""
    images = [sky.image(day) for day in range(10)]
    images += [sky.image(20 + day, programid=2, public=False) for day in range(5)]
    sources.seed(images[0], sky.catalog(), None)
    for image in images:
        sources.add_points(image, sky.catalog())
    store.compact(images[5].nid)
    made = Release.objects.create(name="dr9", title="Nine", first_night=date(2020, 9, 1), last_night=date(2020, 12, 31))
    made.programs.set([1])
    return freeze(made, Actor("test"))


def test_an_export_holds_the_releases_points_and_no_other(release, tmp_path):
    done = export(release, tmp_path / "dr9")
    assert (done.objects, done.points, done.files) == (40, 400, 1)
    (file,) = (tmp_path / "dr9" / "ztf_dr9_lc-hats").rglob("Npix=*.parquet")
    table = pq.read_table(file)
    assert table.column("nepochs").to_pylist() == [10] * 40
    row = table.slice(table.column("objectid").to_pylist().index(OID), 1).to_pylist()[0]
    curve = read.get([OID], programs=[1])
    assert row["lightcurve"]["mag"] == pytest.approx(curve.columns["mag"], abs=1e-5)
    assert row["lightcurve"]["hmjd"] == pytest.approx(curve.columns["hjd"] - MJD_ZERO, abs=1e-9)
    assert np.all(np.diff(table.column("_healpix_29").to_numpy()) >= 0)
    assert [path.name for path in tmp_path.iterdir()] == ["dr9"]


@pytest.mark.client("lsdb", "open_catalog", "Catalog.cone_search")
def test_lsdb_opens_an_export_and_answers_a_cone(release, tmp_path):
    import lsdb  # takes seconds, which no process waits for that runs other tests

    export(release, tmp_path / "dr9")
    catalog = lsdb.open_catalog(tmp_path / "dr9")
    assert len(catalog) == 40
    source = store.Source.objects.get(pk=OID)
    found = catalog.cone_search(source.ra, source.dec, 2).compute()
    assert found["objectid"].tolist() == [OID]
    assert found["lightcurve"].iloc[0]["mag"].mean() == pytest.approx(read.get([OID], [1]).columns["mag"].mean())


@pytest.mark.client("hats", "read_hats", "is_valid_catalog")
def test_hats_reads_and_validates_an_export(release, tmp_path):
    import hats

    export(release, tmp_path / "dr9")
    made = tmp_path / "dr9" / "ztf_dr9_lc-hats"
    catalog = hats.read_hats(made)
    assert len(catalog) == 40 and catalog.catalog_info.catalog_type == "object"
    assert is_valid_catalog(made, strict=True, verbose=False)


def test_duckdb_scans_an_export(release, tmp_path):
    export(release, tmp_path / "dr9")
    files = f"{tmp_path}/dr9/ztf_dr9_lc-hats/dataset/*/*/*.parquet"
    query = f"SELECT sum(nepochs), avg(list_avg(lightcurve.mag)) FROM read_parquet('{files}')"
    ((count, mean),) = duckdb.sql(query).fetchall()
    assert count == 400 and 15 < mean < 18


def test_an_export_is_written_once_and_a_failed_one_leaves_nothing(release, tmp_path, monkeypatch):
    monkeypatch.setattr("lightcurves.hats.collection._describe", lambda *parts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(release, tmp_path / "dr9")
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    export(release, tmp_path / "dr9")
    with pytest.raises(FileExistsError, match="written once"):
        export(release, tmp_path / "dr9")


def test_a_release_of_other_families_has_nothing_to_export(release, tmp_path):
    release.families = ["sci"]
    with pytest.raises(NothingToExportError, match="families without light curves"):
        export(release, tmp_path / "dr9")


def test_the_command_names_an_unknown_release(db, tmp_path):
    with pytest.raises(CommandError, match="release='dr0': there is no such release"):
        call_command("lightcurves", "export", "dr0", str(tmp_path / "dr0"))


@pytest.mark.client("lsdb", "open_catalog on Dask")
@pytest.mark.slow
def test_lsdb_on_a_dask_cluster_answers_a_question(release, tmp_path):
    export(release, tmp_path / "dr9")
    source = store.Source.objects.get(pk=OID)
    script = [sys.executable, "deploy/lsdb_on_dask.py", str(tmp_path / "dr9"), str(source.ra), str(source.dec)]
    done = subprocess.run(
        [*script, "--radius", "2", "--workers", "1"], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    header, row = done.stdout.split()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert (values["objectid"], values["nepochs"]) == (str(OID), "10")
    assert float(values["meanmag"]) == pytest.approx(read.get([OID], [1]).columns["mag"].mean(), abs=1e-4)
