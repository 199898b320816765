"""manage.py mirror: one of our servers into another, killed and started again, and from servers that fail."""

import pytest

from tests.mirror.conftest import PARTNER, PASSWORD, bytes_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
EVERYTHING = ("--families", "sci,ref,raw,cal", "--suffixes", "sciimg.fits,mskimg.fits,refimg.fits,bias.fits")
FIELD = ("--field", "655", "--ccd", "13")
ME = {"ZTF_USER": PARTNER, "ZTF_PASSWORD": PASSWORD}


def test_a_field_comes_with_its_files_its_rights_and_where_it_came_from(far, near):
    said = near.mirror(far.address, *FIELD, *EVERYTHING, **ME).stdout
    assert "2 sci, 1 ref, 2 raw, 1 cal rows; 8 files to fetch" in said
    assert near.files() == {path: bytes_of(path) for path in far.paths}
    rows = near.sql("SELECT pid, programid, public_date, origin FROM archive_scienceimage ORDER BY pid")
    assert rows == [(one.pid, one.programid, one.public_date, "ztf") for one in far.images]
    assert near.sql("SELECT DISTINCT programid, public_date IS NULL, origin FROM archive_productfile") == [
        (1, False, "ztf"),
        (2, True, "ztf"),
    ]
    assert near.sql("SELECT DISTINCT provenance #>> '{mirror,server}' FROM archive_productfile") == [(far.address,)]
    again = near.mirror(far.address, *FIELD, *EVERYTHING, **ME).stdout
    assert "0 files to fetch (about 0 bytes), 8 here" in again
    assert not list((near.root / ".mirror").iterdir())
