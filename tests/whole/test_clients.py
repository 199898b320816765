"""Real clients against the served archive."""

import pytest
import pyvo

from archive.models import ScienceImage

pytestmark = pytest.mark.slow


@pytest.mark.client("pyvo", "TAPService.search")
def test_pyvo_answers_a_simple_query(portal):
    rows = pyvo.dal.TAPService(f"{portal}/tap").search("SELECT TOP 5 pid, ra, dec FROM ztf.ztf_current_meta_sci")
    assert len(rows) == 5
    assert rows.fielddescs[1].unit == "deg"


@pytest.mark.client("pyvo", "TAPService.search")
def test_pyvo_finds_the_images_around_a_position(portal):
    image = ScienceImage.objects.filter(field=557, programid=1).order_by("pid").first()
    cone = f"CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {image.ra}, {image.dec}, 0.05)) = 1"
    rows = pyvo.dal.TAPService(f"{portal}/tap").search(f"SELECT pid FROM ztf.ztf_current_meta_sci WHERE {cone}")
    assert image.pid in set(rows["pid"])


@pytest.mark.client("pyvo", "TAPService.tables")
def test_pyvo_lists_the_tables(portal):
    tables = pyvo.dal.TAPService(f"{portal}/tap").tables
    assert "ztf.ztf_current_meta_sci" in {table.name for table in tables}


@pytest.mark.client("pyvo", "TAPService.search")
def test_a_wrong_query_is_answered_with_what_is_wrong(portal):
    with pytest.raises(pyvo.dal.DALQueryError, match="no_such_table"):
        pyvo.dal.TAPService(f"{portal}/tap").search("SELECT * FROM no_such_table")
