"""Adding never replaces: what has a key that somebody may choose is not overwritten by who does not see it."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, models, transaction
from django.test import RequestFactory
from django.urls import reverse

from archive.access.audit import Actor
from archive.access.reading import ANYONE, reading
from archive.models import Membership, Program, ReaderGroup, Release, UserTable
from archive.releases import freeze, publish
from archive.services.vo.tap import user_tables
from archive.services.vo.tap.uploads import upload_of
from tests import factories
from tests.archive.releases.test_releases import image_with_file, release_of

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NIGHT = date(2020, 9, 24)
SECURED = """
SELECT relname FROM pg_class
WHERE relrowsecurity AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""


def secured() -> list[type[models.Model]]:
    """The models whose rows PostgreSQL shows by rights, and that Django writes."""
    with connection.cursor() as cursor:
        cursor.execute(SECURED)
        names = {name for (name,) in cursor.fetchall()}
    return [one for one in apps.get_models() if one._meta.db_table in names and one._meta.managed]


def value_of(field: models.Field, number: int):
    """A plausible value of a column; the same number gives the same value."""
    if field.is_relation:
        return parent_of(field.related_model, number).pk
    if field.choices:
        return field.flatchoices[0][0]
    for kind, value in {
        models.BooleanField: False,
        models.UUIDField: uuid4(),
        models.DateTimeField: datetime(2026, 1, 1, tzinfo=UTC),
        models.DateField: NIGHT,
        models.FloatField: 0.5 + 0.1 * number,
        models.DecimalField: number,
        models.IntegerField: 7 + number,
        models.JSONField: {},
        models.BinaryField: b"x",
        models.CharField: f"v{number}"[: field.max_length or 99],
        models.TextField: f"v{number}",
    }.items():
        if isinstance(field, kind):
            return value
    return []  # arrays


def parent_of(model: type[models.Model], number: int) -> models.Model:
    if model is User:
        return User.objects.get_or_create(username=f"owner{number}")[0]
    if model is Program:
        return Program.objects.get(pk=2)
    found = model.objects.using("default").first()
    return found or made(model, number)


def values_for(model: type[models.Model], number: int) -> dict:
    kept = {}
    for field in model._meta.concrete_fields:
        if (
            isinstance(field, (models.AutoField, models.CompositePrimaryKey))
            or field.has_default()
            and not field.choices
        ):
            continue
        if field.name == "programid":
            kept["programid"] = 2
        elif field.name == "public_date" or field.null:
            kept[field.attname] = None
        else:
            kept[field.attname] = value_of(field, number)
    return kept


def made(model: type[models.Model], number: int) -> models.Model:
    return model.objects.create(**values_for(model, number))


def same_key(model: type[models.Model], row: models.Model) -> models.Model:
    """Another row of the same natural key, with other values wherever that is possible."""
    values = values_for(model, 1)
    unique = {
        name for one in model._meta.constraints if isinstance(one, models.UniqueConstraint) for name in one.fields
    }
    unique |= {field.name for field in model._meta.concrete_fields if field.unique}
    unique |= set(getattr(model._meta.pk, "field_names", ()))
    for field in model._meta.concrete_fields:
        if field.name in unique and not isinstance(field, (models.AutoField, models.CompositePrimaryKey)):
            values[field.attname] = getattr(row, field.attname)
    return model(**values)


def kept_of(row: models.Model) -> dict:
    return type(row).objects.using("default").filter(pk=row.pk).values().get()


def test_there_are_natural_keys_under_row_level_security():
    assert {Release, UserTable} <= set(secured())
    assert len(secured()) > 15


def test_a_row_that_a_reader_does_not_see_is_never_replaced_by_adding():
    for model in secured():
        with transaction.atomic():
            row = made(model, 0)
            before = kept_of(row)
            added = same_key(model, row)
            with reading(ANYONE):
                assert not model.objects.filter(pk=row.pk).exists(), model
                for add in (
                    added.save,
                    lambda model=model, row=row: same_key(model, row).save(),
                    lambda model=model, row=row: same_key(model, row).save(force_insert=True),
                    lambda model=model, row=row: model.objects.bulk_create([same_key(model, row)]),
                ):
                    with pytest.raises(IntegrityError, match="duplicate key"), transaction.atomic():
                        add()
                if not isinstance(model._meta.pk, models.CompositePrimaryKey):
                    with pytest.raises(ValidationError, match="exists"):
                        added.validate_unique()
                        added.validate_constraints()
            assert kept_of(row) == before, model
            transaction.set_rollback(True)


