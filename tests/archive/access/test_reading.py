"""Access rights, enforced by PostgreSQL under the read-only role."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access.reading import ANYONE, EVERYTHING, PROGRAMS, Reader, reading
from archive.models import ProductFile
from tests.factories import product_file

NOW = datetime.now(UTC)
DATES = {"past": NOW - timedelta(days=1), "future": NOW + timedelta(days=1), "undecided": None}
pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def files(committed):
    """A file of every program and kind of public date."""
    made = {(p, name): product_file(programid=p, public_date=date) for p in PROGRAMS for name, date in DATES.items()}
    yield {file.pk: key for key, file in made.items()}
    ProductFile.objects.filter(pk__in=[file.pk for file in made.values()]).delete()


def seen(files, reader) -> set:
    with reading(reader):
        return {files[pk] for pk in ProductFile.objects.filter(pk__in=files).values_list("pk", flat=True)}


def test_anyone_sees_what_is_public_by_date_and_nothing_else(files):
    assert seen(files, ANYONE) == {(program, "past") for program in PROGRAMS}


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs=st.frozensets(st.sampled_from(PROGRAMS)))
def test_a_reader_sees_public_rows_and_all_rows_of_their_programs(files, programs):
    expected = {(p, date) for p in PROGRAMS for date in DATES if p in programs or date == "past"}
    assert seen(files, Reader(programs)) == expected


def test_counts_and_sums_are_of_visible_rows_only(files):
    with reading(ANYONE):
        assert ProductFile.objects.filter(pk__in=files).count() == len(PROGRAMS)


def test_pipelines_see_every_row(files):
    assert ProductFile.objects.filter(pk__in=files).count() == len(files)


def test_without_a_reader_the_read_only_role_sees_nothing_but_an_error(files):
    with pytest.raises(Error, match=r"ztf\.programs|malformed array literal"):
        ProductFile.objects.using("reader").count()
    connections["reader"].close()


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT set_config('ztf.programs', '{0,1,2,3}', true)",
        "DELETE FROM archive_productfile",
        "CREATE TABLE mine (a int)",
        "SELECT count(*) FROM auth_user",
        "SELECT count(*) FROM processing_job",
        "SELECT count(*) FROM django_session",
    ],
)
def test_the_read_only_role_can_neither_widen_its_rights_nor_write_nor_read_accounts(attack):
    with pytest.raises(Error, match="permission denied|read-only"), reading(ANYONE):
        connections["reader"].cursor().execute(attack)
    connections["reader"].close()


def test_an_error_in_a_query_does_not_tell_hidden_values(files):
    leak = "SELECT count(*) FROM archive_productfile WHERE programid = 3 AND public_date IS NULL AND path::int > 0"
    with reading(ANYONE), connections["reader"].cursor() as cursor:
        cursor.execute(leak)
        assert cursor.fetchone() == (0,)


def test_one_request_after_another_does_not_inherit_rights(files):
    assert len(seen(files, EVERYTHING)) == len(files)
    assert len(seen(files, ANYONE)) == len(PROGRAMS)


def test_rights_end_with_their_block(files):
    def after():
        with reading(EVERYTHING):
            pass
        try:
            with connections["reader"].cursor() as cursor:
                cursor.execute("SELECT current_setting('ztf.programs', true)")
                return cursor.fetchone()[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as outside:  # of this test's transaction, which would keep them
        assert not outside.submit(after).result()


def test_an_unknown_program_is_refused():
    with pytest.raises(ValueError, match=r"programs=\[7\]"):
        Reader(frozenset({1, 7}))
