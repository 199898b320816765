"""The history in a packet: what may be in it, and names that are given once."""

from types import SimpleNamespace

import pytest

from archive.files.storage import new_file, stored
from archive.ingest.kinds import alerts as alert_archive
from processing.alerts import packets, schema
from processing.alerts.history import History, give_names

pytestmark = pytest.mark.django_db
RA, DEC, JD = 150.0, 20.0, 2459200.8


def earlier(programid, jd, tblid, ra=RA, name="ZTF20aaaaaaa"):
    """A registered alert."""
    pid = 144600000000 + 1000 * tblid + programid
    candidate = dict.fromkeys(schema.CANDIDATE_NAMES) | {
        "jd": jd, "fid": 2, "pid": pid, "programid": programid, "candid": pid * 10**6 + 15000 + tblid,
        "isdiffpos": "t", "tblid": tblid, "nid": 1446, "rcid": 50, "field": 655, "ra": ra, "dec": DEC, "magpsf": 18.0,
        "sigmapsf": 0.1, "ranr": ra, "decnr": DEC, "ndethist": 1, "ncovhist": 1, "nmtchps": 0, "rfid": 1,
        "jdstartref": 0.0, "jdendref": 0.0, "nframesref": 15, "rbversion": "x", "nmatches": 9, "drbversion": "",
    }  # fmt: skip
    made = packets.packet(candidate, [], {}) | {"objectId": name}
    path = f"alert/2020/1217/test_{pid}.avro"
    with new_file(path) as temporary:
        packets.write(temporary, [made])
    alert_archive.register(stored(path), [made], "ours")
    return candidate


def history_of(programid):
    science = SimpleNamespace(field=655, rcid=50, programid=programid, obsjd=JD)
    return History(SimpleNamespace(science=science)).of(RA, DEC)


@pytest.fixture(autouse=True)
def tree(settings, tmp_path):
    settings.ARCHIVE_ROOT = tmp_path


def test_a_public_packet_tells_nothing_of_proprietary_images():
    earlier(1, JD - 3, 1)
    secret = earlier(2, JD - 2, 2)
    numbers, records = history_of(programid=1)
    assert numbers["ndethist"] == 2
    assert [record["programid"] for record in records] == [1]
    assert secret["candid"] not in [record["candid"] for record in records]


def test_the_history_reaches_back_thirty_days_and_counts_for_ever():
    earlier(1, JD - 40, 3)
    earlier(1, JD - 10, 4)
    numbers, records = history_of(programid=1)
    assert [record["jd"] for record in records] == [JD - 10]
    assert numbers["ndethist"] == 3
    assert numbers["jdstarthist"] == JD - 40


def test_what_lies_farther_than_an_arcsecond_and_a_half_is_another_object():
    earlier(1, JD - 1, 5, ra=RA + 3 / 3600)
    assert history_of(programid=1)[1] == []


def test_an_object_keeps_its_name_and_new_ones_get_the_next(settings):
    known = earlier(1, JD - 1, 6, name="ZTF20aaaaabc")
    names = give_names([known, {"ra": 10.0, "dec": 0.0, "jd": JD}, {"ra": 11.0, "dec": 0.0, "jd": JD}])
    assert names == ["ZTF20aaaaabc", "ZTF20aaaaabd", "ZTF20aaaaabe"]


def test_two_candidates_of_one_place_share_a_name():
    names = give_names([{"ra": 10.0, "dec": 0.0, "jd": JD}, {"ra": 10.0 + 1 / 3600, "dec": 0.0, "jd": JD}])
    assert names[0] == names[1]
