"""Kept tables whose rights end: of their owner, of those they are shared with, of what they were made of."""

import json
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from archive.access.audit import Actor
from archive.access.memberships import reader_of
from archive.access.reading import Reader, reading
from archive.models import GroupMembership, Membership, QueryJob, ReaderGroup, Release, SavedSearch, UserJob, UserTable
from archive.releases import freeze, publish, withdraw
from archive.services.vo import job_runner
from archive.services.vo.tap import user_tables, uws
from archive.services.vo.tap.uploads import upload_of
from tests import factories

pytestmark = pytest.mark.usefixtures("committed")
NIGHT = date(2020, 9, 24)
ME = Actor("tester")
CLOSED = {"programid": 2, "public_date": None}
BACKEND = "django.contrib.auth.backends.ModelBackend"
ROWS = b"a,b\n1,x\n2,y\n"


@pytest.mark.django_db(databases=["default", "reader"])
def test_every_table_that_people_keep_has_a_policy():
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'tap_user'::regnamespace AND NOT relrowsecurity"
        )
        assert cursor.fetchall() == []


@pytest.fixture
def people(committed):
    """Partners (program 2) and others, who are removed with all that is theirs."""
    made = {name: User.objects.create_user(f"kept{name}") for name in ("owner", "partner", "other")}
    for name in ("owner", "partner"):
        Membership.objects.create(user=made[name], program_id=2)
    yield made
    for name in [one.username for one in made.values()]:
        User.objects.filter(username=name).delete()
    ReaderGroup.objects.all().delete()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'tap_user'")
        assert cursor.fetchone()[0] == 0
        cursor.execute("SELECT count(*) FROM tap_schema.tables WHERE usertable IS NOT NULL")
        assert cursor.fetchone()[0] == 0
        cursor.execute("TRUNCATE archive_release, archive_owndate, archive_productfile, archive_exposure CASCADE")


def as_(client, user):
    client.logout()
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client


def count(client, query: str) -> int:
    answer = client.get("/tap/sync", {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "json"})
    return json.loads(answer.getvalue())["data"][0][0] if answer.status_code == 200 else 0


def ways(client, user, table: UserTable) -> dict[str, bool]:
    """Whether somebody sees a table, by every way there is to one."""
    as_(client, user)
    name = table.full_name
    named = f"WHERE table_name = '{name}'"
    seen = {
        "rows": count(client, f"SELECT COUNT(*) AS n FROM {name}") == 2,
        "tap_schema.tables": count(client, f"SELECT COUNT(*) AS n FROM tap_schema.tables {named}") == 1,
        "tap_schema.columns": count(client, f"SELECT COUNT(*) AS n FROM tap_schema.columns {named}") == 2,
        "tap_schema.schemas": count(
            client, f"SELECT COUNT(*) AS n FROM tap_schema.schemas WHERE schema_name = '{table.schema}'"
        )
        == 1,
        "vosi": name in client.get("/tap/tables").content.decode(),
        "one of vosi": client.get(f"/tap/tables/{name}").status_code == 200,
        "kept": name in {one["name"] for one in client.get("/tap/kept").json()["tables"]},
    }
    reader = Reader() if user is None else reader_of(User.objects.get(pk=user.pk))
    with reading(reader), connections["reader"].cursor() as cursor:
        for source in ("archive_usertable", '"{}"."{}"'.format(*table.physical)):
            cursor.execute(f"SELECT count(*) FROM {source}")
            seen[source] = cursor.fetchone()[0] > 0
    return seen


def reads(client, user, table: UserTable) -> bool:
    seen = ways(client, user, table)
    assert len(set(seen.values())) == 1, (user, seen)
    return seen["rows"]


def test_a_table_made_with_a_program_is_for_those_who_read_that_program(client, people):
    owner, partner, other = people.values()
    table = user_tables.create(owner, "found", upload_of("found", ROWS))
    user_tables.share(table, (), (), True)
    assert [reads(client, one, table) for one in (owner, partner, other, None)] == [True, True, False, False]
    Membership.objects.filter(user=partner).update(until=timezone.now())
    assert [reads(client, one, table) for one in (owner, partner)] == [True, False]


