"""Every real file of light curves is there for people once it was taken: with its own points, at every address."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import tables
from django.core.management import CommandError
from django.urls import reverse

from archive.models import ProductFile, ScienceImage
from lightcurves.models import Source, ToldCurve
from processing.models import ForcedPoint
from tests.lightcurves.told.conftest import MATCH, RELEASE, body, ingest, irsa, member_of, rows_of, statuses, tap

pytestmark = [pytest.mark.slow, pytest.mark.realdata, pytest.mark.django_db(databases=["default", "reader"])]
ADDRESSES = 13
SINGLE = (
    "mag", "magerr", "chi", "sharp", "limitmag", "magzp", "magzprms", "clrcoeff", "clrcounc", "exptime", "airmass",
)  # fmt: skip
"""Columns of four bytes."""


@pytest.fixture(scope="module")
def bulk(taken, real_data) -> pd.DataFrame:
    return pq.read_table(real_data / "lightcurves" / RELEASE).to_pandas()


@pytest.fixture(scope="module")
def match(taken, real_data) -> pd.DataFrame:
    with tables.open_file(real_data / "lightcurves" / MATCH) as file:
        return pd.DataFrame(np.sort(file.root.matches.sourcedata[:], order=["matchid", "mjd"]))


def test_the_command_tells_how_many_points_it_took(taken, match, real_data):
    assert "taken: 106588 light-curve points; refused: 0" in taken["release"]
    assert "taken: 336 light-curve points; refused: 0" in taken["match"]
    lines = [sum(len(path.read_text().splitlines()) - 1 for path in (real_data / folder).glob("*.csv"))
             for folder in ("lightcurves", "lightcurves2")]  # fmt: skip
    assert f"taken: {lines[0]} light-curve points; refused: 0" in taken["csv"]
    assert f"taken: {lines[1]} light-curve points; refused: 0" in taken["more csv"]
    assert f"taken: {ForcedPoint.objects.count()} forced points; refused: 0" in taken["forced"]
    paths = [*(real_data / "lightcurves").glob("*.csv"), *(real_data / "lightcurves2").glob("*.csv")]
    of_tables = {oid for path in paths for oid in pd.read_csv(path).oid.unique()}
    assert Source.objects.count() == 5449 + match.matchid.nunique() + len(of_tables)


def test_no_image_is_made_of_light_curves(taken):
    assert not ScienceImage.objects.exists()
    assert ProductFile.objects.filter(family="lc").count() == 2


def test_a_data_release_s_points_are_those_of_its_file(bulk, client):
    for row in bulk.iloc[[0, 1, 2000, 5448]].itertuples():
        found = irsa(client, ID=row.objectid)
        order = np.lexsort((row.mag, row.hmjd))
        assert len(found) == row.nepochs
        assert np.array_equal(found["hjd"], row.hmjd.astype(float)[order] + 2400000.5)
        for name in ("mag", "magerr", "clrcoeff"):
            assert np.array_equal(np.float32(found[name]), getattr(row, name)[order]), name
        assert np.array_equal(found["catflags"], row.catflags[order])
        assert set(found["filtercode"]) == {"zg"} and set(found["programid"]) == {1}
        for unknown in ("mjd", "expid", "ra", "dec", "chi", "limitmag", "filefracday"):
            assert np.all(np.isnan(np.asarray(found[unknown], float))), unknown


def test_a_data_release_s_object_is_found_everywhere(bulk, client):
    row = bulk.iloc[1]
    shown = statuses(client, row.objectid, row.objra, row.objdec)
    assert len(shown) == ADDRESSES
    counts = dict.fromkeys(("objects at the place", "objects", "object", "tap", "obscore"), 1)
    assert shown == dict.fromkeys(shown, row.nepochs) | counts
    assert "MJD" in body(client.get(reverse("object", args=[row.objectid]))).decode()
    period = client.get(reverse("object-periodogram", args=[row.objectid]), {"fmax": 3}).json()
    good = int((row.catflags == 0).sum())
    assert period["n_points"] == good
    keys = client.get(reverse("object-points", args=[row.objectid])).json()["columns"]["key"]
    flags = client.get(reverse("object-points", args=[row.objectid])).json()["columns"]["catflags"]
    left_out = next(key for key, flag in zip(keys, flags, strict=True) if flag == 0)
    asked = {"fmax": 3, "exclude": left_out}
    assert client.get(reverse("object-periodogram", args=[row.objectid]), asked).json()["n_points"] < good


def test_statistics_of_a_data_release_s_object_are_of_its_good_points(bulk, client):
    row = bulk.iloc[1]
    found = client.get(reverse("api-object", args=[row.objectid])).json()
    good = row.catflags == 0
    assert (found["nobs"], found["ngoodobs"], found["nobsrel"]) == (len(row.mag), good.sum(), 0)
    assert found["medianmag"] == pytest.approx(np.median(row.mag[good]), abs=1e-5)
    assert (found["meanra"], found["pmra"], found["refmag"]) == (None, None, None)


def test_times_choose_points_that_have_only_heliocentric_ones(bulk, client):
    row = bulk.iloc[1]
    asked = {"ID": row.objectid, "TIME": "58400 58500"}
    assert len(irsa(client, **asked)) == int(((row.hmjd >= 58400) & (row.hmjd <= 58500)).sum())


def test_a_matchfile_s_points_are_those_of_its_file(match, client):
    oid = 245210100000000
    found, mine = irsa(client, ID=oid), match[match.matchid == 0]
    assert len(found) == len(mine) > 10
    for name in ("hjd", "mjd", "expid", "catflags", "programid", "ra", "dec"):
        assert np.array_equal(found[name], mine[name]), name
    for name in ("mag", "magerr", "chi", "sharp"):
        assert np.array_equal(np.float32(found[name]), mine[name]), name
    shown = statuses(client, oid, mine.ra.iloc[0], mine.dec.iloc[0])
    assert set(shown.values()) == {len(mine), 1}
    said = client.get(reverse("api-object", args=[oid])).json()
    assert said["refmag"] == pytest.approx(said["medianmag"], abs=1.0)


def test_a_table_of_irsa_s_service_comes_back_as_it_was(taken, real_data, client):
    """Its public points to everybody, those of the partnership and of Caltech to their members."""
    for path in sorted((real_data / "lightcurves").glob("u222-z?1.csv")):
        table = pd.read_csv(path).sort_values("hjd")
        oid, open_ = int(table.oid.iloc[0]), table.programid == 1
        if not open_.any():
            assert len(irsa(client, ID=oid)) == 0
            continue
        for program in (2, 3):
            with member_of(program) as member:
                found = irsa(member, ID=oid)
                assert len(found) == (open_ | (table.programid == program)).sum()
        found, mine = irsa(client, ID=oid), table[open_]
        assert len(found) == len(mine)
        for name in ("expid", "hjd", "mjd", "catflags", "ra", "dec", "filefracday", "field", "ccdid", "qid"):
            assert np.array_equal(found[name], mine[name]), name
        for name in SINGLE:
            assert np.array_equal(np.float32(found[name]), np.float32(mine[name])), name


def test_every_table_s_object_is_found_where_its_points_are(taken, real_data, client):
    for path in [*(real_data / "lightcurves").glob("*.csv"), *(real_data / "lightcurves2").glob("*.csv")]:
        table = pd.read_csv(path)
        oid, n = int(table.oid.iloc[0]), int((table.programid == 1).sum())
        place = f"CIRCLE {table.ra.median()} {table.dec.median()} 0.0006"
        assert (irsa(client, POS=place)["oid"] == oid).sum() == n, path.name
        assert client.get(reverse("object", args=[oid])).status_code == (200 if n else 404)


def test_forced_points_are_those_of_their_file(taken, real_data, client):
    for path in sorted((real_data / "forcedphot").glob("*.txt")):
        text = path.read_text()
        ra, dec = (float(text.split(f"input {axis} = ")[1].split()[0]) for axis in ("R.A.", "Dec."))
        names = next(line for line in text.splitlines() if line.startswith(" index,")).replace(" ", "").split(",")
        rows = [line.split() for line in text.splitlines() if line.startswith(" ") and "index" not in line]
        table = pd.DataFrame(rows, columns=names)
        public = table[table.programid == "1"].assign(jd=lambda one: one.jd.astype(float)).sort_values("jd")
        asked = {"position": f"{ra} {dec}"}
        points = client.get(reverse("api-forced-points"), asked).json()["points"]
        assert [one["pid"] for one in points] == public.pid.astype(int).tolist(), path.name
        shown = rows_of(client.get(reverse("forced-points"), asked | {"format": "csv"}))
        assert np.array_equal(shown["pid"], public.pid.astype(int))
        errors = public.forcediffimfluxunc.replace("null", "nan").astype(float)
        assert np.array_equal(shown["forcediffimfluxunc"], errors, equal_nan=True)
        page = client.get(reverse("forced-points"), asked)
        assert page.context["count"] == len(public) and str(public.pid.iloc[0]) in page.content.decode()
        first, row = points[0], public.iloc[0]
        unit = 10 ** (-0.4 * (float(row.zpdiff) - 23.9))
        assert first["flux"] == pytest.approx(float(row.forcediffimflux) * unit)
        assert (first["jd"], first["filtercode"], first["job"]) == (row.jd, f"z{row['filter'][-1]}", None)
        with member_of(2) as member:
            seen = member.get(reverse("api-forced-points"), asked).json()["count"]
        assert seen == table.programid.isin(["1", "2"]).sum()
        query = f"SELECT * FROM ztf.ztf_forced_points WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, 0.0003))"
        found = tap(client, query)
        found.sort("jd")
        assert np.array_equal(found["pid"], public.pid.astype(int))
        assert np.array_equal(found["forcediffimfluxunc"], errors, equal_nan=True)


def test_taking_everything_again_changes_nothing(taken, real_data):
    def state():
        models = (ToldCurve, Source, ForcedPoint, ProductFile)
        passing = {"id", "stored_as", "changed"}
        columns = [{field.name for field in model._meta.concrete_fields} - passing for model in models]
        order = ("oid", "oid", "pid", "path")
        return [
            [
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in model.objects.order_by(by, "programid").values_list(*sorted(names))
            ]
            for model, names, by in zip(models, columns, order, strict=True)
        ]

    before = state()
    paths = [real_data / "lightcurves" / MATCH, *(real_data / "lightcurves").glob("u222*.csv")]
    ingest(real_data / "lightcurves" / RELEASE, *paths, real_data / "forcedphot" / "22jpx_fp_lc.txt", "--public")
    assert state() == before


def test_points_by_times_and_points_by_exposures_are_not_mixed(bulk, real_data, tmp_path):
    """Nobody can tell which of them are one."""
    oid = int(bulk.objectid.iloc[1])
    table = pd.read_csv(real_data / "lightcurves" / "u222-zg1.csv").iloc[:3]
    table = table.assign(oid=oid, field=250, ccdid=1, qid=1, ra=bulk.objra.iloc[1], dec=bulk.objdec.iloc[1])
    path = tmp_path / "mixed.csv"
    table.to_csv(path, index=False)
    with pytest.raises(CommandError, match="1 files were not taken"):
        ingest(path)
    assert ToldCurve.objects.get(oid=oid).nobs == bulk.nepochs.iloc[1]


def test_a_votable_and_an_ipac_table_are_taken_as_the_csv_is(taken, real_data, client, tmp_path):
    """The answer of our own IRSA address, ingested again, gives the same points."""
    oid = int(pd.read_csv(real_data / "lightcurves" / "u222-zr1.csv").oid.iloc[0])
    before = irsa(client, ID=oid)
    for form, ending in (("VOTABLE", "xml"), ("IPAC_TABLE", "tbl")):
        path = tmp_path / f"points.{ending}"
        path.write_bytes(body(client.get("/cgi-bin/ZTF/nph_light_curves", {"ID": oid, "FORMAT": form})))
        assert f"taken: {len(before)} light-curve points" in ingest(path)
        again = irsa(client, ID=oid)
        assert len(again) == len(before)
        assert np.allclose(again["hjd"], before["hjd"], rtol=0, atol=1e-8)
        assert np.array_equal(np.float32(again["mag"]), np.float32(before["mag"]))
