"""Reference catalogs: names as archives give them, tiles that cover a region, fetching that can be resumed."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.ingest.reference_catalogs import refcats, servers
from archive.ingest.reference_catalogs.refcats import BadCatalogError
from archive.models import GaiaStar, PanstarrsStar, RefcatTile
from archive.survey.tiles import tile, tiles_covering
from deploy.machine import free_port
from tests.archive.sandbox.bombs import BOMBS
from tests.rights.hostile import votable

HASTE = servers.RetryPolicy(pauses=())
REGION = (55.0, 33.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 359.99), st.floats(-90, 90), st.floats(0.05, 8), st.sampled_from([5, 6]), st.integers(0, 2**31))
def test_every_point_of_a_region_lies_in_a_tiles_circle(ra, dec, radius, depth, seed):
    tiles = tiles_covering(ra, dec, radius, depth)
    points = _points_in_cone(np.random.default_rng(seed), ra, dec, radius, 300)
    centres = _vectors(np.array([one.ra for one in tiles]), np.array([one.dec for one in tiles]))
    angles = np.degrees(np.arccos(np.clip(points @ centres.T, -1, 1)))
    assert (angles <= np.array([one.radius for one in tiles])).any(axis=1).all()


def _vectors(ra, dec):
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def _points_in_cone(rng, ra, dec, radius, count):
    """Unit vectors spread evenly over a cone, edge included."""
    axis = _vectors(ra, dec)
    height = rng.uniform(np.cos(np.radians(radius)), 1, count)
    height[: count // 4] = np.cos(np.radians(radius * (1 - 1e-9)))
    angle = rng.uniform(0, 2 * np.pi, count)
    first = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    flat = np.sqrt(1 - height**2)[:, None] * (np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second)
    return height[:, None] * axis + flat


def test_a_field_takes_few_enough_tiles_to_ask_for_each():
    ra, dec, radius = servers.region_of_field(655)
    assert 5.0 < radius < 5.6  # the focal plane's corners
    assert len(tiles_covering(ra, dec, radius, 5)) < 60
    assert max(one.radius for one in tiles_covering(ra, dec, radius, 5)) < 1.8


def test_the_question_to_gaia_names_region_and_limit():
    query = servers.gaia_query(tile(100, 5), 20.5)
    assert "CIRCLE('ICRS', " in query
    assert query.endswith("AND phot_g_mean_mag < 20.5")
    assert "FROM gaiadr3.gaia_source" in query


@pytest.mark.django_db
class TestTables:
    def test_gaia_as_its_archive_answers(self):
        table = Table({"SOURCE_ID": [1, 2], "ra": [10.0, 360.0 - 1e-9], "dec": [1.0, 2.0]})
        table["pmra"] = MaskedColumn([1.5, 0.0], mask=[False, True])
        table["phot_g_mean_mag"] = [15.0, 16.0]
        assert refcats.store("gaia", refcats.frame_of(table)) == 2
        assert list(GaiaStar.objects.order_by("pk").values_list("pmra", flat=True)) == [1.5, None]

    @pytest.mark.parametrize(
        "columns",
        [
            {"objID": "objid", "raMean": "ra", "decMean": "dec", "gMeanPSFMag": "g", "gMeanPSFMagErr": "e"},
            {"objID": "objid", "RAJ2000": "ra", "DEJ2000": "dec", "gmag": "g", "e_gmag": "e"},
            {"objid": "objid", "ra": "ra", "dec": "dec", "gmag": "g", "gmagerr": "e"},
        ],
    )
    def test_pan_starrs_as_mast_and_vizier_and_we_name_it(self, columns):
        values = {"objid": [2**60 + 1, 5], "ra": [1.0, 2.0], "dec": [3.0, 4.0], "g": [18.5, -999.0], "e": [0.01, -999]}
        table = pd.DataFrame({name: values[what] for name, what in columns.items()})
        assert refcats.store("panstarrs", table) == 2
        first, second = PanstarrsStar.objects.order_by("-pk")
        assert (first.objid, first.gmag, first.gmagerr) == (2**60 + 1, 18.5, 0.01)
        assert second.gmag is None

    def test_scores_go_to_stars_that_are_known(self):
        PanstarrsStar.objects.create(objid=7, ra=1, dec=2)
        scores = pd.DataFrame({"objid": [7, 8], "ps_score": [0.98, 0.5]})
        assert refcats.store("psc", scores) == 1
        assert PanstarrsStar.objects.get().sgscore == 0.98

    def test_a_score_that_is_none_is_refused(self):
        with pytest.raises(BadCatalogError, match="objid=7: score 3"):
            refcats.store("psc", pd.DataFrame({"objid": [7], "sgscore": [3.0]}))

    def test_a_missing_column_is_named_with_what_archives_call_it(self):
        with pytest.raises(BadCatalogError, match=r"no column objid \(objid, obj_id.*PanstarrsStar needs"):
            refcats.store("panstarrs", pd.DataFrame({"ra": [1.0], "dec": [2.0]}))

    def test_files_are_loaded_by_the_command(self, tmp_path, capsys):
        table = Table({"objID": [1], "raMean": [10.0], "decMean": [1.0], "ps_score": [0.9]})
        table.write(tmp_path / "ps1.fits")
        pd.DataFrame({"objid": [1], "ps_score": [0.2]}).to_csv(tmp_path / "psc.csv")
        call_command("refcat", "load", "panstarrs", str(tmp_path / "ps1.fits"))
        call_command("refcat", "load", "psc", str(tmp_path / "psc.csv"))
        assert PanstarrsStar.objects.get().sgscore == 0.2


class TestAnswers:
    def test_a_server_s_table_is_read_in_the_sandbox_with_its_gaps(self):
        table = Table({"source_id": [2**60 + 1, 2], "ra": [10.0, 11.0]})
        table["pmra"] = MaskedColumn([1.5, 0.0], mask=[False, True])
        content = io.BytesIO()
        table.write(content, format="votable")
        found = servers.table_of(content.getvalue())
        assert found.source_id.tolist() == [2**60 + 1, 2]
        assert found.pmra[0] == 1.5 and np.isnan(found.pmra[1])

    @pytest.mark.parametrize("content", [b"", b"<html>down</html>", votable("BINARY", "file:///etc/passwd"),
                                         BOMBS["VOTable: nrows"]()])  # fmt: skip
    def test_what_is_no_table_or_a_hostile_one_counts_as_no_answer(self, content):
        with pytest.raises(ConnectionError, match="no table came: "):
            servers.table_of(content)


@pytest.mark.django_db
class TestFetching:
    def stars(self, address, tile, limit):
        """A server with one star at each tile's centre."""
        self.asked.append(tile.cell)
        if len(self.asked) == self.fails_at:
            raise ConnectionResetError("gone")
        return pd.DataFrame({"source_id": [tile.cell], "ra": [tile.ra], "dec": [tile.dec], "phot_g_mean_mag": [15.0]})

    def server(self, fails_at=0):
        self.asked, self.fails_at = [], fails_at
        return servers.Server("nowhere", 6, 20.0, self.stars)

    def test_it_goes_on_where_it_stopped_and_asks_for_nothing_twice(self):
        with pytest.raises(servers.FetchFailedError, match="it goes on from there.*refcat load gaia FILE"):
            list(servers.fetch("gaia", REGION, self.server(fails_at=4), HASTE))
        assert RefcatTile.objects.count() == 3
        first = set(self.asked[:3])
        steps = list(servers.fetch("gaia", REGION, self.server(), HASTE))
        total = len(tiles_covering(*REGION, 6))
        assert steps[0] == (3, total)
        assert steps[-1] == (total, total)
        assert not first & set(self.asked)
        assert GaiaStar.objects.count() == total
        list(servers.fetch("gaia", REGION, self.server(), HASTE))
        assert self.asked == []

    def test_a_fainter_limit_or_again_asks_anew(self):
        server = self.server()
        list(servers.fetch("gaia", REGION, server, HASTE))
        total = len(self.asked)
        list(servers.fetch("gaia", REGION, server, HASTE, again=True))
        list(servers.fetch("gaia", REGION, replace(server, limit=21.0), HASTE))
        assert len(self.asked) == 3 * total
        assert RefcatTile.objects.count() == total == GaiaStar.objects.count()

    def test_one_bad_answer_is_asked_again(self):
        list(servers.fetch("gaia", REGION, self.server(fails_at=2), servers.RetryPolicy(pauses=(0.0,))))
        assert RefcatTile.objects.count() == len(tiles_covering(*REGION, 6))

    def test_scores_need_their_stars(self):
        with pytest.raises(servers.FetchFailedError, match="fetch or load panstarrs of this region first"):
            list(servers.fetch("psc", REGION, self.server(), HASTE))

    @pytest.mark.parametrize("catalog", ["gaia", "panstarrs"])
    def test_without_a_network_it_says_what_to_do(self, catalog, monkeypatch):
        monkeypatch.setattr(servers, "RetryPolicy", lambda: HASTE)
        address = f"127.0.0.1:{free_port()}"
        closed = f"http://{address}/tap" if catalog == "gaia" else address
        with pytest.raises(CommandError, match=f"{address}.*refcat load {catalog} FILE"):
            call_command("refcat", "fetch", catalog, "--field", "655", "--server", closed, verbosity=0)
        assert not RefcatTile.objects.exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "give either --field, or --ra, --dec and --radius"),
            (("--ra", "3"), "give either --field"),
            (("--field", "882"), "field=882: not in the grid"),
            (("--ra", "3", "--dec", "95", "--radius", "1"), "dec=95.0"),
        ],
    )
    def test_a_region_that_is_none_is_refused(self, arguments, message):
        with pytest.raises(CommandError, match=message):
            call_command("refcat", "fetch", "gaia", *arguments, verbosity=0)


