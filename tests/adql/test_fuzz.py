"""Random queries find nothing; `python -m bench adql --fuzz 100000` asks many more."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access import ANYONE, reading
from tests.adql import fuzz
from tests.adql import world as worlds

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def prober(committed):
    world = worlds.make(kept=300)
    worlds.fill(world)
    with connection.cursor() as cursor:
        fuzz.open_copy(cursor)
    with reading(ANYONE):
        yield fuzz.Prober(world, fuzz.reader_cursor(seconds=5), fuzz.Tally())
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA adql_open CASCADE")
    worlds.remove()


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False))
def test_random_queries_find_nothing(prober, chance):
    fuzz.round_of(chance, prober)


def test_the_random_queries_reach_everything(prober):
    import random

    chance = random.Random(5)
    for _ in range(250):
        fuzz.round_of(chance, prober)
    tally = prober.tally
    assert tally.answered > 150
    assert min(tally.refused, tally.checked, tally.compared) > 30
    assert tally.cancelled < 0.01 * tally.asked


def test_the_checks_see_what_must_not_be():
    for sql in (
        "SELECT pg_sleep(1)", "SELECT 1 FROM pg_catalog.pg_class", "SELECT 1; SELECT 2", "SET a = 1", "SELECT 1 -- x",
        "SELECT set_config('a', 'b', true)", "SELECT current_user", "SELECT a INTO b FROM adql_test.stars",
        "SELECT 1 FROM adql_test.stars FOR UPDATE",
    ):  # fmt: skip
        with pytest.raises(fuzz.Finding):
            fuzz.check_sql("", sql)
