"""Whatever interrupts the taking of a file: the file that a row tells of is there, with the row's checksum."""

import json
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings

from archive.files import placing, storage
from archive.models import Alert, ProductFile, QuarantinedFile, RawImage, ScienceImage
from archive.survey.filenames import cal_name, ref_name
from tests import preloaded, servers
from tests.archive.ingest import goods
from tests.archive.ingest.conftest import every_row_has_its_file, owner

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
SECOND = {"sci": {"MAGZP": 25.0}, "raw": {"AIRMASS": 1.5}}  # another version of the same image


def killed_at_each_step(path) -> list[dict]:
    """The findings after each kill, the last without one."""
    python = preloaded.python(servers.environment())
    command = [*python, "-m", "tests.archive.ingest.interrupted", str(path), "ztf"]
    done = subprocess.run(
        command, env=servers.environment(), cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
        timeout=1500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def tar_of_three(folder):
    candids = [goods.CANDID + n for n in range(3)]
    path = folder / "night.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for one in candids:
            file = goods.write(folder, "alert", goods.alert(goods.candidate(candid=one)), f"{one}.avro")
            tar.add(file, file.name)
    return path


def reference(folder):
    return goods.write(
        folder, "mask", goods.mask(), ref_name(goods.FIELD, "zr", goods.CCD, goods.QID, "refimg.fits").name
    )


def calibration(folder):
    """The file of a bias whose row is here, as the mirror brings them."""
    said = {
        "caltype": "bias", "rcid": goods.RCID, "fid": 0, "nid": 1362, "cid": 136250002, "ccdid": goods.CCD,
        "qid": goods.QID, "filtercode": "00", "nightdate": 20200924, "nframes": 20,
        "startobsdate": "2020-09-24T01:00:00Z", "endobsdate": "2020-09-24T02:00:00Z",
    }  # fmt: skip
    run_python(f"from archive.models import CalibrationImage as C; C.objects.get_or_create(**{said}, origin='ztf')")
    name = cal_name(20200924, "bias", "00", goods.CCD, goods.QID, "bias.fits").name
    cards = {"FIELDID": None, "FILTER": None, "FILTERID": None, "IMGTYPE": None, "FILENAME": None, "PROGRMID": None}
    return goods.write(folder, "mask", goods.mask(cards), name)


def run_python(text: str) -> None:
    command = [*preloaded.python(servers.environment()), "manage.py", "shell", "-v0", "-c", text]
    subprocess.run(command, env=servers.environment(), cwd=settings.BASE_DIR, check=True, timeout=120)


NEW = {
    "science image": (lambda folder: goods.write(folder, "sci"), 1),
    "raw frame": (lambda folder: goods.write(folder, "raw"), 1),
    "packet": (lambda folder: goods.write(folder, "alert"), 1),
    "packets of a tar": (tar_of_three, 3),
    "light curves": (lambda folder: goods.write(folder, "match"), 1),
    "reference": (reference, 1),
    "calibration": (calibration, 1),
}


@pytest.mark.parametrize("kind", NEW)
def test_killed_at_each_step_a_new_file_is_there_whole_or_not_at_all(empty, kind):
    make, files = NEW[kind]
    if kind == "reference":
        empty.ingest(goods.write(empty.folder, "metadata"), "--origin", "ztf")
    said = killed_at_each_step(make(empty.folder))
    assert len(said) > 8
    assert not [one for one in said if one["wrong"]]
    assert list(ProductFile.objects.values_list("stored_as", flat=True)) == [""] * files
    assert Alert.objects.count() == (files if "packet" in kind else 0)
    assert ScienceImage.objects.count() == (kind == "science image")
    every_row_has_its_file()
    run_python("from archive.models import CalibrationImage as C; C.objects.filter(origin='ztf').delete()")


@pytest.mark.parametrize("kind", ["sci", "raw"])
def test_killed_at_each_step_a_replaced_file_is_the_old_or_the_new_one(filled, kind):
    second = {"sci": goods.science, "raw": goods.raw}[kind](SECOND[kind])
    said = killed_at_each_step(goods.write(filled.folder / "new", kind, second))
    assert len(said) > 8
    assert not [one for one in said if one["wrong"]]
    if kind == "sci":
        assert ScienceImage.objects.get().magzp == SECOND["sci"]["MAGZP"]
    else:
        assert RawImage.objects.get().exposure.airmass == SECOND["raw"]["AIRMASS"]
    every_row_has_its_file()
    assert ProductFile.objects.exclude(stored_as="").count() == 0
    incoming = storage.absolute(storage.INCOMING)
    assert placing.sweep(abandoned=-1.0) >= 1  # what the kills left, and rows do not know
    assert not list(incoming.iterdir())
    every_row_has_its_file()


def test_two_at_once_leave_one_file_with_its_checksum(filled):
    paths = [goods.write(filled.folder / str(n), "sci", goods.science({"MAGZP": 20.0 + n})) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: filled.ingest(path, "--origin", "ztf"), paths))
    every_row_has_its_file()
    assert ScienceImage.objects.get().magzp in (20.0, 21.0, 22.0, 23.0)