@pytest.mark.django_db
class TestFiles:
    def test_units_are_honoured_and_rows_that_are_left_out_are_counted_by_reason(self, tmp_path, capsys):
        ra = [10.0, 20.0, 30.0, np.nan, 50.0, 60.0, 60.0]
        table = Table({"SOURCE_ID": [1, 2, 3, 4, 5, 6, 6], "ra": np.radians(ra), "dec": np.radians([1.0] * 7)})
        table["phot_g_mean_mag"] = [15.0, np.inf, 16.0, 17.0, np.nan, 18.0, 18.0]
        table["pmra"] = [1.0, 0, 0, 0, 0, 0, 0]
        table["ra"].unit = table["dec"].unit = "rad"
        table["pmra"].unit = "arcsec / yr"
        table.write(tmp_path / "gaia.fits")
        call_command("refcat", "load", "gaia", tmp_path / "gaia.fits")
        said = capsys.readouterr().out
        assert "gaia: 3 sources of gaia.fits" in said
        assert "2 rows left out: phot_g_mean_mag is not" in said
        assert "1 rows left out: ra is not" in said
        assert "1 rows left out: source_id came before" in said
        star = GaiaStar.objects.get(pk=1)
        assert (star.ra, star.dec, star.pmra) == pytest.approx((10.0, 1.0, 1000.0))

    def test_a_unit_that_is_no_angle_is_refused_by_name(self, tmp_path):
        table = Table({"source_id": [1], "ra": [1.0], "dec": [1.0], "phot_g_mean_mag": [15.0]})
        table["ra"].unit = "kg"
        table.write(tmp_path / "gaia.fits")
        with pytest.raises(CommandError, match="column ra is in 'kg'"):
            call_command("refcat", "load", "gaia", tmp_path / "gaia.fits")

    def test_a_bomb_is_refused(self, tmp_path):
        table = Table({"source_id": [1], "ra": [1.0], "dec": [1.0], "phot_g_mean_mag": [15.0]})
        table.write(tmp_path / "gaia.fits")
        content = (tmp_path / "gaia.fits").read_bytes()
        rows = f"NAXIS2  = {1:>20}".encode(), f"NAXIS2  = {10**9:>20}".encode()
        (tmp_path / "gaia.fits").write_bytes(content.replace(*rows))
        with pytest.raises(CommandError, match="declares"):
            call_command("refcat", "load", "gaia", tmp_path / "gaia.fits")
