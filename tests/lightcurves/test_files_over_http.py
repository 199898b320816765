"""Files of a release over HTTP: IRSA's tutorial of its light curves in HATS, and wget."""

import hashlib
import subprocess
from datetime import date

import fsspec
import lsdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from django.db import connections

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from archive.releases.actions import publish
from lightcurves.download import served
from tests import servers
from tests.lightcurves.starsky import OPEN_NIGHTS, SIX_STARS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
ADMIN = Actor.on_this_machine()


@pytest.fixture(scope="module")
def top(six_stars, django_db_blocker, tmp_path_factory):
    """Where a portal serves the files of a release of eight nights in r."""
    with django_db_blocker.unblock():
        made = Release.objects.create(
            name="dr1", title="One", first_night=date(2020, 9, 1), last_night=date(2020, 9, 30)
        )
        made.programs.set([1])
        freeze(made, ADMIN)
        publish(Release.objects.get(pk="dr1"), ADMIN)
        served.write("dr1", most=2)
        connections.close_all()
        with servers.portal(tmp_path_factory.mktemp("portal")) as address:
            yield address


@pytest.mark.client("lsdb", "open_catalog over HTTP, cone search, id_search")
def test_irsas_tutorial_of_light_curves_runs_on_the_served_files(top, six_stars, monkeypatch):
    """The steps of "Access ZTF DR24 Light Curves from HATS Catalog", with another beginning of the addresses."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    lc, objects = (f"{top}/ztf/enhanced/dr1/{kind}/hats" for kind in ("lc", "objects"))
    files = fsspec.filesystem("http")
    listed = {path.rstrip("/").rpartition("/")[2] for path in files.ls(f"{lc}/", detail=False)}
    name = "ztf_dr1_lc-hats"
    assert {"collection.properties", name, f"{name}_index", f"{name}_margin"} <= listed
    schema = pq.read_schema(f"{lc}/{name}/dataset/_common_metadata", filesystem=files)
    told = {field.name: field.metadata[b"unit"].decode() for field in schema if b"description" in field.metadata}
    assert told["objra"] == "deg" and set(schema.names) == set(told)
    columns = ["objectid", "objra", "objdec", "filterid", "nepochs", "lightcurve"]
    catalog = lsdb.open_catalog(lc, columns=columns)
    column = next(iter(catalog.hc_collection.all_indexes))
    numbers = [655213300000000, 655213300000003]
    by_number = catalog.id_search(values={column: numbers}).compute()
    assert sorted(by_number["objectid"].tolist()) == numbers
    assert by_number["lightcurve"].iloc[0].query("catflags >= 0")["hmjd"].between(59000, 60000).sum() == OPEN_NIGHTS
    cone = lsdb.ConeSearch(ra=six_stars.ra[2], dec=six_stars.dec[2], radius_arcsec=1)
    near = lsdb.open_catalog(lc, search_filter=cone, columns=columns, filters=[["nepochs", ">", 5]]).compute()
    assert near["objectid"].tolist() == [655213300000002]
    asked = ["oid", "ra", "dec", "filtercode", "ngoodobsrel", "chisq", "magrms", "meanmag", "medianabsdev"]
    known = lsdb.open_catalog(objects, search_filter=cone, columns=asked).compute()
    combined = near.merge(known, left_on="objectid", right_on="oid", how="inner")
    assert combined["filtercode"].tolist() == ["zr"] and combined["meanmag"].between(14, 18).all()


@pytest.mark.client("lsdb", "crossmatch over HTTP")
def test_a_catalog_over_http_is_matched_with_one_s_own(top, six_stars, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    mine = lsdb.from_dataframe(
        pd.DataFrame({"number": range(SIX_STARS), "ra": six_stars.ra, "dec": six_stars.dec}),
        ra_column="ra",
        dec_column="dec",
    )
    catalog = lsdb.open_catalog(f"{top}/ztf/enhanced/dr1/lc/hats")
    found = mine.crossmatch(catalog, radius_arcsec=1, suffixes=("", "_ztf")).compute()
    pairs = sorted(zip(found["number"].tolist(), found["objectid_ztf"].tolist(), strict=True))
    assert pairs == [(number, 655213300000000 + number) for number in range(SIX_STARS)]


@pytest.mark.client("wget", "-r of a release's field", "-c of its files")
def test_wget_mirrors_a_field_and_md5sum_finds_it_whole(top, tmp_path):
    mirror = ["wget", "-q", "-e", "robots=off", "-r", "-np", "-nH", "-R", "index.html*", "--no-proxy"]
    subprocess.run([*mirror, f"{top}/data/ZTF/lc/lc_dr1/0/field000655/"], cwd=tmp_path, check=True, timeout=60)
    sums = ["wget", "-q", "--no-proxy", f"{top}/data/ZTF/lc/lc_dr1/checksums.md5"]
    folder = tmp_path / "data" / "ZTF" / "lc" / "lc_dr1"
    subprocess.run(sums, cwd=folder, check=True, timeout=60)
    subprocess.run(["md5sum", "-c", "--quiet", "checksums.md5"], cwd=folder, check=True)
    (file,) = folder.rglob("*.parquet")
    assert pq.ParquetFile(file).read(["nepochs"])[0].to_pylist() == [OPEN_NIGHTS] * SIX_STARS
    whole, half = file.read_bytes(), folder / "half.parquet"
    half.write_bytes(whole[:1000])
    path = file.relative_to(tmp_path)
    subprocess.run(["wget", "-q", "-c", "--no-proxy", "-O", half, f"{top}/{path}"], check=True, timeout=60)
    assert hashlib.md5(half.read_bytes()).digest() == hashlib.md5(whole).digest()
