"""Times as people give them: one meaning in every service, or refused with what would be right."""

import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from astropy.table import Table
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.given.timecolumns import modified
from archive.given.times import BadTimeError, as_julian, as_modified, calendar, in_order, moment
from archive.sandbox.readers.uploads.copying import copied
from archive.sandbox.readers.uploads.tables import UnreadableTableError
from archive.services.vo.adql import ADQLError, Catalog, Column, translate
from archive.services.vo.adql import Table as Known
from archive.survey.times import julian_date
from lightcurves.viewer import own

pytestmark = pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.VOWarning")
WHEN = datetime(2020, 9, 24, 10, 21, 45, tzinfo=UTC)
SAME = (
    "2020-09-24 10:21:45", "2020-09-24T10:21:45Z", "2020-09-24T12:21:45+02:00", "2020-09-24 12:21:45 +0200",
    "2020-09-24T12:21:45+02", "2020-09-24T06:51:45−03:30", "2020-09-24 10:21:45 UTC", "2020-09-24 10:21:45.000",
    "2459116.9317708333", "59116.4317708333", "JD 2459116.9317708333", "MJD 59116.4317708333", "mjd=59116.4317708333",
)  # fmt: skip
REFUSED = (
    "10/11/2026", "10/11/26", "2026/11/10", "10.11.2026", "26-11-10", "1-2-2026", "2020-02-30", "2020-13-01",
    "yesterday",
    "now", "infinity", "2020", "2020-09", "20200924", "2020-09-24T25:00", "2020-09-24 10:21:45 TAI", "2020-09-24 TDB",
    "2020-09-24 10:21 EST", "2020-09-24T10:21+99:99", "9116.93", "1600943000", "1600943000000", "nan", "inf", "-1",
    "1e400",
    "", "MJD 2459116.9", "JD 59116.4", "٢٠٢٠-09-24", "2020-09-24T10", "0000-01-01",
)  # fmt: skip


@pytest.mark.parametrize("text", SAME)
def test_one_moment_in_every_notation(text):
    assert abs(moment(text) - WHEN) < timedelta(milliseconds=1)


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2099, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["T", " "]),
)
def test_iso_8601_with_any_offset_is_read_back(naive, minutes, between):
    there = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert moment(there.isoformat(between)) == there
    assert calendar(there.astimezone(UTC).replace(tzinfo=None).isoformat(between)) == there


@pytest.mark.parametrize(
    ("offset", "taken"), [("+14:00", 1), ("+14:01", 0), ("-14:00", 1), ("-14:01", 0), ("+10:60", 0)]
)
def test_offsets_reach_to_14_hours(offset, taken):
    if taken:
        moment(f"2026-11-01T00:00:00{offset}")
    else:
        with pytest.raises(BadTimeError, match="no offset from UTC"):
            moment(f"2026-11-01T00:00:00{offset}")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_refused(text):
    with suppress(BadTimeError):
        assert moment(text).tzinfo is UTC


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_time_or_may_be_several_is_refused(text):
    with pytest.raises(BadTimeError, match="give|2020-09-24"):
        moment(text)


def test_julian_and_modified_dates_are_told_apart_by_name():
    assert as_modified(58194.5, "TIME") == 58194.5 and as_modified(np.inf, "TIME") == np.inf
    for value, right in ((2458195.0, "58194.5"), (1521158400, "58193"), (1521158400000, "58193")):
        with pytest.raises(BadTimeError, match=f"TIME=.*give {right}"):
            as_modified(value, "TIME")
    with pytest.raises(BadTimeError, match=r"jdstart=58194.*2458194\.5"):
        as_julian(58194, "jdstart")
    with pytest.raises(BadTimeError, match="since=2020-09-25.*later than until=2020-09-24"):
        in_order(WHEN + timedelta(days=1), WHEN)
    with pytest.raises(BadTimeError, match="since=2020-09-24.*until=2020-09-24.*nothing lies between.*the day after"):
        in_order(WHEN, WHEN)
    in_order(WHEN, WHEN + timedelta(seconds=1)), in_order(None, WHEN), in_order(WHEN, None)


