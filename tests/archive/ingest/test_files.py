"""Taking files in: what is whole is found, what is broken is refused with its reason."""

import shutil

import fastavro
import pytest
from astropy.io import fits

from archive.ingest import RefusedError, ingest
from archive.models import Alert, ProductFile, ReferenceImage, ScienceImage
from archive.search import query
from archive.search.query import ImageQuery

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SCIIMG = "images/ztf_20200924431759_000655_zr_c13_o_q3_sciimg.fits"
MSKIMG = "images/ztf_20200924431759_000655_zr_c13_o_q3_mskimg.fits"


@pytest.mark.realdata
def test_the_real_quadrant_keeps_its_identifiers_and_is_found_by_position(real_data):
    assert ingest(real_data / SCIIMG, "ztf").rows == 1
    image = query.images(ImageQuery(ra=58.0, dec=35.7)).get()
    assert (image.pid, image.exposure_id, image.nid, image.origin) == (1362431775015, 136243177, 1362, "ztf")
    assert image.magzp == pytest.approx(26.285139)
    assert image.seeing == pytest.approx(1.241 * 1.012, rel=0.001)  # the header counts pixels


@pytest.mark.realdata
def test_a_mask_without_its_science_image_is_refused_and_with_it_taken(real_data):
    with pytest.raises(RefusedError, match="take in its sciimg.fits first"):
        ingest(real_data / MSKIMG, "ztf")
    ingest(real_data / SCIIMG, "ztf")
    ingest(real_data / MSKIMG, "ztf")
    assert ProductFile.objects.filter(product_id=1362431775015).count() == 2


@pytest.mark.realdata
def test_taking_a_file_twice_changes_nothing(real_data):
    ingest(real_data / SCIIMG, "ztf")
    before = ScienceImage.objects.values().get(), ProductFile.objects.values("path", "sha256").get()
    ingest(real_data / SCIIMG, "ztf")
    assert before == (ScienceImage.objects.values().get(), ProductFile.objects.values("path", "sha256").get())


@pytest.mark.realdata
def test_a_truncated_image_is_refused_and_leaves_no_row(real_data, tmp_path):
    broken = tmp_path / SCIIMG.split("/")[1]
    with (real_data / SCIIMG).open("rb") as whole:
        broken.write_bytes(whole.read(10_000_000))
    with pytest.raises(RefusedError, match="not a whole FITS file"):
        ingest(broken, "ztf")
    assert not ScienceImage.objects.exists()
    assert not ProductFile.objects.exists()


def test_a_flipped_bit_is_refused_by_its_checksum(tmp_path):
    path = tmp_path / "ztf_20200924431759_000655_zr_c13_o_q3_sciimg.fits"
    fits.PrimaryHDU([[1, 2], [3, 4]]).writeto(path, checksum=True)
    content = bytearray(path.read_bytes())
    content[2880] ^= 1
    path.write_bytes(content)
    with pytest.raises(RefusedError, match="(?i)checksum|datasum"):
        ingest(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.txt", b"hello", "named like no product, and is no forced photometry"),
        ("notes.md", b"hello", "a product is named like"),
        ("ztf_20200924431759_000655_zr_c13_o.fits.fz", b"", "the file is empty"),
        ("ztf_20200924431759_000655_zr_c13_o.fits.fz", b"<html>404</html>", "not a whole FITS file"),
        ("ztf_20200924431759_000655_zr_c99_o.fits.fz", b"x", "ccdid=99"),
        ("alert.avro", b"Obj\x01nonsense", "does not decode as Avro"),
        ("table.csv", b"a,b\n1,2\n", "not a table of reference metadata"),
    ],
)
def test_what_is_no_product_is_refused_with_the_reason(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RefusedError, match=reason):
        ingest(path)


def test_avro_of_something_else_is_no_alert(tmp_path):
    path = tmp_path / "other.avro"
    schema = {"type": "record", "name": "thing", "fields": [{"name": "a", "type": "int"}]}
    with path.open("wb") as file:
        fastavro.writer(file, schema, [{"a": 1}])
    with pytest.raises(RefusedError, match="no ZTF alert"):
        ingest(path)


@pytest.mark.realdata
def test_real_alerts_are_found_by_position_with_their_stamps(real_data):
    from archive.products.alert_packets import packet_of

    path = real_data / "alerts" / "558335165415010028.avro"
    ingest(path, "ztf")
    alert = Alert.objects.within(284.9650303, 13.9737231, 1 / 3600).get()
    assert (alert.candid, alert.origin, alert.isdiffpos) == (558335165415010028, "ztf", False)
    packet = packet_of(alert)
    assert packet["objectId"] == alert.objectid
    assert packet["cutoutScience"]["stampData"][:2] == b"\x1f\x8b"  # gzip


@pytest.mark.realdata
def test_reference_metadata_never_overwrites_what_was_made_here(real_data, tmp_path):
    import gzip

    with gzip.open(real_data / "metadata" / "irsa_ref_metadata.csv.gz", "rt") as table:
        lines = [next(table) for _ in range(101)]
    path = tmp_path / "refs.csv"
    path.write_text("".join(lines))
    assert ingest(path, "ztf").rows == 100
    ReferenceImage.objects.filter(rfid=1241120252).update(origin="ours", nframes=7)
    assert ingest(path, "ztf").rows == 99
    assert ReferenceImage.objects.get(rfid=1241120252).nframes == 7


def test_a_damaged_file_does_not_keep_the_others_out(tmp_path, capsys):
    from django.core.management import CommandError, call_command

    (tmp_path / "bad.avro").write_bytes(b"junk")
    with pytest.raises(CommandError, match="1 files were not taken"):
        call_command("ingest", tmp_path, verbosity=0)
    said = capsys.readouterr()
    assert "refused: bad.avro" in said.err
    assert "refused: 1" in said.out


def test_a_copy_in_the_tree_is_complete_or_absent(archive_root, tmp_path, monkeypatch):
    from archive.files import storage

    source = tmp_path / "file.bin"
    source.write_bytes(b"x" * 1000)

    def breaks(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(shutil, "copyfile", breaks)
    with pytest.raises(OSError, match="disk full"):
        storage.copy_in(source, "a/b/file.bin")
    assert not (archive_root / "a").exists()
    assert not list((archive_root / storage.INCOMING).glob("*/file.bin"))


@pytest.mark.parametrize("path", ["../etc/passwd", "/etc/passwd", "a/../../b", ""])
def test_no_path_leads_out_of_the_tree(path):
    from archive.files import storage

    with pytest.raises(storage.NotInArchiveError):
        storage.absolute(path)
