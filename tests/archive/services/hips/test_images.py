"""Coverage of images: the kept parts of public references are used, and never show more than the reader may see."""

import os

import numpy as np
import pytest

from archive.access.reading import ANYONE, Reader, reading
from archive.files import storage
from archive.models import ReferenceImage
from archive.models.images import CORNERS
from archive.services.hips import coverage, images, kept, sync
from archive.services.hips.models import Member
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PATH = "hips/coverage/ref-zr.npz"
CLOSED = {"programid": 2, "public_date": None}
MEMBER = Reader(frozenset({2}))


@pytest.fixture(scope="module")
def references(committed, archive_root):
    """Two quadrants of each of three public fields, and a field of the partnership's."""
    for field, ra in ((655, 55.0), (656, 65.0), (657, 75.0)):
        for rcid in (50, 51):
            factories.reference_image(rcid, field, ra)
    factories.reference_image(50, 658, 85.0, **CLOSED)
    yield
    ReferenceImage.objects.all().delete()


@pytest.fixture(autouse=True)
def computed(references, monkeypatch):
    """How many footprints were computed; nothing is kept before."""
    storage.absolute(PATH).unlink(missing_ok=True)
    asked, compute = [], coverage.of_footprints
    monkeypatch.setattr(coverage, "of_footprints", lambda part: asked.append(len(part)) or compute(part))
    return asked


def seen(reader: Reader):
    with reading(reader):
        return images.of_images("ref", "zr")


def whole(**among):
    """The coverage of all footprints at once."""
    rows = ReferenceImage.objects.using("default").filter(**among).values_list(*CORNERS)
    return coverage.of_footprints(np.array(rows, np.float64))


def test_what_is_kept_is_the_same_sky_and_is_not_computed_again(computed):
    first = seen(ANYONE)
    assert first == whole(programid=1) and not first.empty()
    images.keep("zr")
    computed.clear()
    assert seen(ANYONE) == first and computed == []


def test_a_member_s_own_field_is_computed_and_nobody_else_sees_it(computed):
    images.keep("zr")
    public, every = whole(programid=1), whole()
    computed.clear()
    assert seen(MEMBER) == every != public and computed == [1]
    assert seen(ANYONE) == public


def test_what_is_not_public_is_not_seen_though_its_part_is_kept(computed):
    with reading(MEMBER):
        storage.absolute(PATH).parent.mkdir(parents=True, exist_ok=True)
        storage.absolute(PATH).write_bytes(images._parts("ref", "zr").written())
    public = whole(programid=1)
    computed.clear()
    assert seen(ANYONE) == public and computed == []


def test_parts_are_kept_again_when_references_came_and_the_last_time_is_long_ago():
    path = storage.absolute(PATH)
    images.keep_where_changed("zr")
    assert not path.exists()  # the tiles show none yet
    member = Member.objects.create(rfid=1, filtercode="zr")
    images.keep_where_changed("zr")
    assert path.exists()
    nothing = kept.Parts({}).written()
    path.write_bytes(nothing)
    images.keep_where_changed("zr")
    assert path.read_bytes() == nothing  # too soon
    earlier = member.made.timestamp() - 2 * images.AT_MOST_EVERY
    os.utime(path, (earlier, earlier))
    images.keep_where_changed("zr")
    assert len(kept.read(path.read_bytes()).ranges) == 3


def test_the_periodic_task_keeps_them(references):
    Member.objects.create(rfid=1, filtercode="zr")
    sync.follow_dates()
    assert storage.absolute(PATH).is_file()