MJD = np.array([58300.25, 59116.43])
COLUMNS = {
    "mjd": MJD, "hmjd": MJD, "jd": MJD + 2400000.5, "HJD": MJD + 2400000.5, "BJD_TDB": MJD + 2400000.5,
    "HJD-2450000": MJD - 49999.5, "BJD - 2457000": MJD - 56999.5, "BTJD": MJD - 56999.5, "bkjd": MJD - 54832.5,
    "unix": (MJD - 40587) * 86400, "time": MJD, "t": MJD + 2400000.5,
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_a_curve_s_times_are_known_by_the_name_of_their_column(name):
    values = COLUMNS[name]
    assert modified(values, name) == pytest.approx(MJD, abs=1e-6)
    body = io.BytesIO()
    Table({name: values, "mag": [17.0, 18.0]}).write(body, format="votable")
    assert own.read(body.getvalue())["mjd"] == pytest.approx(MJD.tolist(), abs=1e-6)


def test_a_unit_says_the_scale_too_and_texts_are_dates():
    assert modified(MJD - 56999.5, "TIME", "BJD - 2457000, days") == pytest.approx(MJD)
    assert modified((MJD - 40587) * 86400, "time", "s") == pytest.approx(MJD)
    texts = np.array([*Time(MJD, format="mjd").isot, ""])
    assert modified(texts, "date")[:2] == pytest.approx(MJD) and np.isnan(modified(texts, "date")[2])


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("time", MJD - 49999.5, "HJD-2450000"), ("time", MJD - 56999.5, "BTJD"),
        ("time", (MJD - 40587) * 86400, "unix"), ("unix", MJD, "no seconds since 1970"),
        ("hjd", MJD, "modified Julian dates"), ("mjd", MJD + 2400000.5, "Julian dates"), ("btjd", MJD, "modified"),
        ("time", np.array([58300.0, 2458300.0]), "scale"),
        ("date", np.array(["10/11/2026", ""]), "row 1.*which is the day"),
    ],
)  # fmt: skip
def test_times_of_an_unknown_scale_are_refused_with_what_would_be_right(name, values, says):
    with pytest.raises(BadTimeError, match=f"{name}.*{says}"):
        modified(values, name)


SKY = Catalog((Known("s", "t", (Column("seen", "timestamp"), Column("label", "text"))),))


@pytest.mark.parametrize(
    "where",
    [
        "seen > '{}'", "'{}' < seen", "seen BETWEEN '2020-01-01' AND '{}'", "seen IN ('{}')", "seen > TIMESTAMP('{}')",
        "seen > CAST('{}' AS TIMESTAMP)", "gavo_to_mjd('{}') > 1", 
        "COALESCE(seen, '{}') > '2020-01-01'", "seen > ('{}')",
        "CASE WHEN label = 'a' THEN seen ELSE '{}' END > '2020-01-01'",
        "CASE WHEN label = 'a' THEN '{}' ELSE seen END > '2020-01-01'", "CASE seen WHEN '{}' THEN 1 ELSE 0 END = 1",
    ],
)  # fmt: skip
def test_an_offset_in_adql_is_honoured_and_no_time_is_refused(where):
    sql = translate("SELECT seen FROM s.t WHERE " + where.format("2020-09-24T12:21:45+02:00"), SKY).sql
    assert "2020-09-24 10:21:45" in sql and "+02" not in sql
    for text in ("10/11/2026", "now", "infinity", "2020-02-30"):
        with pytest.raises(ADQLError, match="YYYY-MM-DD"):
            translate("SELECT seen FROM s.t WHERE " + where.format(text), SKY)


@pytest.mark.parametrize("words", ["UNION", "UNION ALL", "EXCEPT", "INTERSECT"])
def test_an_offset_beside_a_time_of_another_select_is_honoured(words):
    query = "SELECT label, seen FROM s.t {} SELECT '10/11/2026', '2020-09-24T12:21:45+02:00' FROM s.t"
    sql = translate(query.format(words), SKY).sql
    assert "2020-09-24 10:21:45" in sql and "+02" not in sql and "'10/11/2026'" in sql


def test_texts_that_are_no_times_stay_what_they_are():
    assert "'10/11/2026'" in translate("SELECT seen FROM s.t WHERE label = '10/11/2026'", SKY).sql


def brought(*times):
    made = Table({"when": list(times)})
    made["when"].meta["xtype"] = "timestamp"
    body = io.BytesIO()
    made.write(body, format="votable")
    content = body.getvalue()
    if b"xtype" not in content:
        content = content.replace(b'name="when"', b'name="when" xtype="timestamp"')
    return copied(io.BytesIO(content), 100, 1 << 20)["text"].decode().splitlines()


def test_an_upload_s_offset_is_honoured_and_an_empty_time_is_null():
    found = brought("2020-09-24T12:21:45+02:00", "", "2020-09-24T10:21:45.5Z")
    assert found == ["2020-09-24 10:21:45.000000", "\\N", "2020-09-24 10:21:45.500000"]
    with pytest.raises(UnreadableTableError, match="column when, row 2"):
        brought("2020-09-24", "10/11/2026")


def test_julian_dates_agree_with_astropy():
    assert julian_date(WHEN) == pytest.approx(Time(WHEN).jd, abs=1e-9)
