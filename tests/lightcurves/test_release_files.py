"""Files of a public release as IRSA's: HATS collections that hats and LSDB read, bulk files, renewed and served."""

import csv
import io
from datetime import date

import astropy.units as u
import lsdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import Latitude, Longitude
from cdshealpix import nested
from hats.io.skymap import read_skymap
from hats.io.validation import is_valid_collection

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from archive.releases.actions import publish
from lightcurves.download import served
from lightcurves.download.tree import md5_of
from lightcurves.hats.partitions import LAST_ORDER
from lightcurves.storage import store
from lightcurves.tables.tap import FOR_TAP
from lightcurves.updates import sources, statistics
from tests.lightcurves.starsky import CENTRE, FIELD, RCID

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ADMIN = Actor.on_this_machine()
MOST = 8  # objects in a partition
APART = 3 / 3600  # deg, of two stars on two sides of a border


def make(name: str, last: date) -> Release:
    made = Release.objects.create(name=name, title=name.upper(), first_night=date(2020, 9, 1), last_night=last)
    made.programs.set([1])
    freeze(made, ADMIN)
    publish(Release.objects.get(pk=name), ADMIN)
    return Release.objects.get(pk=name)


def border() -> np.ndarray:
    """A position on the border of the smallest pixel at the sky's centre, in the middle of a side."""
    number = nested.lonlat_to_healpix(Longitude([CENTRE[0]] * u.deg), Latitude([CENTRE[1]] * u.deg), LAST_ORDER)
    lon, lat = nested.vertices(number, LAST_ORDER, 1)
    return np.array([lon.deg[0, :2].mean(), lat.deg[0, :2].mean()])


@pytest.fixture(scope="module")
def tree(committed, django_db_blocker, tmp_path_factory):
    """A public release of six nights in r, of five hundred stars, two of them near each other across a border."""
    with django_db_blocker.unblock():
        sky = type(committed)(500)
        at = border()
        sky.ra[:2], sky.dec[:2] = at[0] + np.array([-0.5, 0.5]) * APART, at[1]
        images = [sky.image(day) for day in range(6)]
        images += [sky.image(20 + day, programid=2, public=False) for day in range(3)]
        sources.seed(images[0], sky.catalog(), None)
        for image in images:
            sources.add_points(image, sky.catalog())
        store.compact(images[3].nid)
        statistics.refresh(FIELD, RCID, 2)
        made = make("dr1", date(2020, 9, 15))
        written = served.write("dr1", most=MOST)
        yield made, sky, written


def hats(name: str = "dr1", kind: str = "lc"):
    return served.place_of(name, served.HATS, f"{kind}/hats")


def tap(client, query: str) -> pd.DataFrame:
    answer = client.get("/tap/sync", {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "FORMAT": "csv"})
    text = answer.getvalue().decode()
    assert answer.status_code == 200, text
    return pd.read_csv(io.StringIO(text))


def points(client, oid: int, collection: str = "ztf_dr1") -> list[dict]:
    """The points that the light-curve service gives, in columns of the files."""
    answer = client.get("/cgi-bin/ZTF/nph_light_curves", {"ID": oid, "COLLECTION": collection, "FORMAT": "csv"})
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


@pytest.mark.client("hats", "is_valid_collection", "read_skymap")
@pytest.mark.client("lsdb", "open_catalog, collections")
@pytest.mark.parametrize(("kind", "column"), [("lc", "objectid"), ("objects", "oid")])
def test_hats_takes_each_collection_for_a_valid_one(tree, kind, column):
    folder = hats(kind=kind)
    name = f"ztf_dr1_{kind}-hats"
    assert sorted(path.name for path in folder.iterdir()) == [
        "collection.properties", name, f"{name}_index", f"{name}_margin"
    ]  # fmt: skip
    assert is_valid_collection(folder, strict=True)
    catalog = lsdb.open_catalog(folder)
    assert len(catalog) == 500 and catalog.npartitions > 20
    assert list(catalog.hc_collection.all_indexes) == [column]
    assert catalog.hc_collection.get_margin_thresholds() == {f"{name}_margin": 10.0}
    told = pq.read_schema(folder / name / "dataset" / "_common_metadata")
    assert all(field.metadata[b"description"] for field in told)
    assert catalog.hc_structure.catalog_info.skymap_order == 8
    assert read_skymap(catalog.hc_structure, None).sum() == 500
    for line in (folder / name / "md5sums.txt").read_text().splitlines():
        md5, path = line.split()
        assert md5 == md5_of(folder / name / path)


