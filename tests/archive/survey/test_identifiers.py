from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.survey import identifiers as ids

NID = st.integers(0, 9999)
TICKS = st.integers(0, 9999 * 10**7)
RCID = st.integers(0, 63)


def test_every_number_of_the_real_exposure_of_2020_09_24_comes_out():
    jd = 2459116.9317708
    assert ids.nid_of_jd(jd) == 1362
    assert ids.expid_of_jd(jd) == 136243177
    assert ids.make_rid(136243177, 50) == 13624317750
    assert ids.make_pid(136243177, 50) == 1362431775015
    assert ids.filefracday_of_jd(jd) == 20200924431770


def test_nights_count_from_2017():
    assert ids.nid_of_date(date(2020, 9, 24)) == 1362
    assert ids.date_of_nid(739) == date(2019, 1, 10)
    with pytest.raises(ids.BadIdentifierError, match="2016-12-31"):
        ids.nid_of_date(date(2016, 12, 31))


@pytest.mark.parametrize(
    ("candid", "pid", "tblid", "positive"),
    [
        (739260766315010006, 739260766315, 6, False),
        (472263571115115000, 472263571115, 0, True),
        (335127543015015001, 335127543015, 1, True),
    ],
)
def test_real_candidates_are_numbered_by_image_and_sign(candid, pid, tblid, positive):
    # An image that was differenced again used a later block of numbers, 115000 for 015000.
    assert ids.make_candid(pid, tblid, positive) in (candid, candid - 100000)


def test_real_references_and_objects_decode():
    assert ids.make_rfid(658, 2, 63) == 658120263
    assert ids.make_rfid(616, 1, 25) == 616120125
    assert ids.make_rfid(1241, 2, 52) == 1241120252
    assert ids.split_oid(686103400067717) == ids.ObjectId(686, 1, 3, 4, 67717)


@given(TICKS)
def test_time_survives_julian_dates_to_the_last_digit(ticks):
    jd = ids.jd_of_ticks(ticks)
    assert ids.ticks_of_jd(jd) == ticks
    assert ids.nid_of_expid(ids.expid_of_jd(jd)) == ids.nid_of_jd(jd) == ticks // 10**7


@given(NID, st.integers(0, 999999))
def test_a_file_time_survives_julian_dates_to_the_last_digit(nid, fraction):
    filefracday = int(f"{ids.date_of_nid(nid):%Y%m%d}{fraction:06d}")
    assert ids.filefracday_of_jd(ids.jd_of_filefracday(filefracday)) == filefracday


@given(st.integers(0, 9222), st.integers(0, 99999), RCID, st.integers(0, 4999), st.booleans())
def test_image_and_candidate_numbers_round_trip_and_fit_64_bits_until_2042(nid, fraction, rcid, tblid, positive):
    expid = nid * 10**5 + fraction
    pid = ids.make_pid(expid, rcid)
    assert ids.split_pid(pid) == (expid, rcid, 15)
    assert ids.split_rid(ids.make_rid(expid, rcid)) == (expid, rcid)
    candid = ids.make_candid(pid, tblid, positive)
    assert divmod(candid, 10**6) == (pid, (15000 if positive else 10000) + tblid)
    assert candid < 2**63


@given(
    st.integers(1, 1895),
    st.integers(1, 3),
    st.integers(1, 16),
    st.integers(1, 4),
    st.integers(0, 10**8 - 1),
    RCID,
)
def test_reference_and_object_numbers_round_trip(field, fid, ccdid, qid, index, rcid):
    assert str(ids.make_rfid(field, fid, rcid)) == f"{field}120{fid}{rcid:02}"
    parts = ids.ObjectId(field, fid, ccdid, qid, index)
    assert ids.split_oid(ids.make_oid(field, fid, ccdid, qid, index)) == parts
