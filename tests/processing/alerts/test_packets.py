"""Alert packets: the schema, against the survey's own packets; stamps; names."""

import gzip
import io
import json
import random
from pathlib import Path

import fastavro
import numpy as np
import pytest
from astropy.io import fits

from processing.alerts import schema
from processing.alerts.history import NoNamesLeftError, name_of, number_of
from processing.alerts.stamps import cutouts, stamp_bytes

REAL = Path(__file__).parents[4] / "shared/data/alerts"
AVSC = Path(__file__).parents[4] / "shared/reference/ztf/avsc"
OURS = {
    "candidate": schema.fields(schema.CANDIDATE),
    "prv_candidate": schema.fields(schema.PREVIOUS),
    "fp_hist": schema.fields(schema.FORCED),
    "cutout": schema.CUTOUT["fields"],
}


def real_packets(limit=60):
    files = sorted(REAL.rglob("*.avro"))
    if not files:
        pytest.skip(f"no real packets in {REAL}")
    for path in random.Random(1).sample(files, min(limit, len(files))):
        with path.open("rb") as file:
            yield from fastavro.reader(file)


@pytest.mark.realdata
def test_real_candidates_have_no_field_that_ours_lack():
    for packet in real_packets():
        assert set(packet["candidate"]) <= set(schema.CANDIDATE_NAMES)
        for previous in packet["prv_candidates"] or []:
            assert set(previous) <= set(schema.PREVIOUS_NAMES)


@pytest.mark.realdata
def test_real_packets_go_through_our_schema_and_come_back_the_same():
    for packet in real_packets(20):
        known = {"schemavsn": schema.VERSION, "publisher": "x", "fp_hists": None} | packet
        blank = {"zpmed": None, "drbversion": "", "rbversion": "", "nmatches": 0, "nmtchps": 0, "rfid": 0}
        known["candidate"] = {name: blank.get(name) for name in schema.CANDIDATE_NAMES} | packet["candidate"]
        for name in ("jdstartref", "jdendref"):
            known["candidate"].setdefault(name, 0.0)
            known["candidate"][name] = known["candidate"][name] or 0.0
        known["candidate"]["nframesref"] = known["candidate"]["nframesref"] or 0
        known["prv_candidates"] = [
            dict.fromkeys(schema.PREVIOUS_NAMES) | one | {"rbversion": one.get("rbversion") or ""}
            for one in packet["prv_candidates"] or []
        ]
        stream = io.BytesIO()
        fastavro.writer(stream, schema.PARSED, [known], codec="null")
        stream.seek(0)
        back = next(fastavro.reader(stream))
        assert back["candidate"]["candid"] == packet["candid"]
        for name, value in packet["candidate"].items():
            assert back["candidate"][name] == value or value != value, name


@pytest.mark.realdata
@pytest.mark.parametrize("record", ["candidate", "prv_candidate", "fp_hist", "cutout"])
def test_fields_types_and_order_are_those_of_the_survey(record):
    path = AVSC / f"{record}.avsc"
    if not path.exists():
        pytest.skip(f"no schema in {AVSC}")
    theirs = [(field["name"], field["type"]) for field in json.loads(path.read_text())["fields"]]
    assert [(field["name"], field["type"]) for field in OURS[record]] == theirs


def test_a_stamp_comes_back_from_its_bytes_and_is_always_the_same():
    stamp = np.arange(63 * 63, dtype=np.float32).reshape(63, 63)
    stamp[0, 0] = np.nan
    content = stamp_bytes(stamp)
    assert content == stamp_bytes(stamp)
    raw = gzip.decompress(content)
    assert len(raw) == 20160
    with fits.open(io.BytesIO(raw)) as hdus:
        np.testing.assert_array_equal(hdus[0].data, stamp)


def test_cutouts_are_named_as_the_survey_names_them():
    stamp = np.zeros((63, 63), np.float32)
    negative = cutouts(558201453315010171, 558201453315, False, stamp, stamp, stamp)
    assert negative["cutoutScience"]["fileName"] == "candid558201453315010171_pid558201453315_targ_sci.fits.gz"
    assert negative["cutoutTemplate"]["fileName"] == "candid558201453315010171_ref.fits.gz"
    assert negative["cutoutDifference"]["fileName"].endswith("_targ_refmsci.fits.gz")
    assert cutouts(1, 1, True, stamp, stamp, stamp)["cutoutDifference"]["fileName"].endswith("_targ_scimref.fits.gz")


def test_names_count_through_the_alphabet():
    assert name_of(2026, 0) == "ZTF26aaaaaaa"
    assert name_of(2026, 27) == "ZTF26aaaaabb"
    assert number_of("ZTF18aaqxjuw") == number_of(name_of(2018, number_of("ZTF18aaqxjuw")))
    with pytest.raises(NoNamesLeftError):
        name_of(2026, 26**7)
