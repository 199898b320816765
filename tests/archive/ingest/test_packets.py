"""Alert packets by themselves and in tars, and files that are not what their rows tell."""

import io
import tarfile
from urllib.parse import quote

import pytest

from archive.files import delivery, storage
from archive.files.storage import DamagedFileError
from archive.ingest import RefusedError, Source, door, ingest, ingest_each
from archive.models import Alert, ProductFile, QuarantinedFile, ReferenceImage, ScienceImage
from archive.products.alert_packets import packet_of
from archive.services.vo.obscore.identifiers import prefix
from tests import factories
from tests.archive.ingest import goods, hostile

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
OTHER = goods.candidate(candid=goods.CANDID + 1, magpsf=17.0)


def tar_of(path, members: dict[str, bytes], mode: str = "w:gz", further=()):
    with tarfile.open(path, mode) as tar:
        for entry in further:
            tar.addfile(entry)
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def test_a_packet_file_of_the_same_name_does_not_replace_the_other(tmp_path):
    ingest(goods.write(tmp_path / "a", "alert"), "ztf")
    other = goods.alert(goods.candidate(magpsf=12.0))
    with pytest.raises(RefusedError, match="another packet file of this name"):
        ingest(goods.write(tmp_path / "b", "alert", other), "ztf")
    assert packet_of(Alert.objects.get())["candidate"]["magpsf"] == 18.5
    row = QuarantinedFile.objects.get()
    assert storage.absolute(row.stored_as).read_bytes() == other


def test_a_candidate_that_is_here_keeps_its_packet_and_its_rights(tmp_path):
    ingest(goods.write(tmp_path, "alert"), "ztf")
    Alert.objects.update(programid=2, public_date=None)
    with pytest.raises(RefusedError, match="here with programid=2"):
        ingest(goods.write(tmp_path, "alert", goods.alert(goods.candidate(), OTHER), "both.avro"), "ztf")
    assert Alert.objects.get().programid == 2


def test_a_packet_is_served_only_if_it_is_the_one_asked_for(tmp_path):
    ingest(goods.write(tmp_path, "alert", goods.alert(goods.candidate(), OTHER), "two.avro"), "ztf")
    Alert.objects.filter(pk=goods.CANDID).update(packet_index=1)
    with pytest.raises(DamagedFileError, match="not " + str(goods.CANDID)):
        packet_of(Alert.objects.get(pk=goods.CANDID))


def test_the_packets_of_a_closed_image_are_closed_whatever_they_say(tmp_path):
    exposure = factories.exposure(expid=goods.PID // 10**4, programid=3, public_date=None)
    factories.science_image(exposure, goods.RCID, pid=goods.PID)
    ingest(goods.write(tmp_path, "alert"), "ztf")
    alert = Alert.objects.select_related("packet").get()
    assert {(one.programid, one.public_date) for one in (alert, alert.packet)} == {(3, None)}


@pytest.mark.parametrize(("name", "mode"), [("ztf_public_20200924.tar.gz", "w:gz"), ("night.tar", "w")])
def test_a_tar_is_read_as_a_stream_and_each_packet_by_itself(tmp_path, name, mode):
    link, folder = tarfile.TarInfo(f"{goods.CANDID + 7}.avro"), tarfile.TarInfo("a")
    link.type, link.linkname, folder.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.DIRTYPE
    members = {
        "../../../../etc/evil.avro": goods.alert(goods.candidate(candid=goods.CANDID + 2)),
        f"{goods.CANDID}.avro": goods.alert(),
        "notes.txt": b"hello",
        "broken.avro": b"Obj\x01nonsense",
        "x" * 150 + f"/{OTHER['candid']}.avro": goods.alert(OTHER),
    }
    done = ingest(tar_of(tmp_path / name, members, mode, (link, folder)), "ztf")
    assert done.rows == 3
    assert len(done.refused) == 3
    assert {row.name for row in QuarantinedFile.objects.all()} == {
        f"{name}!{one}" for one in ("notes.txt", "broken.avro", link.name)
    }
    assert ProductFile.objects.filter(path="alert/2020/0924/evil.avro").exists()


@pytest.mark.slow
def test_packets_that_share_a_child_and_a_transaction_are_judged_each_by_itself(tmp_path):
    """The array of a thousand million nulls ends the child that reads it; only its own file is refused for that."""
    bomb = next(one for one in hostile.everything() if one.label == "alert an array of a billion nulls")
    candids = [goods.CANDID + n for n in range(1, 8)]
    members = {f"{one}.avro": goods.alert(goods.candidate(candid=one)) for one in candids}
    members |= {
        "bomb.avro": bomb.put(tmp_path / "bomb").read_bytes(),
        "closed.avro": goods.alert(goods.candidate(candid=goods.CANDID + 8, programid=2)),
        "again.avro": goods.alert(goods.candidate(candid=candids[0])),  # brings nothing new
        "other.avro": goods.alert(goods.candidate(candid=candids[1], magpsf=12.0, programid=3)),
    }
    done = ingest(tar_of(tmp_path / "night.tar.gz", members), "ztf")
    assert done.rows == 8
    assert {row.name for row in QuarantinedFile.objects.all()} == {"night.tar.gz!bomb.avro", "night.tar.gz!other.avro"}
    assert set(Alert.objects.values_list("candid", "programid")) == {
        *((one, 1) for one in candids), (goods.CANDID + 8, 2)
    }  # fmt: skip
    for alert in Alert.objects.select_related("packet"):
        assert alert.packet.programid == alert.programid
        assert packet_of(alert)["candidate"]["candid"] == alert.candid
    assert not ProductFile.objects.exclude(stored_as="").exists()
    incoming = storage.absolute(storage.INCOMING)
    assert not incoming.exists() or not list(incoming.rglob("*.avro"))


def test_a_folder_is_taken_in_its_order_and_each_file_answers_for_itself(tmp_path):
    goods.write(tmp_path, "sci")
    for number in range(3):
        goods.write(tmp_path, "alert", goods.alert(goods.candidate(candid=goods.CANDID + number)), f"{number}.avro")
    goods.write(tmp_path, "alert", b"Obj\x01nonsense", "1b.avro")
    outcomes = list(ingest_each(door.found([tmp_path]), Source("ztf")))
    assert [str(one) if isinstance(one, RefusedError) else (one.family, one.rows) for one in outcomes if one] == [
        ("sci", 1), ("alert", 1), ("alert", 1), "1b.avro: does not decode as Avro (its header: an entry of -56 bytes)",
        ("alert", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [0.3, 0.7])
def test_a_tar_that_ends_early_gives_what_came_before(tmp_path, cut):
    members = {f"{goods.CANDID + n}.avro": goods.alert(goods.candidate(candid=goods.CANDID + n)) for n in range(4)}
    whole = tar_of(tmp_path / "whole.tar", members, "w").read_bytes()[: 4 * 2048 + 4096]
    (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * cut)])
    try:
        done = ingest(tmp_path / "cut.tar", "ztf")
    except RefusedError:
        done = None
    assert done is None or done.refused
    assert QuarantinedFile.objects.filter(name="cut.tar").exists()


