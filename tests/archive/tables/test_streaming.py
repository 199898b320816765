"""Metadata of closed images that a public release lists: of its programs and nights, of no file."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connections

from archive.access.reading import ANYONE, reading
from archive.models import DifferenceImage, Exposure, ProductFile, RawImage, ReferenceImage, Release, ScienceImage
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NIGHT = date(2020, 9, 24)
CLOSED = {"programid": 2, "public_date": None}
IMAGES = (Exposure, RawImage, ScienceImage, DifferenceImage, ReferenceImage)


def products(day: int = 0, **rights):
    """An exposure of the night (or so many days later) with one of each product, all closed."""
    exposure = factories.exposure(jd=factories.JD + day, **rights)
    image = factories.science_image(exposure)
    reference = factories.reference_image(field=600 + len(rights) + day, endobsdate=exposure.obsdate, **rights)
    RawImage.objects.create(exposure=exposure, ccdid=13, **rights)
    DifferenceImage.objects.create(science=image, reference=reference, ncandidates=0, **rights)
    factories.product_file(product_id=image.pid, **rights)
    return SimpleNamespace(exposure=exposure, image=image, reference=reference)


@pytest.fixture(scope="module")
def archive(committed):
    """Products of the release's night and program, of another night, of another program; the release, a draft."""
    made = products(**CLOSED)
    products(day=30, **CLOSED)
    products(day=1, programid=3, public_date=None)
    release = Release.objects.create(
        name="lists", title="Lists", first_night=NIGHT, last_night=NIGHT, families=["lightcurve"], listed=True
    )
    release.programs.set([2])
    return made


def make(**values) -> None:
    """Change the release for good: a test's own transaction is not seen by the reader."""

    def change():
        factories.put_release("lists", **values)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(change).result()


def seen() -> dict[type, list]:
    with reading(ANYONE):
        return {model: list(model.objects.values_list("pk", flat=True)) for model in (*IMAGES, ProductFile)}


@pytest.mark.parametrize("state", ["draft", "frozen", "withdrawn"])
def test_a_release_that_is_not_public_lists_nothing(archive, state):
    make(state=state)
    assert not any(seen().values())


def test_a_public_release_lists_the_images_of_its_programs_and_nights_and_no_file(archive):
    make(state="public")
    found = seen()
    assert found.pop(ProductFile) == []
    assert found.pop(Exposure) == [archive.exposure.pk]
    assert found.pop(ScienceImage) == found.pop(DifferenceImage) == [archive.image.pk]
    assert found.pop(ReferenceImage) == [archive.reference.pk]
    assert len(found.pop(RawImage)) == 1


def test_without_the_policy_it_lists_nothing(archive):
    make(state="public", listed=False)
    assert not any(seen().values())