@pytest.mark.parametrize(
    "end",
    [
        lambda owner: Membership.objects.filter(user=owner).delete(),
        lambda owner: Membership.objects.filter(user=owner).update(until=timezone.now() - timedelta(seconds=1)),
        lambda owner: Membership.objects.filter(user=owner).update(since=timezone.now() + timedelta(days=1)),
        lambda owner: User.objects.filter(pk=owner.pk).update(is_active=False),
    ],
    ids=["deleted", "ended", "not begun", "deactivated"],
)
def test_when_the_owners_rights_end_nobody_reads_it_and_they_may_drop_it(client, people, end):
    owner, partner, _ = people.values()
    table = user_tables.create(owner, "found", upload_of("found", ROWS))
    user_tables.share(table, ["keptpartner"], (), True)
    assert reads(client, partner, table)
    end(owner)
    assert not reads(client, partner, table)
    if User.objects.get(pk=owner.pk).is_active:
        assert not reads(client, owner, table)
        url = f"/tap/tables/{table.full_name}"
        assert as_(client, owner).post(url, {"EVERYBODY": "true"}).status_code == 403
        assert client.post("/tap/load/found", ROWS, content_type="text/csv").status_code == 403
        assert client.delete(url).status_code == 200


def test_rights_through_a_group_and_a_share_with_a_group_end_with_a_place_in_it(client, people):
    owner, partner, other = people.values()
    Membership.objects.all().delete()
    group = ReaderGroup.objects.create(name="panel")
    group.programs.set([2])
    places = {one: GroupMembership.objects.create(group=group, user=one) for one in (owner, other)}
    table = user_tables.create(owner, "found", upload_of("found", ROWS))
    assert table.programs == [2]
    user_tables.share(table, (), ["panel"], False)
    assert [reads(client, one, table) for one in (owner, partner, other)] == [True, False, True]
    group.programs.clear()
    assert [reads(client, one, table) for one in (owner, other)] == [False, False]
    group.programs.set([2])
    Membership.objects.create(user=owner, program_id=2)
    places[owner].delete()
    assert [reads(client, one, table) for one in (owner, other)] == [True, False], "the owner left the group"


def test_who_says_that_an_upload_holds_nothing_closed_shares_it_with_everybody(client, people):
    owner, _, other = people.values()
    as_(client, owner)
    assert client.put("/tap/tables/list?PROGRAMS=none", ROWS, content_type="text/csv").status_code == 201
    table = UserTable.objects.using("default").get()
    user_tables.share(table, (), (), True)
    assert reads(client, other, table)
    Membership.objects.filter(user=owner).delete()
    assert reads(client, owner, table)
    answer = as_(client, owner).put("/tap/tables/more?PROGRAMS=3", ROWS, content_type="text/csv")
    assert answer.status_code == 400 and b"PROGRAMS=3: use none" in answer.content


def test_rows_that_are_added_bring_the_programs_of_who_adds_them(client, people):
    owner, _, other = people.values()
    table = user_tables.create(other, "list", upload_of("list", b"a,b\n1,x\n"))
    user_tables.share(table, (), (), True)
    assert table.programs == []
    Membership.objects.create(user=other, program_id=2)
    answer = as_(client, other).post("/tap/load/list", b"a,b\n2,y\n", content_type="text/csv")
    assert answer.status_code == 200
    assert reads(client, other, table) and reads(client, owner, table)
    Membership.objects.filter(user=owner).delete()
    assert not reads(client, owner, table)


def release_of(name: str, image) -> Release:
    made = Release.objects.create(name=name, title=name, first_night=NIGHT, last_night=NIGHT, families=["sci"])
    made.programs.set([2])
    return freeze(made, ME, check=lambda *file: None)


