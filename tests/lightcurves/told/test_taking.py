"""Light curves that come as files: who sees them, what is refused, what another file of the same objects changes."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from django.core.management import call_command
from django.utils import timezone

from archive.access.audit import Actor
from archive.ingest import RefusedError, Source, ingest
from archive.models import ProductFile, Program, QuarantinedFile
from archive.releases import redating
from archive.survey.identifiers import make_oid
from lightcurves.download import matchfiles
from lightcurves.download.matchfiles import NoMatchfileError
from lightcurves.models import Source as Star
from lightcurves.models import SourceStatistics, ToldCurve
from lightcurves.storage import read, store
from lightcurves.updates import mirror, sources
from lightcurves.updates import releases as following
from processing.executive.runs.lightcurves import run_lightcurves
from processing.models import ForcedPoint, Job
from processing.science.errors import UnusableFrameError
from tests import factories
from tests.archive.ingest import goods

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PLACE = make_oid(goods.FIELD, goods.FID, goods.CCD, goods.QID, 0)
RELEASED, MATCHED, LISTED = PLACE + 1, PLACE + 11, PLACE + 21
ZTF = Source("ztf")


def taken(folder, kind: str, content: bytes | None = None, source: Source = ZTF, name: str = ""):
    return ingest(goods.write(folder, kind, content, name), source)


def test_a_point_whose_exposure_is_of_another_program_is_of_the_closed_one(tmp_path):
    content = goods.match((1, 2), programid=1)  # every second exposure is the partnership's, no point says so
    taken(tmp_path, "match", content)
    rows = ToldCurve.objects.filter(oid=MATCHED).order_by("programid")
    assert [(row.programid, row.nobs, row.public_date is None) for row in rows] == [(1, 2, False), (2, 1, True)]
    assert ProductFile.objects.get().programid == 2
    assert Star.objects.get(pk=MATCHED).refmag is None  # of a reference that closed images went into, perhaps


def test_a_period_that_passes_or_changes_opens_and_closes_points(tmp_path):
    program = Program.objects.get(pk=2)
    program.proprietary_days = 36_000
    program.save()
    taken(tmp_path, "points", goods.points(programid=2))
    taken(tmp_path, "forced", goods.forced(programid=2))
    row, last = ToldCurve.objects.get(), datetime(2020, 9, 24, tzinfo=UTC)
    assert abs(row.public_date - last - timedelta(days=36_000)) < timedelta(days=2)
    assert Star.objects.get().public_date == row.public_date
    assert SourceStatistics.objects.get().programs == [2]
    following.follow_dates()
    redating.redate(program, 10, Actor("test"))
    opened = ToldCurve.objects.get().public_date
    assert opened <= timezone.now() and Star.objects.get().public_date == opened
    assert all(one.public_date <= timezone.now() for one in ForcedPoint.objects.all())
    redating.take_back(Program.objects.get(pk=2), Actor("test"))
    assert ToldCurve.objects.get().public_date == row.public_date == Star.objects.get().public_date
    assert not any(one.public_date <= timezone.now() for one in ForcedPoint.objects.all())


def test_a_place_whose_light_curves_are_made_here_is_refused_and_says_why(tmp_path):
    factories.science_image(factories.exposure(), rcid=goods.RCID)
    for kind in ("release", "match", "points"):
        with pytest.raises(RefusedError, match="has light curves that are made here"):
            taken(tmp_path, kind)
    assert not Star.objects.exists() and not ProductFile.objects.exists()
    assert QuarantinedFile.objects.count() == 3


def test_a_place_with_points_of_mirrored_images_is_refused_and_so_is_a_mirror_of_told_ones(tmp_path):
    image = factories.science_image(factories.exposure(origin="ztf"), rcid=goods.RCID, origin="ztf")
    point = {name: np.array([value]) for name, value in (("mag", 17.0), ("magerr", 0.1), ("chi", 1.0), ("sharp", 0.0))}
    whole = {name: np.array([value]) for name, value in (("oid", MATCHED), ("catflags", 0), ("dra", 0), ("ddec", 0))}
    store.append(image, store.Points(**point, **whole))
    with pytest.raises(RefusedError, match="has light curves of images that are here"):
        taken(tmp_path, "points")
    store.append(image, store.Points(**{name: values[:0] for name, values in (point | whole).items()}))
    taken(tmp_path, "points")
    with pytest.raises(mirror.MadeHereError, match="came as files"):
        mirror._refuse_ours(goods.FIELD, goods.RCID, "zr", "ztf")


def test_our_own_points_and_matchfiles_are_refused_where_light_curves_came_as_files(tmp_path):
    taken(tmp_path, "points")
    image = factories.science_image(factories.exposure(), rcid=goods.RCID)
    nothing = sources.Catalog(*np.zeros((8, 0)))
    with pytest.raises(sources.CameAsFilesError, match="lightcurves forget 655 13 3 --filter zr makes room"):
        sources.add_points(image, nothing)
    job = Job(pipeline="lightcurves", key="x", nid=image.nid, parameters={"pid": image.pid})
    with pytest.raises(UnusableFrameError, match="came as files"):
        run_lightcurves(job)
    with pytest.raises(NoMatchfileError, match="came as files"):
        matchfiles.write(matchfiles.Place(655, 13, 3, 2), tmp_path / "match.pytable")


def test_points_of_another_file_join_those_of_other_exposures_and_replace_those_of_the_same(tmp_path):
    taken(tmp_path, "points")
    number = np.arange(3)
    later = goods.points(expid=goods.PID // 10**4 + 1000 * (number + 2), mag=19.0, ra=58.001,
                         hjd=goods.JD + 0.003 + 0.01 * (number + 2),
                         mjd=goods.JD - 2400000.5 + 0.01 * (number + 2))  # fmt: skip
    taken(tmp_path, "points", later, name="later.csv")
    columns = read.get([LISTED]).columns
    assert np.allclose(columns["mag"], [17.5, 17.6, 19.0, 19.0, 19.0], atol=1e-6)
    assert ToldCurve.objects.get().nobs == 5
    assert Star.objects.get().ra == 58.0  # an object stays where it was found first
    assert SourceStatistics.objects.get().nobs == 5


def test_a_point_that_is_closed_stays_so_when_a_file_says_otherwise(tmp_path):
    taken(tmp_path, "points", goods.points(programid=[2, 2, 1]))
    taken(tmp_path, "points", goods.points(programid=[1, 2, 3]))
    assert dict(ToldCurve.objects.values_list("programid", "nobs")) == {2: 2, 3: 1}
    taken(tmp_path, "points", goods.points(programid=1), Source("ztf", may_open=True))
    assert dict(ToldCurve.objects.values_list("programid", "nobs")) == {1: 3}


def test_an_object_of_a_data_release_has_the_points_of_the_file_that_came_last(tmp_path):
    public = Source("ztf", program=1)
    taken(tmp_path, "release", None, public)
    newer = goods.release(hmjd=[[59116.4, 59117.4, 59118.4], [59116.4]], mag=[[18.0, 18.1, 18.2], [19.0]],
                          magerr=[[0.1] * 3, [0.1]], clrcoeff=[[0.1] * 3, [0.1]], catflags=[[0] * 3, [0]],
                          nepochs=[3, 1])  # fmt: skip
    taken(tmp_path, "release", newer, public, "ztf_000655_zr_c13_q3_dr10.parquet")
    assert read.get([RELEASED]).columns["hmjd"].tolist() == [59116.4, 59117.4, 59118.4]
    assert ToldCurve.objects.get(oid=RELEASED).file == "ztf_000655_zr_c13_q3_dr10.parquet"


def test_times_are_kept_as_they_are_told(tmp_path):
    """Heliocentric ones to the last bit, and no start of an exposure is made of them."""
    told = [59116.123456789012, 59117.987654321098]
    taken(tmp_path, "release", goods.release(hmjd=[told, [59116.4]]), Source("ztf", program=1))
    columns = read.get([RELEASED]).columns
    assert columns["hmjd"].tolist() == told and np.all(np.isnan(columns["mjd"]))
    taken(tmp_path, "points")
    table = pd.read_csv(io.BytesIO(goods.points()))
    columns = read.get([LISTED]).columns
    assert columns["hjd"].tolist() == table.hjd.tolist() and columns["mjd"].tolist() == table.mjd.tolist()


def test_forgetting_a_place_takes_out_what_came_as_files_and_nothing_else(tmp_path, capsys):
    for kind in ("release", "match", "points"):
        taken(tmp_path, kind)
    taken(tmp_path, "points", goods.points(oid=PLACE - 10**11 + 21, filtercode="zg"), name="green.csv")
    call_command("lightcurves", "forget", 655, 13, 3, "--filter", "zr")
    assert "6 objects forgotten" in capsys.readouterr().out
    assert [one.filtercode for one in Star.objects.all()] == ["zg"]
    assert ToldCurve.objects.get().oid == SourceStatistics.objects.get().oid == PLACE - 10**11 + 21


def test_a_damaged_file_changes_nothing_and_lies_in_quarantine(tmp_path):
    taken(tmp_path, "release", None, Source("ztf", program=1))
    before = list(ToldCurve.objects.order_by("oid").values("oid", "nobs", "file"))
    cut = goods.release()[:-200]
    with pytest.raises(RefusedError, match="not a Parquet file"):
        taken(tmp_path, "release", cut)
    with pytest.raises(RefusedError, match="row 1: mag"):
        taken(tmp_path, "release", goods.release(mag=[[18.0, 99.0], [19.0]]))
    assert list(ToldCurve.objects.order_by("oid").values("oid", "nobs", "file")) == before
    assert QuarantinedFile.objects.count() == 2
