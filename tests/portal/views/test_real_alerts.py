"""The facts, stamps and histories of the survey's own packets are read without an exception, whatever their schema."""

from types import SimpleNamespace

import fastavro
import pytest

from archive.files.storage import DamagedFileError
from archive.products.alert_curves import _points
from portal.plots import alert_curve
from portal.results import alert_facts, alert_stamps

pytestmark = pytest.mark.realdata
FEWEST = 100


@pytest.fixture(scope="module")
def packets(real_data):
    found = []
    for path in sorted((real_data / "alerts").rglob("*.avro")):
        with path.open("rb") as file:
            try:
                found += [one for one in fastavro.reader(file) if "candidate" in one]
            except (UnicodeDecodeError, ValueError):
                continue  # damaged samples
    return found


def test_every_field_of_every_packet_is_told(packets):
    assert len(packets) > FEWEST
    for packet in packets:
        groups = alert_facts.fact_groups(packet["candidate"], {})
        told = {fact.field.name: fact for group in groups for fact in group.facts}
        assert set(packet["candidate"]) <= set(told)
        missing = [name for name, value in packet["candidate"].items() if value in (None, -999.0, "null", "")]
        assert {told[name].value for name in missing} <= {alert_facts.NOT_MEASURED}
        alert_facts.panstarrs(packet["candidate"])
        alert_facts.solar_system(packet["candidate"])


def test_every_stamp_is_a_square_around_its_target_or_is_called_damaged(packets):
    for packet in packets:
        rcid = packet["candidate"].get("rcid") or 0
        turning = alert_stamps.turning_of(SimpleNamespace(rcid=rcid, pid=0, ra=100.0, dec=30.0), None)
        for kind, _ in alert_stamps.kinds_in(packet):
            try:
                assert alert_stamps.stamp_pixels(packet, kind, turning).shape == (63, 63)
            except DamagedFileError:
                assert not packet[f"cutout{kind.capitalize()}"]["stampData"].startswith(b"\x1f\x8b")


def test_every_history_is_drawn(packets):
    drawn = 0
    for packet in packets:
        points = _points([], [packet["candidate"], *(packet.get("prv_candidates") or [])])
        found = alert_curve.drawing(SimpleNamespace(points=points), packet["candidate"]["candid"])
        assert found.ring is not None and len(found.marks) == len(points)
        assert not any("nan" in mark.path for mark in found.marks)
        drawn += len(points)
    assert drawn > FEWEST