@pytest.fixture
def stranger(client):
    """Staff who may add and change anything and read nothing that is closed."""
    user = User.objects.create_user("stranger", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.user = user
    return client


def test_staff_who_do_not_see_a_release_do_not_replace_it(stranger):
    image_with_file()
    freeze(release_of(programs=[2]), Actor("test"))
    before = kept_of(Release.objects.using("default").get(pk="dr1"))
    Membership.objects.create(user=stranger.user, program_id=1)
    values = {"name": "dr1", "title": "Mine", "programs": [1], "first_night": NIGHT, "last_night": NIGHT}
    values |= {"families": ["sci"], "rejected_bits": 0}
    answer = stranger.post(reverse("admin:archive_release_add"), values)
    assert answer.status_code == 200
    assert "already exists" in answer.content.decode()
    release = Release.objects.using("default").get(pk="dr1")
    assert kept_of(release) == before
    assert list(release.programs.values_list("pk", flat=True)) == [2]
    request = RequestFactory().post("/")
    request.user = stranger.user
    publish(release, Actor("test"))
    assert not admin.site._registry[Release].has_change_permission(request, release), "public, and not theirs to edit"
    Membership.objects.create(user=stranger.user, program_id=2)
    assert admin.site._registry[Release].has_change_permission(request, release)


def test_a_release_is_made_by_those_who_read_all_that_it_opens(stranger):
    add = reverse("admin:archive_release_add")
    values = {"name": "dr7", "title": "Mine", "programs": [2, 3], "first_night": NIGHT, "last_night": NIGHT}
    values |= {"families": ["sci"], "rejected_bits": 0}
    Membership.objects.create(user=stranger.user, program_id=2)
    answer = stranger.post(add, values)
    assert answer.status_code == 200
    assert "programs=[3]: a release is made by those who read all of its programs" in answer.content.decode()
    assert not Release.objects.using("default").exists()
    assert stranger.post(add, values | {"programs": [2]}).status_code == 302
    assert list(Release.objects.using("default").get().programs.values_list("pk", flat=True)) == [2]


def test_no_page_of_the_admin_replaces_a_row_by_adding_one_of_its_key(admin_client):
    tried = 0
    for model in admin.site._registry:
        if model._meta.pk.get_internal_type() in ("AutoField", "BigAutoField", "UUIDField"):
            continue
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        answer = admin_client.get(page)
        if answer.status_code == 403:
            continue
        row = model.objects.using("default").first() or parent_of(model, 0)
        before = kept_of(row)
        values = dict.fromkeys(answer.context["adminform"].form.fields, "x")
        values |= {
            "first_night": NIGHT,
            "last_night": NIGHT,
            "rejected_bits": 0,
            "proprietary_days": 3,
            "families": ["sci"],
        }
        values |= {"programs": [1], model._meta.pk.name: row.pk}
        answer = admin_client.post(page, values)
        assert answer.status_code == 200 and "already exists" in answer.content.decode(), model
        assert kept_of(row) == before, model
        tried += 1
    assert tried >= 2


def test_who_is_quicker_wins_and_the_other_is_told(admin_client, monkeypatch):
    ReaderGroup.objects.create(name="panel")
    monkeypatch.setattr(ReaderGroup, "validate_unique", lambda *_, **__: None)
    monkeypatch.setattr(ReaderGroup, "validate_constraints", lambda *_, **__: None)
    inline = {f"members-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = admin_client.post(reverse("admin:archive_readergroup_add"), {"name": "panel", **inline}, follow=True)
    assert answer.status_code == 200
    assert "somebody else was quicker" in answer.content.decode()
    assert ReaderGroup.objects.count() == 1


def test_commands_and_kept_tables_do_not_replace_either(settings):
    release_of(programs=[2])
    with pytest.raises(CommandError, match="already exists"):
        call_command("release", "create", "dr1", "--programs", "1", "--nights", "2020-09-24", "2020-09-24")
    assert Release.objects.using("default").get().title == "DR1"
    person = User.objects.create(username="vera")
    first = user_tables.create(person, "stars", upload_of("stars", b"a\n1\n"))
    with pytest.raises(user_tables.TableNotKeptError, match="you have a table of that name"):
        user_tables.create(person, "stars", upload_of("stars", b"a\n2\n"))
    assert UserTable.objects.using("default").get().pk == first.pk


def test_what_was_read_is_written_as_ever():
    row = factories.exposure()
    row.exptime = 60.0
    row.save()
    again = type(row).objects.get(pk=row.pk)
    assert again.exptime == 60.0
    again.save(update_fields=["exptime"])
    with pytest.raises(IntegrityError), transaction.atomic():
        type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}).save()