def test_a_file_that_is_not_the_registered_one_is_not_handed_out(tmp_path, rf):
    ingest(goods.write(tmp_path, "sci"), "ztf")
    file = ProductFile.objects.get()
    assert delivery.deliver(rf.get("/"), file).status_code == 200
    content = file.on_disk.read_bytes()
    file.on_disk.write_bytes(content[:-1] + b"!")
    with pytest.raises(DamagedFileError, match="is damaged"):
        delivery.deliver(rf.get("/"), file)


def test_metadata_that_names_no_group_is_closed_unless_somebody_says_otherwise(tmp_path):
    ingest(goods.write(tmp_path, "metadata", goods.metadata(ipac_gid=None)), "ztf")
    assert (ReferenceImage.objects.get().programid, ReferenceImage.objects.get().public_date) == (0, None)
    ingest(goods.write(tmp_path, "metadata"), "ztf")
    assert ReferenceImage.objects.get().public_date is None
    assert not ScienceImage.objects.exists()


def test_the_most_closed_quadrant_decides_for_its_exposure():
    import pandas as pd

    from archive.ingest.kinds import rows

    both = []
    for rcid, group in ((50, 1), (51, 2)):
        ccdid, qid = rcid // 4 + 1, rcid % 4 + 1
        one = goods.reference(rcid=rcid, ccdid=ccdid, qid=qid, ipac_gid=group) | {
            "pid": goods.PID // 10**4 * 10**4 + rcid * 100 + 15, "expid": goods.PID // 10**4, "nid": 1362,
            "imgtypecode": "o", "imgtype": "object", "itid": 1, "obsjd": goods.JD, "exptime": 30.0, "seeing": 2.0,
            "filefracday": 20200924431759, "airmass": 1.0, "moonillf": 0.5, "moonesb": 0.0,
            "obsdate": "2020-09-24 10:21:45+00",
        }  # fmt: skip
        both.append(one)
    assert rows.ingest("sci", pd.DataFrame(both)) == 2
    images = {one.rcid: one for one in ScienceImage.objects.select_related("exposure")}
    assert (images[50].programid, images[51].programid) == (1, 2)
    assert (images[50].exposure.programid, images[50].exposure.public_date) == (2, None)


# Last: what is committed here is there for whoever comes after it in this file.
@pytest.mark.slow
def test_whoever_asks_for_a_damaged_file_is_told_so_and_gets_none_of_it(filled, client):
    file = ProductFile.objects.get(path__endswith="_sciimg.fits")
    soda = f"/vo/soda/sync?ID={quote(prefix('sci'))}{file.product_id}"
    for address in (f"/ibe/data/ztf/products/{file.path}", f"/files/{file.path}", soda):
        good = client.get(address)
        assert (address, good.status_code) == (address, 200)
        assert b"".join(good).startswith(b"SIMPLE")
    content = file.on_disk.read_bytes()
    file.on_disk.write_bytes(content[:-1] + b"!")
    for address in (f"/ibe/data/ztf/products/{file.path}", f"/files/{file.path}", soda):
        answer = client.get(address)
        assert (address, answer.status_code) == (address, 500)
        assert b"is damaged" in answer.content and b"SIMPLE" not in answer.content
