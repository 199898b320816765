"""The facts held against real alerts and real reference metadata; skipped, with the reason, without them."""

from pathlib import Path

import numpy as np
import pytest

from archive.survey import identifiers as ids
from archive.survey.camera import Camera, ccd_quadrant, quadrant_centre, sky_to_plane
from archive.survey.fields import field_grid
from archive.survey.filenames import parse

DATA = Path(__file__).parents[4] / "shared" / "data"
ALERTS = DATA / "alerts"
REFERENCES = DATA / "metadata" / "irsa_ref_metadata.csv.gz"


@pytest.fixture(scope="module")
def candidates():
    fastavro = pytest.importorskip("fastavro")
    paths = sorted(ALERTS.glob("*.avro"))
    if not paths:
        pytest.skip(f"no real alerts in {ALERTS}")
    found = []
    for path in paths:
        with path.open("rb") as packet:
            found += [alert["candidate"] for alert in fastavro.reader(packet)]
    return found


@pytest.mark.realdata
def test_every_real_candidate_number_is_made_of_its_image_its_number_and_its_sign(candidates):
    for c in candidates:
        assert ids.make_candid(c["pid"], c["tblid"], c["isdiffpos"] in ("t", "1")) == c["candid"]


@pytest.mark.realdata
def test_real_image_and_reference_numbers_agree_with_time_channel_and_field(candidates):
    same_expid = []
    for c in candidates:
        expid, rcid, pipeid = ids.split_pid(c["pid"])
        assert (ids.nid_of_expid(expid), rcid, pipeid) == (c["nid"], c["rcid"], 15)
        assert ids.make_rfid(c["field"], c["fid"], c["rcid"]) == c["rfid"]
        same_expid.append(ids.expid_of_jd(c["jd"]) == expid)
    assert np.mean(same_expid) > 0.97


@pytest.mark.realdata
def test_real_difference_images_have_names_that_parse(candidates):
    for c in candidates:
        product = parse(c["pdiffimfilename"])
        assert (product.kind, product.field, product.rcid) == ("sci", c["field"], c["rcid"])


@pytest.mark.realdata
def test_quadrants_lie_where_real_reference_images_have_their_centres():
    if not REFERENCES.exists():
        pytest.skip(f"no real metadata at {REFERENCES}")
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_csv(REFERENCES, usecols=["field", "rcid", "ra", "dec"])
    grid = field_grid()
    rows = rows[rows.field.isin(grid["field"])]
    at = np.searchsorted(grid["field"], rows.field)
    longitude = rows.ra.to_numpy() - grid["ra"][at]
    # The pointing differs from field to field, so each is turned to right ascension 0 of its own.
    east, north = np.empty(len(rows)), np.empty(len(rows))
    for dec in np.unique(grid["dec"][at]):
        here = grid["dec"][at] == dec
        east[here], north[here] = sky_to_plane(longitude[here], rows.dec.to_numpy()[here], 0.0, dec)
    rows = rows.assign(east=east, north=north)
    medians = rows.groupby("rcid")[["east", "north"]].median()
    ours = np.array([quadrant_centre(Camera(), *ccd_quadrant(rcid)) for rcid in medians.index])
    offset = medians.to_numpy() - ours
    assert np.abs(offset.mean(0)).max() < 0.01
    assert np.std(offset, axis=0).max() < 0.006  # 21 pixels
