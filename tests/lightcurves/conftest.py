"""A sky per test, or one per module whose rows the reader's own connection sees."""

import numpy as np
import pytest
from django.contrib.auth.models import User

from archive.models import Membership
from lightcurves.storage import store
from lightcurves.updates import sources, statistics
from tests.lightcurves.starsky import CLOSED_NIGHTS, FIELD, OPEN_NIGHTS, RCID, SIX_STARS, Sky, clear


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """A sky whose rows are committed, so that the reader's own connection sees them; removed afterwards."""
    with django_db_blocker.unblock():
        clear()
        yield Sky()
        clear()


@pytest.fixture
def sky(db):
    return Sky()


@pytest.fixture(scope="module")
def six_stars(committed):
    """Six stars: eight public images in r (every second point of the first star flagged), three closed, two in g."""
    committed.ra, committed.dec, committed.mag = (getattr(committed, name)[:SIX_STARS] for name in ("ra", "dec", "mag"))
    committed.mag = np.linspace(15, 17.5, SIX_STARS)
    images = [committed.image(day) for day in range(OPEN_NIGHTS)]
    images += [committed.image(20 + day, programid=2, public=False) for day in range(CLOSED_NIGHTS)]
    blue = [committed.image(40 + day, fid=1) for day in range(2)]
    sources.seed(images[0], committed.catalog(), None)
    sources.seed(blue[0], committed.catalog(), None)
    for number, image in enumerate(images + blue):
        table = committed.table()
        table["flags"][0] = 2 * (number % 2)
        sources.add_points(image, sources.catalog(table, 26.0))
    store.compact(images[3].nid)
    statistics.refresh(FIELD, RCID, 2)
    statistics.refresh(FIELD, RCID, 1)
    return committed


@pytest.fixture(scope="module")
def partner(six_stars, django_db_blocker):
    with django_db_blocker.unblock():
        user = User.objects.create_user("lc-partner", password="a long password")
        Membership.objects.create(user=user, program_id=2)
        yield user
        user.delete()
