"""Random queries find nothing; `python -m bench adql --fuzz 100000` asks many more."""

import os
import random
import secrets

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access.reading import ANYONE, reading
from deploy import machine
from deploy.cluster import Cluster
from tests.archive.services.vo.adql import fuzz
from tests.archive.services.vo.adql import world as worlds

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
    chance = random.Random(5)
    for _ in range(250):
        fuzz.round_of(chance, prober)
    tally = prober.tally
    assert tally.answered > 150
    assert min(tally.refused, tally.checked, tally.compared) > 30
    assert tally.cancelled < 0.01 * tally.asked


def test_random_queries_of_a_fresh_seed_find_nothing(prober):
    """FUZZ_SEED repeats what a failure printed."""
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbits(32))
    print(f"FUZZ_SEED={seed}")
    chance = random.Random(seed)
    for _ in range(250):
        fuzz.round_of(chance, prober)


RAISES = """
CREATE FUNCTION adql_raises(magnitude real) RETURNS boolean LANGUAGE plpgsql IMMUTABLE LEAKPROOF COST 1 AS $$
BEGIN
    IF magnitude = 99 THEN RAISE EXCEPTION 'out of range' USING ERRCODE = '22003'; END IF;
    RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION adql_raises(real) TO PUBLIC;
"""


@pytest.fixture
def raising_function(prober):
    """A function that PostgreSQL takes for harmless, and so asks before the policy; only a superuser makes one."""
    if machine.read_environment().get("DATABASE_URL") != os.environ.get("DATABASE_URL"):
        pytest.skip("the database is another's: nobody here is its superuser")
    database = connection.settings_dict["NAME"]
    Cluster()._psql(database, RAISES)
    yield
    Cluster()._psql(database, "DROP FUNCTION adql_raises(real)")


def test_a_hidden_row_that_raises_is_a_finding(prober, raising_function):
    """An error is an outcome: it tells of a row as well as a value does."""
    sql = 'SELECT id FROM "adql_test".stars WHERE adql_raises(mag)'
    outcome = prober._outcome(sql, sql)
    assert outcome.state == "22003", "the function was not asked about hidden rows"
    with pytest.raises(fuzz.Finding, match="an error on one side alone"):
        prober.compare(sql, sql, outcome)
    seen = 'SELECT id FROM "adql_test".stars WHERE 1 / (fid - fid) = 1'
    prober.compare(seen, seen, prober._outcome(seen, seen))  # on both sides: no finding


def test_the_checks_see_what_must_not_be():
    for sql in (
        "SELECT pg_sleep(1)", "SELECT 1 FROM pg_catalog.pg_class", "SELECT 1; SELECT 2", "SET a = 1", "SELECT 1 -- x",
        "SELECT set_config('a', 'b', true)", "SELECT current_user", "SELECT a INTO b FROM adql_test.stars",
        "SELECT 1 FROM adql_test.stars FOR UPDATE",
    ):  # fmt: skip
        with pytest.raises(fuzz.Finding):
            fuzz.check_sql("", sql)
