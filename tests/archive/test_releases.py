"""Releases: what one holds, and opening it."""

from datetime import date

import pytest

from archive.access import ANYONE, reading
from archive.models import ProductFile, Release, ScienceImage
from archive.releases import ReleaseNotDraft, holdings, publish
from tests import factories

CLOSED = {"programid": 2, "public_date": None}
NIGHT = date(2020, 9, 24)


@pytest.fixture(scope="module")
def archive(committed):
    """A closed image of the release's night with its file, and one of the night after."""
    inside, after = factories.exposure(**CLOSED), factories.exposure(jd=factories.JD + 1, **CLOSED)
    images = [factories.science_image(one) for one in (inside, after)]
    files = [factories.product_file(product_id=image.pid, **CLOSED) for image in images]
    release = Release.objects.create(name="dr1", title="One", first_night=NIGHT, last_night=NIGHT)
    release.programs.set([2])
    yield release, images
    release.delete()
    for row in (*files, *images, inside, after):
        row.delete()


@pytest.mark.django_db(databases=["default", "reader"])
def test_a_draft_shows_nothing_to_anyone_and_publishing_opens_its_nights_only(archive, django_db_blocker):
    release, (inside, after) = archive
    with reading(ANYONE):
        assert holdings(release)["science images"] == 0
    assert holdings(release)["science images"] == 1
    opened = publish(release)
    assert opened["ScienceImage"] == opened["ProductFile"] == opened["Exposure"] == 1
    after.refresh_from_db()
    assert after.public_date is None
    assert ScienceImage.objects.get(pk=inside.pk).public_date is not None
    assert ProductFile.objects.get(product_id=after.pid).public_date is None
    with pytest.raises(ReleaseNotDraft, match="dr1 is public since"):
        publish(release)
