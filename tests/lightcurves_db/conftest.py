"""A sky per test, or one per module whose rows the reader's own connection sees."""

import pytest

from tests.lightcurves_db.starsky import Sky, clear


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
