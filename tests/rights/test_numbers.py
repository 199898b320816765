"""Numbers and names that people see say nothing of what they do not see: the same whether there is more or not."""

import numpy as np
import pytest
from django.db import transaction

from archive.models import Alert
from archive.survey.identifiers import split_oid
from lightcurves.models import Source
from lightcurves.updates import sources
from processing.alerts.history import HALF, give_names, number_of
from tests import factories
from tests.lightcurves.starsky import Sky

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
JD = 2461339.8


def numbers_of_the_public(hidden: int) -> list[int]:
    """Numbers of public objects, with so many hidden ones born before, between and after them."""
    with transaction.atomic():
        sky = Sky(stars=60)
        whole = sky.catalog()
        parts = np.array_split(np.arange(60), 6)
        for n, part in enumerate(parts):
            public = n % 2 == 1
            if public or hidden:
                image = sky.image(n, programid=1 if public else 2, public=public)
                rows = np.zeros(60, bool)
                rows[part if public else part[:hidden]] = True
                sources.seed(image, whole.rows(rows), None)
        made = {one.oid: one.public_date for one in Source.objects.all()}
        assert len(made) == 30 + 3 * hidden
        transaction.set_rollback(True)
    return sorted(oid for oid, date in made.items() if date is not None)


def test_public_objects_have_the_same_numbers_whatever_hidden_ones_there_are():
    without, with_few, with_many = (numbers_of_the_public(hidden) for hidden in (0, 1, 10))
    assert without == with_few == with_many
    assert without[-1] - without[0] + 1 == len(without), "their span counts them, and nothing else"


def test_numbers_of_hidden_objects_are_drawn_and_keep_the_survey_s_shape():
    sky = Sky(stars=40)
    image = sky.image(0, programid=2, public=False)
    sources.seed(image, sky.catalog(), None)
    oids = np.array(sorted(Source.objects.values_list("oid", flat=True)))
    parts = [split_oid(int(oid)) for oid in oids]
    assert {(one.field, one.fid, one.ccdid, one.qid) for one in parts} == {
        (image.field, image.fid, image.ccdid, image.qid)
    }
    index = np.array([one.index for one in parts])
    assert index.min() >= sources.DRAWN and index.max() < 10**8
    assert np.ptp(index) > 10**6 and len(set(np.diff(index))) > 30, "neither near each other nor evenly spread"
    assert sources.seed(image, sky.catalog(), None) == 0, "seeding again adds nothing"


def test_an_archive_goes_on_from_the_numbers_that_it_has():
    sky = Sky(stars=40)
    first, second = sky.image(0), sky.image(1)
    rows = np.arange(40) < 20
    sources.seed(first, sky.catalog().rows(rows), None)
    last = Source.objects.order_by("-oid").first().oid
    hidden = sky.image(2, programid=3, public=False)
    Source.objects.filter(oid=last).update(programid=3, public_date=None)  # as it was numbered before
    sources.seed(hidden, sky.catalog().rows(np.arange(40) < 25), None)
    sources.seed(second, sky.catalog(), None)
    new = Source.objects.filter(oid__gt=last, oid__lt=last + 10**6)
    assert sorted(new.values_list("oid", flat=True)) == list(range(last + 1, last + 16))


def names_of_the_public(hidden: int) -> list[str]:
    with transaction.atomic():
        file, found = factories.product_file(family="alert"), []
        for n in range(6):
            public = n % 2 == 1
            places = [{"ra": 10.0 * n + 0.1 * k, "dec": 0.0, "jd": JD} for k in range(3 if public else hidden)]
            names = give_names(places, public)
            for k, (place, name) in enumerate(zip(places, names, strict=True)):
                Alert.objects.create(
                    candid=1000 * n + k, objectid=name, pid=n, nid=1, fid=2, magpsf=18, sigmapsf=0.1, isdiffpos=True,
                    packet=file, packet_index=k, programid=1 if public else 2,
                    public_date=factories.PUBLIC["public_date"] if public else None, **place,
                )  # fmt: skip
                assert (number_of(name) < HALF) == public
            found += names if public else []
        assert len(set(Alert.objects.values_list("objectid", flat=True))) == Alert.objects.count()
        transaction.set_rollback(True)
    return found


def test_names_of_public_alerts_do_not_count_the_hidden_ones():
    assert names_of_the_public(0) == names_of_the_public(1) == names_of_the_public(40)