def test_a_full_disk_refuses_and_changes_nothing(filled, tmp_path):
    before = filled.state()
    path = goods.write(filled.folder / "new", "sci", goods.science(SECOND["sci"]))
    shell = ("-c", f"ulimit -f 100; exec {sys.executable} manage.py ingest {path} --origin ztf -v0")
    done = subprocess.run(
        ["/bin/bash", *shell], env=servers.environment(), cwd=settings.BASE_DIR, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert filled.state() == before
    assert QuarantinedFile.objects.get().ours  # nothing is wrong with the file
    filled.ingest(path, "--origin", "ztf")
    assert ScienceImage.objects.get().magzp == SECOND["sci"]["MAGZP"]


def test_what_the_database_refuses_is_named_and_the_run_goes_on(empty):
    """A fault that no check foresees: the database itself does not take the mask's row."""
    kinds = ("sci", "mask", "log")
    paths = [goods.write(empty.folder, kind) for kind in kinds]
    with owner() as cursor:
        cursor.execute(
            "CREATE FUNCTION no_masks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no masks today'; END $$;"
            "CREATE TRIGGER no_masks BEFORE INSERT ON archive_productfile FOR EACH ROW "
            "WHEN (NEW.path LIKE '%mskimg%') EXECUTE FUNCTION no_masks()"
        )
    try:
        said = empty.ingest(empty.folder, "--origin", "ztf", ok=False)
    finally:
        with owner() as cursor:
            cursor.execute("DROP TRIGGER no_masks ON archive_productfile; DROP FUNCTION no_masks()")
    assert f"refused: {paths[1].name}: cannot be registered (no masks today)" in said.stderr
    assert "Traceback" not in said.stderr
    row = QuarantinedFile.objects.get()
    assert (row.name, row.ours) == (paths[1].name, True)
    assert {one.name for one in ProductFile.objects.all()} == {paths[0].name, paths[2].name}
    every_row_has_its_file()
    empty.ingest(empty.folder, "--origin", "ztf")
    assert ProductFile.objects.count() == 3


def test_a_file_that_cannot_get_its_name_does_not_end_the_run(filled):
    """A leftover of an interruption is in the way: a folder that has the file's name."""
    row = ProductFile.objects.get(path__endswith="_sciimg.fits")
    private = f"{storage.INCOMING}/left/{row.name}"
    storage.absolute(private).parent.mkdir(parents=True)
    row.on_disk.rename(storage.absolute(private))
    row.on_disk.mkdir()
    with owner() as cursor:
        cursor.execute("UPDATE archive_productfile SET stored_as = %s WHERE id = %s", [private, row.pk])
    later = goods.candidate(candid=goods.CANDID + 5)
    filled.ingest(goods.write(filled.folder, "alert", goods.alert(later), "later.avro"), "--origin", "ztf")
    assert Alert.objects.filter(pk=later["candid"]).exists()
    every_row_has_its_file()
    storage.absolute(row.path).rmdir()
    assert placing.settle_all() == 1
    every_row_has_its_file()
