"""Some hundreds of hostile files in one run, each after a good one of its name: nothing changes, each is told of."""

import resource
import sys
import time

import pytest

from archive.models import Alert, ProductFile, QuarantinedFile, ScienceImage
from tests.archive.ingest import goods, hostile
from tests.archive.ingest.conftest import every_row_has_its_file

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
MOST_MEMORY = 3 << 30  # bytes of any process that takes part
MOST_SECONDS = 1200.0  # for all of them; on two cores that do nothing else it is some 100


def test_no_hostile_file_changes_a_good_one_and_each_is_in_quarantine_with_its_reason(filled):
    before = filled.state()
    assert set(before["on disk"].values()) == set(ProductFile.objects.values_list("sha256", flat=True))
    assert len(before["on disk"]) == 8
    assert all(before[name] for name in before)
    everything = hostile.everything()
    assert len(everything) > 350
    put = {str(one.put(filled.folder / "bad" / f"{n:04}")): one.label for n, one in enumerate(everything)}
    later = goods.candidate(candid=goods.CANDID + 5, magpsf=17.2)
    goods.write(filled.folder / "bad" / "9999", "alert", goods.alert(later), f"{later['candid']}.avro")
    begun = time.monotonic()
    said = filled.ingest(filled.folder / "bad", "--origin", "ztf", ok=False, python=(sys.executable,))
    assert time.monotonic() - begun < MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_MEMORY >> 10
    assert "Traceback" not in said.stderr
    rows = {row.found_at: row for row in QuarantinedFile.objects.all()}
    taken = sorted(label for path, label in put.items() if path not in rows)
    assert not taken
    assert f"refused: {len(everything)}" in said.stdout
    assert f"{len(everything)} files were not taken" in said.stderr
    assert not [row.reason for row in rows.values() if row.ours or not row.reason]
    assert not [(put[path], row.reason) for path, row in rows.items() if "is not understood" in row.reason]
    after = filled.state()
    late = Alert.objects.get(pk=later["candid"])  # what came after all of them was taken
    assert [one for one in after["Alert"] if one["candid"] != late.pk] == before["Alert"]
    assert [one for one in after["ProductFile"] if one["id"] != late.packet_id] == before["ProductFile"]
    assert {path: found for path, found in after["on disk"].items() if path in before["on disk"]} == before["on disk"]
    for table in ("Exposure", "RawImage", "ScienceImage", "ReferenceImage"):
        assert after[table] == before[table]
    every_row_has_its_file()


def test_a_program_that_is_missing_or_contradicts_is_closed_and_only_an_order_opens_it(filled):
    good = filled.folder / "good" / "sci"
    goods.write(filled.folder / "second", "sci", goods.science({"PROGRMID": 2}))
    filled.ingest(filled.folder / "second", "--origin", "ztf")
    image = ScienceImage.objects.get()
    assert (image.programid, image.public_date, image.exposure.programid) == (2, None, 2)
    filled.ingest(good, "--origin", "ztf")
    assert ScienceImage.objects.get().programid == 2
    assert ProductFile.objects.get(path__endswith="sciimg.fits").programid == 2
    filled.ingest(good, "--origin", "ztf", "--may-open")
    assert (ScienceImage.objects.get().programid, ScienceImage.objects.get().public_date is None) == (1, False)