@pytest.mark.client("lsdb", "Catalog.cone_search")
def test_a_cone_holds_the_objects_of_tap_and_the_points_of_the_service(tree, client):
    _, sky, _ = tree
    cone = f"1 = CONTAINS(POINT(ra, dec), CIRCLE({sky.ra[0]}, {sky.dec[0]}, 0.05))"
    expected = tap(client, f"SELECT oid, ra, dec, fid, field, rcid FROM ztf.ztf_objects_dr1 WHERE {cone} ORDER BY oid")
    found = lsdb.open_catalog(hats(), columns="all").cone_search(sky.ra[0], sky.dec[0], 0.05 * 3600).compute()
    found = found.sort_values("objectid")
    assert len(expected) > 5 and found["objectid"].tolist() == expected["oid"].tolist()
    for ours, theirs in (("filterid", "fid"), ("fieldid", "field"), ("rcid", "rcid")):
        assert found[ours].tolist() == expected[theirs].tolist()
    np.testing.assert_allclose(found["objra"], expected["ra"], atol=4e-5)
    for row in found.itertuples():
        told = points(client, row.objectid)
        assert row.nepochs == len(told) == 6
        curve = row.lightcurve.sort_values("hmjd")
        told.sort(key=lambda one: float(one["hjd"]))
        np.testing.assert_allclose(curve["hmjd"], [float(one["hjd"]) - 2400000.5 for one in told], atol=2e-8)
        for name in ("mag", "magerr", "clrcoeff"):
            np.testing.assert_allclose(curve[name], [float(one[name]) for one in told], rtol=3e-6)
        assert curve["catflags"].tolist() == [int(one["catflags"]) for one in told]


@pytest.mark.client("lsdb", "Catalog.id_search")
def test_an_index_search_gives_the_rows_of_these_numbers(tree, client):
    numbers = tap(client, "SELECT TOP 7 oid FROM ztf.ztf_objects_dr1 ORDER BY dec")["oid"].tolist()
    for kind, column in (("lc", "objectid"), ("objects", "oid")):
        found = lsdb.open_catalog(hats(kind=kind)).id_search(values={column: numbers}).compute()
        assert sorted(found[column].tolist()) == sorted(numbers)
        assert len(lsdb.open_catalog(hats(kind=kind)).id_search(values={column: [1]}).compute()) == 0


@pytest.mark.client("lsdb", "Catalog.compute, objects")
def test_the_objects_are_the_rows_of_tap_column_by_column(tree, client):
    expected = tap(client, "SELECT * FROM ztf.ztf_objects_dr1 ORDER BY oid")
    found = lsdb.open_catalog(hats(kind="objects"), columns="all").compute().sort_values("oid")
    assert list(found.columns) == [column.name for column in FOR_TAP.columns] == list(expected.columns)
    for column in FOR_TAP.columns:
        if column.datatype == "char":
            assert found[column.name].tolist() == expected[column.name].tolist()
            continue
        ours = found[column.name].astype("float64").to_numpy(na_value=np.nan)
        np.testing.assert_allclose(ours, expected[column.name].to_numpy(dtype=float), rtol=1e-6, err_msg=column.name)


@pytest.mark.client("lsdb", "Catalog.crossmatch")
def test_a_crossmatch_finds_stars_across_the_borders_of_partitions(tree, client):
    _, sky, _ = tree
    catalog = lsdb.open_catalog(hats())
    # Each star is asked for a little away from it: the first two across the border, where the margin has them.
    ra = np.concatenate([sky.ra[[1, 0]], sky.ra[2:100]])
    dec = np.concatenate([sky.dec[[1, 0]], sky.dec[2:100] + 1 / 3600])
    mine = lsdb.from_dataframe(pd.DataFrame({"number": range(100), "ra": ra, "dec": dec}), ra_column="ra",
                               dec_column="dec", lowest_order=LAST_ORDER, highest_order=LAST_ORDER)  # fmt: skip
    matched = mine.crossmatch(catalog, radius_arcsec=5, n_neighbors=5, suffixes=("", "_ztf")).compute()
    pairs = sorted(zip(matched["number"].tolist(), matched["objectid_ztf"].tolist(), strict=True))
    expected = []
    for number in range(100):
        near = f"1 = CONTAINS(POINT(ra, dec), CIRCLE({ra[number]}, {dec[number]}, {5 / 3600}))"
        rows = tap(client, f"SELECT oid FROM ztf.ztf_objects_dr1 WHERE {near}")
        expected += [(number, oid) for oid in rows["oid"]]
    assert pairs == sorted(expected) and len([one for one in pairs if one[0] < 2]) == 4
