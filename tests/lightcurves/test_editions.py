"""Light curves of a release in files per quadrant: as IRSA's bulk files have them, and one row a detection."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command

from archive.access.audit import Actor
from archive.access.reading import ANYONE
from archive.models import Release
from archive.releases import freeze
from archive.sandbox.readers.products import releases
from lightcurves.download import editions, hats_jobs
from lightcurves.download.editions import BULK, BULK_SCHEMA, FLAT, FLAT_SCHEMA, export
from lightcurves.hats.released import NothingToExportError
from lightcurves.storage import read, store
from lightcurves.updates import sources
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
OID = 655213300000000
NAMES = ["0/field000655/ztf_000655_zg_c13_q3_dr9.parquet", "0/field000655/ztf_000655_zr_c13_q3_dr9.parquet"]
OTHERWISE = {"filterid": "uint8", "rcid": "uint8", "hmjd": "list<item: float>", "catflags": "list<item: uint16>"}
"""What the file of DR5 at hand has instead: somebody wrote it anew, and its times lost five minutes to four bytes."""


@pytest.fixture
def release(sky):
    """Public images of ten nights in r and two in g, and five of the partnership; the release holds program 1."""
    images = [sky.image(day) for day in range(10)] + [sky.image(20 + day, 2, public=False) for day in range(5)]
    blue = [sky.image(40 + day, fid=1) for day in range(2)]
    sources.seed(images[0], sky.catalog(), None)
    sources.seed(blue[0], sky.catalog(), None)
    for image in images + blue:
        sources.add_points(image, sky.catalog())
    made = Release.objects.create(name="dr9", title="Nine", first_night=date(2020, 9, 1), last_night=date(2020, 12, 31))
    made.programs.set([1])
    return freeze(made, Actor("test"))


def files(folder) -> dict[str, pa.Table]:
    return {str(path.relative_to(folder)): pq.ParquetFile(path).read() for path in sorted(folder.rglob("*.parquet"))}


def test_bulk_files_lie_and_are_named_as_irsa_s_and_hold_the_release_s_points(release, tmp_path):
    done = export(release, tmp_path / "bulk", BULK)
    assert (done.objects, done.points, done.files) == (80, 40 * 10 + 40 * 2, 2)
    found = files(tmp_path / "bulk")
    assert list(found) == NAMES
    table = found[NAMES[1]]
    row = table.slice(table["objectid"].to_pylist().index(OID), 1).to_pylist()[0]
    curve = read.get([OID], [1]).columns
    assert (row["nepochs"], row["filterid"], row["fieldid"], row["rcid"]) == (10, 2, 655, 50)
    assert np.array_equal(np.float32(row["mag"]), curve["mag"].astype(np.float32))
    assert row["hmjd"] == pytest.approx(curve["hjd"] - store.MJD_ZERO, abs=1e-9)
    assert row["objra"] == pytest.approx(store.Source.objects.get(pk=OID).ra, abs=4e-5)


@pytest.mark.realdata
def test_bulk_files_have_the_columns_and_types_of_irsa_s(release, real_data, tmp_path):
    export(release, tmp_path / "bulk", BULK)
    theirs = pq.read_schema(real_data / "lightcurves" / "ztf_000250_zg_c01_q1_dr5.parquet")
    ours = pq.read_schema(tmp_path / "bulk" / NAMES[0])
    assert ours.names == [name for name in theirs.names if not name.startswith("__index")]
    differ = {name: str(theirs.field(name).type) for name in ours.names
              if str(theirs.field(name).type) != str(ours.field(name).type).replace("element", "item")}  # fmt: skip
    assert differ == OTHERWISE
    assert {name: str(ours.field(name).type) for name in differ} == {
        "filterid": "int8", "rcid": "int8", "hmjd": "list<element: double>", "catflags": "list<element: int32>",
    }  # fmt: skip


def test_a_flat_file_has_a_row_for_each_detection_of_the_bulk_file(release, tmp_path):
    export(release, tmp_path / "bulk", BULK)
    done = export(release, tmp_path / "flat", FLAT)
    assert (done.objects, done.points, done.files) == (80, 480, 2)
    bulk, flat = files(tmp_path / "bulk"), files(tmp_path / "flat")
    assert list(flat) == list(bulk)
    for name, table in flat.items():
        assert table.schema.equals(FLAT_SCHEMA) and bulk[name].schema.equals(BULK_SCHEMA)
        counts = bulk[name]["nepochs"].to_numpy()
        for column in ("objectid", "filterid", "fieldid", "rcid", "objra", "objdec"):
            assert np.array_equal(table[column].to_numpy(), np.repeat(bulk[name][column].to_numpy(), counts)), column
        for column in ("hmjd", "mag", "magerr", "clrcoeff", "catflags"):
            together = bulk[name][column].combine_chunks().flatten().to_numpy()
            assert np.array_equal(table[column].to_numpy(), together), column


def test_ingest_reads_what_the_bulk_edition_wrote(release, tmp_path):
    export(release, tmp_path / "bulk", BULK)
    with (tmp_path / "bulk" / NAMES[1]).open("rb") as file:
        said = releases.read(file)
        assert (said["fields"], said["channels"], said["filters"], said["points"]) == ([655], [50], [2], 400)
        part = releases.read_part(file, 0, 40)
    curve = read.get(part["objects"]["oid"].tolist(), [1])
    assert np.array_equal(part["objects"]["oid"], curve.oids) and np.array_equal(part["counts"], np.diff(curve.offsets))
    assert np.array_equal(part["points"]["mag"], curve.columns["mag"].astype(np.float32))


def test_an_order_and_the_command_refuse_an_edition_that_there_is_not(release, tmp_path):
    factories.put_release("dr9", state=Release.State.PUBLIC)
    with pytest.raises(NothingToExportError, match="edition='fits': use one of hats, objects, bulk, flat"):
        hats_jobs.order("dr9", ANYONE, edition="fits")
    with pytest.raises(CommandError, match="invalid choice: 'fits'"):
        call_command("lightcurves", "export", "dr9", str(tmp_path / "fits"), "--edition", "fits")
    assert hats_jobs.order("dr9", ANYONE, edition=FLAT).parameters == {"release": "dr9", "edition": "flat"}


def test_a_partly_written_edition_leaves_nothing(release, tmp_path, monkeypatch):
    monkeypatch.setattr(editions, "_one_row_a_detection", lambda *parts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(release, tmp_path / "flat", FLAT)
    assert not list(tmp_path.iterdir())