def job_of(client, query: str) -> QueryJob:
    asked = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", "PHASE": "RUN"}
    job = client.post("/tap/async", asked)["Location"].rpartition("/")[2]
    job_runner.run_next()
    found = QueryJob.objects.get(pk=job)
    assert found.phase == "COMPLETED", found.message
    return found


def test_only_results_that_rest_on_what_was_withdrawn_are_closed_by_it(client, people):
    owner, _, other = people.values()
    image = factories.science_image(factories.exposure(**CLOSED))
    release = release_of("rests", image)
    publish(release, ME)
    as_(client, other)
    jobs = {
        name: job_of(client, query)
        for name, query in {
            "images": "SELECT TOP 2 pid AS a, field AS b FROM ztf.ztf_current_meta_sci",
            "schema": "SELECT TOP 2 table_name AS a, schema_name AS b FROM tap_schema.tables",
        }.items()
    }
    as_(client, owner)
    jobs["partner"] = job_of(client, "SELECT TOP 2 pid AS a, field AS b FROM ztf.ztf_current_meta_sci")
    kept = user_tables.from_job(other, "kept", jobs["images"])
    user_tables.share(kept, (), (), True)
    assert kept.releases == ["rests"] and kept.programs == []
    with connections["default"].cursor() as cursor:  # as many rows as `ways` looks for
        cursor.execute("INSERT INTO tap_user.t%s SELECT * FROM tap_user.t%s", [kept.pk, kept.pk])
    again = job_of(as_(client, other), f"SELECT a FROM {kept.full_name}")
    assert again.rests["releases"] == ["rests"], "what is made of a kept table rests on what that rests on"
    assert reads(client, other, kept)

    def opens(user, job) -> bool:
        return as_(client, user).get(f"/tap/async/{job.pk}/results/result").status_code == 200

    withdraw(release, ME)
    assert not opens(other, jobs["images"])
    assert opens(other, jobs["schema"]), "it rests on nothing that was withdrawn"
    assert opens(owner, jobs["partner"]), "they read program 2 anyway"
    assert not opens(other, again)
    assert not reads(client, other, kept)
    assert reads(client, owner, kept)
    publish(release, ME)
    assert opens(other, jobs["images"]) and reads(client, other, kept)
    for job in (*jobs.values(), again):
        uws.remove(job)


def test_with_an_account_all_that_it_kept_goes_and_a_namesake_finds_nothing(client, people, settings):
    owner, partner, _ = people.values()
    table = user_tables.create(owner, "found", upload_of("found", ROWS))
    user_tables.share(table, ["keptpartner"], (), False)
    SavedSearch.objects.create(owner=owner, name="mine", text="SELECT 1 AS one")
    job = UserJob.objects.create(kind="bundle", owner=owner, parameters={}, phase="COMPLETED")
    settings.JOB_ROOT.mkdir(parents=True, exist_ok=True)
    result = settings.JOB_ROOT / f"{job.pk}.tar"
    result.write_bytes(b"tar")
    query = QueryJob.objects.create(
        owner=owner, parameters={}, duration=1, destruction=timezone.now() + timedelta(days=1)
    )
    query.folder.mkdir(parents=True)
    (query.folder / "result.csv").write_bytes(b"a\n")
    name = owner.username
    owner.delete()
    assert not result.exists() and not query.folder.exists()
    assert not SavedSearch.objects.filter(name="mine").exists()
    assert not reads_of_nobody(client, partner, table)
    namesake = User.objects.create_user(name)
    assert user_tables.schema_of(namesake) != table.schema
    assert as_(client, namesake).get("/tap/kept").json()["tables"] == []
    assert keeps(client, namesake)


def reads_of_nobody(client, user, table: UserTable) -> bool:
    as_(client, user)
    return table.full_name in client.get("/tap/tables").content.decode() + client.get("/tap/kept").content.decode()


def keeps(client, user) -> bool:
    return as_(client, user).put("/tap/tables/found", ROWS, content_type="text/csv").status_code == 201
