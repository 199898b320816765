"""Releases: what one holds, opening it, taking it back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access.audit import Actor
from archive.access.reading import ANYONE, Reader, reading
from archive.files import storage
from archive.models import (
    AuditEntry,
    Exposure,
    Family,
    OwnDate,
    ProductFile,
    RawImage,
    Release,
    ReleaseFile,
    ScienceImage,
)
from archive.releases import BadReleaseError, FilesNotWholeError, freeze, holdings, manifest, preview, publish, withdraw
from archive.releases.rights import keep_open
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
CLOSED = {"programid": 2, "public_date": None}
NIGHT = date(2020, 9, 24)
ME = Actor("tester", "192.0.2.7")
FUTURE, PAST = datetime.now(UTC) + timedelta(days=30), datetime(2020, 1, 1, tzinfo=UTC)


def release_of(name="dr1", programs=(2,), nights=(NIGHT, NIGHT), **values) -> Release:
    release = Release.objects.create(
        name=name, title=name.upper(), first_night=nights[0], last_night=nights[1], **values
    )
    release.programs.set(programs)
    return release


def image_with_file(day=0, rights=None, **values) -> tuple[ScienceImage, ProductFile]:
    """An image of a night whose sciimg lies in the tree."""
    rights = CLOSED if rights is None else rights
    image = factories.science_image(factories.exposure(jd=factories.JD + day, **rights), **values)
    path = f"sci/test/{image.pid}_sciimg.fits"
    with storage.new_file(path) as temporary:
        temporary.write_bytes(b"pixels of %d" % image.pid)
    stored = storage.stored(path)
    file = factories.product_file(path=path, product_id=image.pid, size=stored.size, sha256=stored.sha256, **rights)
    return image, file


def date_of(row):
    return type(row).objects.values_list("public_date", flat=True).get(pk=row.pk)


def test_publishing_opens_the_nights_of_a_release_and_withdrawing_gives_every_row_its_own_date_back():
    (inside, file), (after, file_after) = image_with_file(), image_with_file(day=1)
    dated, _ = image_with_file(rights={"programid": 2, "public_date": FUTURE})
    release = freeze(release_of(), ME)
    opened = publish(release, ME)
    assert (opened["archive_scienceimage"], opened["archive_productfile"], opened["archive_exposure"]) == (2, 2, 2)
    assert date_of(inside) == date_of(file) == date_of(dated) <= datetime.now(UTC)
    assert date_of(after) is date_of(file_after) is None
    withdraw(release, ME)
    assert date_of(inside) is date_of(file) is date_of(inside.exposure) is None
    assert date_of(dated) == FUTURE
    assert not OwnDate.objects.exists()


def test_actions_need_the_right_state_and_say_so():
    image_with_file()
    release = release_of()
    with pytest.raises(BadReleaseError, match="dr1 is draft: it must be frozen or withdrawn"):
        publish(release, ME)
    release = freeze(release, ME)
    with pytest.raises(BadReleaseError, match="dr1 is frozen: it must be draft"):
        freeze(release, ME)
    with pytest.raises(BadReleaseError, match="dr1 is frozen: it must be public"):
        withdraw(release, ME)
    publish(release, ME)
    with pytest.raises(BadReleaseError, match="dr1 is public"):
        publish(release, ME)
    with pytest.raises(BadReleaseError, match="selects nothing"):
        freeze(release_of("empty", nights=(date(2019, 1, 1), date(2019, 1, 2))), ME)


def test_a_release_with_a_damaged_or_missing_file_is_not_frozen():
    image, file = image_with_file()
    storage.absolute(file.path).write_bytes(b"Pixels of %d" % image.pid)
    release = release_of()
    with pytest.raises(FilesNotWholeError, match=f"{image.pid}_sciimg.fits: is damaged"):
        freeze(release, ME)
    storage.absolute(file.path).unlink()
    with pytest.raises(FilesNotWholeError, match="is missing"):
        freeze(release, ME)
    release.refresh_from_db()
    assert release.state == "draft"


def test_a_preview_says_what_would_open_and_changes_nothing():
    image, file = image_with_file()
    image_with_file(rights=factories.PUBLIC | {"programid": 2})
    release = release_of()
    found = preview(release)
    assert (found.files, found.opened_files) == (2, 1)
    assert found.opened_size == file.size
    assert found.opened["archive_scienceimage"] == 1
    assert [one.pid for one in found.footprints] == [image.pid]
    assert date_of(image) is None
    assert not release.items.exists()
    frozen = freeze(release, ME)
    again, names = preview(frozen), ("files", "size", "opened_files", "opened_size", "opened")
    assert [getattr(again, name) for name in names] == [getattr(found, name) for name in names]


def test_what_a_release_holds_is_fixed_when_it_is_frozen():
    image, file = image_with_file()
    release = freeze(release_of(), ME)
    late, late_file = image_with_file()
    beside = factories.product_file(product_id=image.pid, **CLOSED)
    publish(release, ME)
    assert date_of(late) is date_of(late_file) is date_of(beside) is None
    with pytest.raises(DatabaseError, match="release dr1 is frozen"), transaction.atomic():
        ReleaseFile.objects.filter(release=release).update(size=1)
    with pytest.raises(DatabaseError, match="release dr1 is frozen"), transaction.atomic():
        release.items.all().delete()


def test_the_manifest_names_every_file_with_its_checksum_and_has_one_itself(tmp_path):
    _, file = image_with_file()
    release = freeze(release_of(), ME)
    lines = b"".join(manifest.as_csv(release)).decode().splitlines()
    assert lines[0] == "path,size,sha256,family,product_id,programid"
    assert lines[1] == f"{file.path},{file.size},{file.sha256},sci,{file.product_id},2"
    assert release.manifest_sha256 == manifest.checksum(release)
    import pyarrow.parquet as pq

    with (tmp_path / "manifest.parquet").open("wb") as target:
        manifest.write_parquet(release, target)
    assert pq.read_table(tmp_path / "manifest.parquet").to_pylist()[0]["sha256"] == file.sha256


def test_cuts_and_families_choose_what_a_release_holds():
    good, _ = image_with_file(seeing=1.8, maglimit=20.5, infobits=0)
    image_with_file(seeing=3.5)
    image_with_file(maglimit=18.0)
    image_with_file(infobits=4)
    image_with_file(seeing=None)
    raw = RawImage.objects.create(exposure=good.exposure, ccdid=1, **CLOSED)
    cuts = {"largest_seeing": 2.5, "least_maglimit": 19.0, "rejected_bits": 4 | 64}
    release = freeze(release_of(families=["sci"], **cuts), ME)
    assert list(release.items.filter(kind="sci").values_list("key", flat=True)) == [good.pid]
    publish(release, ME)
    assert date_of(raw) is None
    release = freeze(release_of("frames", families=["raw"]), ME)
    publish(release, ME)
    assert date_of(raw) is not None
    assert ScienceImage.objects.exclude(public_date=None).count() == 1


def test_every_action_is_written_down_and_nobody_can_change_that():
    image_with_file()
    before = list(AuditEntry.objects.values_list("pk", flat=True))
    release = freeze(release_of(), ME)
    publish(release, ME)
    withdraw(release, ME)
    written = AuditEntry.objects.exclude(pk__in=before).order_by("pk")
    entries = list(written.values_list("who", "address", "action", "target"))
    assert entries == [(ME.who, ME.address, f"release.{verb}", "dr1") for verb in ("freeze", "publish", "withdraw")]
    assert written.get(action="release.publish").after["opened"]["archive_scienceimage"] == 1
    for statement in (
        lambda: AuditEntry.objects.update(who="nobody"),
        lambda: AuditEntry.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="rows are only added"), transaction.atomic():
            statement()


def test_what_is_registered_again_while_a_release_holds_it_stays_open_until_it_is_withdrawn():
    image, _ = image_with_file()
    release = freeze(release_of(), ME)
    publish(release, ME)
    image.public_date = FUTURE
    image.save()
    keep_open(image)
    assert date_of(image) <= datetime.now(UTC)
    withdraw(release, ME)
    assert date_of(image) == FUTURE


def test_the_command_does_what_the_pages_do(capsys):
    image, _ = image_with_file()
    call_command("release", "create", "dr9", "--programs", "2", "--nights", "2020-09-24", "2020-09-24")
    for action in ("preview", "freeze", "publish"):
        call_command("release", action, "dr9")
    assert date_of(image) is not None
    call_command("release", "manifest", "dr9")
    assert f"{image.pid}_sciimg.fits" in capsys.readouterr().out
    call_command("release", "withdraw", "dr9")
    assert date_of(image) is None


@pytest.fixture
def quiet(monkeypatch):
    """Files of these rows do not lie in the tree."""
    monkeypatch.setattr(storage, "check_whole", lambda *file: None)


DATES = (None, PAST, FUTURE)
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([1, 2, 3]), st.sampled_from(DATES)), min_size=1, max_size=5
)
RELEASES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 2),
        st.sets(st.sampled_from([1, 2, 3]), min_size=1),
        st.sets(st.sampled_from([Family.RAW, Family.SCI, Family.DIFF]), min_size=1),
    ),
    min_size=1,
    max_size=3,
)
STEPS = st.lists(st.tuples(st.sampled_from(["publish", "withdraw"]), st.integers(0, 2)), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, wanted=RELEASES, steps=STEPS)
def test_after_any_publishing_and_withdrawing_every_row_is_as_open_as_a_plain_model_says(quiet, rows, wanted, steps):
    with transaction.atomic():
        made = []
        for day, programid, own in rows:
            rights = {"programid": programid, "public_date": own}
            image = factories.science_image(factories.exposure(jd=factories.JD + day, **rights))
            raw = RawImage.objects.create(exposure=image.exposure, ccdid=13, **rights)
            files = {f: factories.product_file(family=f, product_id=image.pid, **rights) for f in ("sci", "diff")}
            files["raw"] = factories.product_file(family="raw", product_id=image.exposure_id, **rights)
            made.append((day, programid, own, image, raw, files))
        releases, state = [], []
        for number, (first, last, programs, families) in enumerate(wanted):
            nights = [NIGHT + timedelta(days=day) for day in sorted((first, last))]
            release = release_of(f"r{number}", sorted(programs), nights, families=sorted(families))
            try:
                releases.append((sorted((first, last)), programs, families, freeze(release, ME, check=lambda *f: None)))
                state.append(False)
            except BadReleaseError:
                pass
        for verb, number in steps:
            if number < len(releases) and state[number] == (verb == "withdraw"):
                {"publish": publish, "withdraw": withdraw}[verb](releases[number][-1], ME)
                state[number] = verb == "publish"

        def is_open(day, programid, own, needs) -> bool:
            by_release = any(
                public and first <= day <= last and programid in programs and needs & families
                for ((first, last), programs, families, _), public in zip(releases, state, strict=True)
            )
            return own == PAST or by_release

        now = datetime.now(UTC)
        for day, programid, own, image, raw, files in made:
            wholes = {Family.RAW, Family.SCI, Family.DIFF}
            expected = [(image, wholes - {Family.RAW}), (image.exposure, wholes), (raw, {Family.RAW})]
            expected += [(file, {Family(family)}) for family, file in files.items()]
            for row, needs in expected:
                found = date_of(row)
                assert (found is not None and found <= now) == is_open(day, programid, own, needs), row
                if not any(state):
                    assert found == own
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def draft(committed):
    """A closed image of the release's night, seen by the reader's connection."""
    image = factories.science_image(factories.exposure(**CLOSED))
    release = release_of("seen")
    yield release, image
    release.delete()
    Exposure.objects.all().delete()


def test_a_draft_and_its_counts_are_for_those_who_read_all_of_its_programs(draft):
    release, _ = draft
    with reading(ANYONE):
        assert not Release.objects.exists()
        assert holdings(release)["science images"] == 0
    with reading(Reader(frozenset({2}))):
        assert Release.objects.get() == release
        assert holdings(release)["science images"] == 1
    with reading(Reader(frozenset({3}))):
        assert not Release.objects.exists()
