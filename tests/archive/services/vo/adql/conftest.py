"""The small sky, committed, and a visitor's connection to it."""

import pytest
from django.db import connections

from archive.access.reading import ANYONE, reading
from archive.services.vo.adql import translate
from tests.archive.services.vo.adql import world as worlds


@pytest.fixture(scope="module")
def world(committed):
    made = worlds.make()
    worlds.fill(made)
    yield made
    worlds.remove()


@pytest.fixture(scope="module")
def visitor(world):
    """One transaction with a visitor's rights: runs ADQL; gives the rows, and the translation besides."""
    with reading(ANYONE), connections["reader"].cursor() as cursor:

        def run(adql, maxrec=None):
            translation = translate(adql, worlds.CATALOG, maxrec)
            cursor.execute("SAVEPOINT query")
            try:
                cursor.execute(translation.sql)
                return cursor.fetchall(), translation
            finally:
                cursor.execute("ROLLBACK TO SAVEPOINT query")

        yield run
