"""The HiPS on disk and over HTTP: made in parts, the same however it was made, and only of what is public."""

import hashlib
import io
import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import Error, connections
from django.test import Client
from django_q.models import OrmQ
from mocpy import MOC
from PIL import Image

from archive.access.audit import Actor
from archive.access.reading import ANYONE, PARTNERSHIP, Reader, reading
from archive.files import storage
from archive.models import Membership, ProductFile, ReferenceImage, Release, ReleaseFile, ReleaseItem
from archive.releases import publish, withdraw
from archive.services.hips import describe, survey, sync, tiles
from archive.services.hips.models import Member, MemberTile
from processing.executive import runners
from processing.models import Job
from tests import factories
from tests.archive.services.hips.conftest import FUTURE, PAST, forget, reference

ORDER = 9


@pytest.fixture(autouse=True)
def empty_tree(archive_root):
    yield
    shutil.rmtree(archive_root / "hips", ignore_errors=True)


@pytest.fixture
def client():
    return Client(headers={"host": "localhost"})


def tree() -> dict[str, bytes]:
    root = storage.absolute("hips/zr")
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def state() -> dict[str, str]:
    """Every file's checksum, to be compared: bytes would fill pages where they differ."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in tree().items()}


def rights(images, **values) -> None:
    numbers = [image.rfid for image in images]
    ReferenceImage.objects.filter(pk__in=numbers).update(**values)
    ProductFile.objects.filter(family="ref", product_id__in=numbers).update(**values)


def finest() -> dict[int, np.ndarray]:
    found = {}
    for path in storage.absolute("hips/zr").glob(f"Norder{ORDER}/*/*.fits"):
        found[int(path.stem.removeprefix("Npix"))] = tiles.from_fits(path.read_bytes())
    return found


def brightest() -> float:
    return max(np.nanmax(tile) for tile in finest().values())


def test_a_hips_has_all_that_viewers_ask_for(public):
    made = survey.refresh("zr")
    files = tree()
    assert made.references == 2 and made.tiles == len([name for name in files if "Npix" in name]) / 2
    assert {"properties", "Moc.fits", "Norder3/Allsky.jpg", "Norder3/Allsky.fits"} <= files.keys()
    values = describe.read(files["properties"].decode())
    mandatory = ("creator_did", "obs_title", "dataproduct_type", "hips_version", "hips_release_date", "hips_status")
    assert all(values[name] for name in (*mandatory, "hips_frame", "hips_order", "hips_tile_format"))
    assert (values["hips_frame"], values["hips_order"], values["dataproduct_type"]) == ("equatorial", "9", "image")
    for order in range(ORDER + 1):
        assert any(name.startswith(f"Norder{order}/") and name.endswith(".jpg") for name in files)


def test_a_second_update_finds_nothing_to_do(public):
    survey.refresh("zr")
    before = state()
    assert survey.refresh("zr") == survey.Made(0, 0, 0)
    assert state() == before


def test_any_history_of_updates_ends_with_the_same_bytes(public):
    survey.refresh("zr")
    at_once = state()
    shutil.rmtree(storage.absolute("hips/zr"))
    Member.objects.all().delete()
    for image in reversed(public):
        survey.refresh("zr", [image.rfid])
    assert state() == at_once
    other = reference(22, 51.30, 18.6)
    survey.refresh("zr", [other.rfid])
    assert state() != at_once
    forget(other)
    survey.refresh("zr")
    assert state() == at_once


def test_lost_tiles_are_made_again_byte_for_byte(public):
    survey.refresh("zr")
    before = state()
    shutil.rmtree(storage.absolute("hips/zr"))
    call_command("hips", "zr", "--anew", verbosity=0)
    assert state() == before
    with pytest.raises(CommandError, match="FILTER=zz: use zg, zr, zi"):
        call_command("hips", "zz")


def test_an_update_writes_only_the_tiles_of_the_reference_and_their_parents(public):
    survey.refresh("zr", [public[0].rfid])
    times = {path: path.stat().st_mtime_ns for path in storage.absolute("hips/zr").rglob("Npix*.fits")}
    far = reference(23, 60.0, 18.5)
    survey.refresh("zr", [far.rfid])
    touched = {path for path, time in times.items() if path.stat().st_mtime_ns != time}
    assert all(int(path.parts[-3].removeprefix("Norder")) < 6 for path in touched)
    forget(far)


def test_a_run_that_died_is_finished_by_the_next(public, monkeypatch):
    survey.refresh("zr")
    whole = state()
    shutil.rmtree(storage.absolute("hips/zr"))
    Member.objects.all().delete()
    write = survey._Writer._put

    def dies(self, order, cell, tile):
        if order == 5:
            raise OSError("disk full")
        write(self, order, cell, tile)

    monkeypatch.setattr(survey._Writer, "_put", dies)
    with pytest.raises(OSError, match="disk full"):
        survey.refresh("zr")
    monkeypatch.undo()
    assert set(Member.objects.values_list("digest", flat=True)) == {""}
    survey.refresh("zr")
    assert state() == whole


def test_nothing_of_a_reference_that_is_not_public_gets_into_tiles_or_coverage(public, hidden):
    survey.refresh("zr")
    assert brightest() < 600
    assert set(Member.objects.values_list("rfid", flat=True)) == {image.rfid for image in public}
    with_hidden = state()
    forget(*hidden)
    shutil.rmtree(storage.absolute("hips/zr"))
    Member.objects.all().delete()
    survey.refresh("zr")
    assert state() == with_hidden


def test_a_public_file_of_a_hidden_reference_is_not_enough_nor_a_hidden_file_of_a_public_one(public):
    numbers = [image.rfid for image in public]
    ProductFile.objects.filter(product_id=numbers[1], family="ref").update(public_date=FUTURE)
    ReferenceImage.objects.filter(pk=numbers[0]).update(public_date=FUTURE)
    assert survey.refresh("zr") == survey.Made(0, 0, 0)
    assert not Member.objects.exists()


def test_a_withdrawn_reference_is_kept_back_at_once_and_then_leaves_the_tiles(public, client):
    survey.refresh("zr")
    cells = {image.rfid: set(image_cells(image.rfid)) for image in public}
    shared = cells[public[0].rfid] & cells[public[1].rfid]
    own = (cells[public[0].rfid] - shared).pop()
    rights(public[1:], public_date=FUTURE)
    for cell in cells[public[1].rfid]:
        assert client.get(address(cell)).status_code == 404
    assert client.get(address(own)).status_code == 200
    for name in ("properties", "Moc.fits", "Norder3/Allsky.jpg", "Norder3/Allsky.fits", "Norder0/Dir0/Npix4.fits"):
        assert client.get(f"/hips/zr/{name}").status_code == 404
    assert client.get("/hips/?format=json").json()["count"] == 0
    assert b"references" not in client.get("/hips/hipslist").content
    survey.refresh("zr")
    assert brightest() < 110
    assert client.get("/hips/zr/Moc.fits").status_code == 200
    assert client.get("/hips/?format=json").json()["count"] == 1


def test_a_reference_that_is_gone_takes_its_tiles_with_it(public, client):
    survey.refresh("zr")
    forget(*public)
    assert client.get("/hips/zr/properties").status_code == 404
    survey.refresh("zr")
    assert not any("Npix" in name for name in tree())
    assert not MemberTile.objects.exists()
    assert client.get("/hips/zr/properties").status_code == 404


def test_who_may_see_a_withdrawn_reference_gets_an_answer_that_no_shared_cache_keeps(public, client):
    survey.refresh("zr")
    rights(public, programid=PARTNERSHIP, public_date=FUTURE)
    partner = User.objects.create_user("hips-partner")
    Membership.objects.create(user=partner, program_id=PARTNERSHIP, until=datetime.now(UTC) + timedelta(days=1))
    cell = image_cells(public[0].rfid)[0]
    assert client.get(address(cell)).status_code == 404
    client.force_login(partner)
    answer = client.get(address(cell))
    assert answer.status_code == 200 and answer["Cache-Control"].startswith("private")
    assert "Access-Control-Allow-Origin" not in answer
    partner.delete()


def test_public_tiles_may_be_cached_and_are_not_sent_twice(public, client):
    survey.refresh("zr")
    answer = client.get(address(image_cells(public[0].rfid)[0]))
    assert answer["Cache-Control"] == "public, max-age=3600" and answer["Content-Type"] == "image/jpeg"
    assert answer["Access-Control-Allow-Origin"] == "*"
    again = client.get(address(image_cells(public[0].rfid)[0]), headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304


def test_our_own_map_gets_an_empty_picture_for_a_tile_that_there_is_not_or_that_is_hidden(public, client):
    survey.refresh("zr")
    cell = image_cells(public[0].rfid)[0]
    rights(public, public_date=FUTURE)
    for site, status in (("", 404), ("cross-site", 404), ("same-origin", 200)):
        headers = {"Sec-Fetch-Site": site}
        hidden, absent = client.get(address(cell), headers=headers), client.get(address(1), headers=headers)
        assert (hidden.status_code, absent.status_code) == (status, status)
    assert hidden.content == absent.content and hidden["Cache-Control"] == "no-store"
    with Image.open(io.BytesIO(hidden.content)) as picture:
        assert picture.size == (tiles.SIDE, tiles.SIDE) and picture.getextrema()[3] == (0, 0)
    assert client.get(address(1, "fits"), headers={"Sec-Fetch-Site": "same-origin"}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "zr/Norder9/Dir0/Npix99999999999999999.jpg",
        "zr/Norder30/Dir0/Npix1.jpg",
        "zr/Norder9/Dir10000/Npix1.jpg",
        "zr/../zr/properties.bak",
        "zz/properties",
        "zr/members.json",
    ],
)
def test_what_is_no_tile_is_not_found(public, client, path):
    survey.refresh("zr")
    assert client.get(f"/hips/{path}").status_code == 404


def test_coverage_is_of_the_images_that_the_reader_may_see(public, hidden, client):
    far = reference(40, 200.0, 40.0, programid=PARTNERSHIP, public_date=None)
    answer = client.get("/moc/references/zr.json").json()
    moc = MOC.from_json(answer)
    degree = tiles.u.deg
    assert moc.contains_lonlat([51.30, 51.38] * degree, [18.5, 18.5] * degree).all()
    assert not moc.contains_lonlat([200.0] * degree, [40.0] * degree).any()
    with reading(Reader(frozenset({PARTNERSHIP}))):
        assert ReferenceImage.objects.filter(pk=far.pk).exists()
    member = User.objects.create_user("moc-partner")
    Membership.objects.create(user=member, program_id=PARTNERSHIP)
    client.force_login(member)
    seen = MOC.from_json(client.get("/moc/references/zr.json").json())
    assert seen.contains_lonlat([200.0] * degree, [40.0] * degree).all()
    member.delete()
    forget(far)


def test_a_job_puts_a_new_reference_into_the_tiles(public):
    job = Job(pipeline="hips", key="x", nid=1, parameters={"field": 557, "rcid": 20, "fid": 2})
    outcome = runners.run(job)
    assert outcome.measurements["tiles"] > 0
    assert set(Member.objects.values_list("rfid", flat=True)) == {public[0].rfid}


def address(cell: int, form: str = "jpeg") -> str:
    return f"/hips/zr/{tiles.path(ORDER, cell, form)}"


def image_cells(rfid: int) -> list[int]:
    present = finest()
    cells = MemberTile.objects.filter(member=rfid).order_by("cell").values_list("cell", flat=True)
    return [cell for cell in cells if cell in present]


def test_what_came_and_what_went_is_found_and_brought_in_step(public, hidden):
    assert sync.out_of_date("zr") == {image.rfid for image in public}
    assert sync.catch_up("zr").references == len(public)
    assert sync.out_of_date("zr") == set() and sync.follow_dates() == []
    rights(public[1:], public_date=FUTURE)
    rights(hidden[1:2], public_date=PAST)
    assert sync.out_of_date("zr") == {public[1].rfid, hidden[1].rfid}
    assert sync.follow_dates() == ["zr"]
    carry_out_queue()
    assert set(Member.objects.values_list("rfid", flat=True)) == {public[0].rfid, hidden[1].rfid}
    assert sync.follow_dates() == []


def test_publishing_and_withdrawing_a_release_renews_the_tiles(public, hidden):
    survey.refresh("zr")
    closed = hidden[1]
    release = Release.objects.create(name="t", title="t", first_night=date(2018, 1, 1), last_night=date(2030, 1, 1))
    release.programs.set([1])
    ReleaseItem.objects.create(release=release, kind="ref", key=closed.rfid)
    for file in ProductFile.objects.filter(family="ref", product_id=closed.rfid):
        same = {name: getattr(file, name) for name in ("path", "family", "product_id", "programid", "size", "sha256")}
        ReleaseFile.objects.create(release=release, file=file.pk, **same)
    factories.put_release("t", state="frozen", families=["ref"])
    try:
        publish(release, Actor("test"))
        carry_out_queue()
        assert Member.objects.filter(rfid=closed.rfid).exists()
        withdraw(release, Actor("test"))
        carry_out_queue()
        assert not Member.objects.filter(rfid=closed.rfid).exists()
    finally:
        factories.put_release("t", state="draft")
        Release.objects.filter(pk="t").delete()


def carry_out_queue() -> None:
    """Do what was queued for the tiles, as the queue's workers do."""
    for row in OrmQ.objects.all():
        if row.task["func"] == "archive.services.hips.sync.catch_up":
            sync.catch_up(*row.task["args"])
            row.delete()


@pytest.mark.django_db(databases=["default", "reader"])
def test_readers_cannot_ask_which_references_stand_in_which_tiles():
    with pytest.raises(Error, match="permission denied"), reading(ANYONE):
        connections["reader"].cursor().execute("SELECT rfid FROM hips_member")
