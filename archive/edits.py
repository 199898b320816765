"""Editing rows that others change meanwhile: an edit writes what somebody changed on it, and nothing else.

A form of the admin shows a row as it was read; until it comes back, actions, commands and other people may have
written other columns. So it brings along what it showed, takes the row's lock, reads the row anew, and writes the
columns that differ from what was shown. `Site` puts this on whatever is registered, also by other packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import cache
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.forms import AdminPasswordChangeForm as SetPasswordForm
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, connections, models, router, transaction
from django.forms.models import model_to_dict
from django.http import HttpResponseRedirect

from archive.access import accounts, audit

PATIENCE = "4s"  # that an edit waits for whoever holds the row
SECRET = frozenset({"password", "sha256"})


class DayAndTime(forms.SplitDateTimeField):
    """A moment in UTC as a date and a time; a date alone is its 00:00, as everywhere in this archive."""

    help_text: str

    default_error_messages = {
        "invalid_date": "give a date, for example 2030-06-30",
        "invalid_time": "give a time, for example 18:00:00, or none for 00:00 UTC",
        "incomplete": "give the date as well, for example 2030-06-30",
    }

    def __init__(self, **options):
        super().__init__(**options | {"require_all_fields": False})
        self.fields[1].required = False
        self.help_text = "; ".join(filter(None, (str(self.help_text), "a date without a time is its 00:00 UTC")))

    def compress(self, data_list):
        if data_list and data_list[0] and data_list[1] in self.empty_values:
            data_list = [data_list[0], time()]
        return super().compress(data_list)


MOMENTS = {models.DateTimeField: {"form_class": DayAndTime}}
"""How the admin's forms take moments (`formfield_overrides`)."""


class OnlyChanged(forms.ModelForm):
    """A form of a row that is there already; only what somebody changed on it is taken."""

    cleaned_data: dict[str, Any]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.row = None  # as the database has it, locked; once the form was looked at
        if self.instance._state.adding:
            return
        prefix = self.add_initial_prefix("")
        self.tells_what_it_showed = any(name.startswith(prefix) for name in self.data)
        for field in self.fields.values():  # one that is only looked at may be a secret: a password's hash
            field.show_hidden_initial = not field.disabled and (not self.is_bound or self.tells_what_it_showed)

    def take_locks(self) -> None:
        """Take the locks that come before the row's."""

    def clean(self) -> dict | None:
        if not self.instance._state.adding and self.changed_data:
            self._take_row()
            for name in self._overtaken():
                self.add_error(name, "somebody else changed this meanwhile: reload the page, then change it")
        return super().clean()

    def _take_row(self) -> None:
        alias = router.db_for_write(type(self.instance), instance=self.instance)
        rows = type(self.instance)._base_manager.using(alias)
        try:
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                self.take_locks()
                self.row = rows.select_for_update(of=("self",)).filter(pk=self.instance.pk).first()
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", "") != "55P03":
                raise
            raise ValidationError(
                f"{self.instance} is being changed by somebody else or by a job just now. What you typed is still "
                "here: save it again in a moment."
            ) from error
        if self.row is None:
            raise ValidationError(f"{self.instance} was removed meanwhile")
        for field in self.instance._meta.concrete_fields:
            setattr(self.instance, field.attname, getattr(self.row, field.attname))

    def _overtaken(self) -> list[str]:
        """Fields that were changed here, and meanwhile by somebody else too."""
        if not self.tells_what_it_showed or self.row is None:
            return []
        now, found = model_to_dict(self.row), []
        for name in self.changed_data:
            field, value = self.fields[name], now.get(name)
            if name not in now or field.disabled:
                continue
            if hasattr(value, "microsecond") and not field.widget.supports_microseconds:
                value = value.replace(microsecond=0)
            shown = self._widget_data_value(field.hidden_widget(), self.add_initial_prefix(name))
            if field.has_changed(value, shown):
                found.append(name)
        return found

    def _post_clean(self) -> None:
        if not self.instance._state.adding:
            self.cleaned_data = {name: value for name, value in self.cleaned_data.items() if name in self.changed_data}
        super()._post_clean()

    @property
    def columns(self) -> list[str]:
        """The columns that were changed, and those that tell when."""
        fields = self.instance._meta.concrete_fields
        changed = [one.name for one in fields if one.name in self.changed_data]
        return changed + [one.name for one in fields if changed and getattr(one, "auto_now", False)]

    def save(self, commit: bool = True):
        if self.instance._state.adding or not commit:
            return super().save(commit)
        super().save(commit=False)
        if self.columns:
            self.instance.save(update_fields=self.columns)
        self._save_m2m()
        return self.instance


@cache
def only_changed(form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """A form class under the rule of this module."""
    if issubclass(form, OnlyChanged):
        return form
    metaclass: Any = type(form)  # Django's, which collects the fields
    return metaclass(form.__name__, (OnlyChanged, form), {})


class Edited(admin.ModelAdmin):
    """Rows are added as new, changed by column, and every change is written down with the values before and after."""

    formfield_overrides = MOMENTS

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is not None:
            kwargs.setdefault("form", only_changed(self.form))
        return super().get_form(request, obj, change=change, **kwargs)

    def get_changelist_form(self, request, **kwargs):
        return super().get_changelist_form(request, **{"form": only_changed(forms.ModelForm)} | kwargs)

    def get_inline_instances(self, request, obj=None):
        found = super().get_inline_instances(request, obj)
        for inline in found:
            inline.form = only_changed(inline.form)
        return found

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as error:  # somebody added the same between the look and the writing
            reason = str(error).partition("DETAIL:")[2].strip() or str(error)
            self.message_user(request, f"nothing was saved, somebody else was quicker: {reason}", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request, obj, form, change):
        with transaction.atomic(), accounts.told():
            if not change:
                obj.save(force_insert=True)
                self._record("add", request, obj, {}, values_of(obj))
            elif form.columns:
                obj.save(update_fields=form.columns)
                self._record("change", request, obj, values_of(form.row), values_of(obj))

    def delete_model(self, request, obj):
        with transaction.atomic(), accounts.told():
            self._record("delete", request, obj, values_of(obj), {})
            super().delete_model(request, obj)

    def delete_queryset(self, request, queryset):
        for obj in queryset:
            self.delete_model(request, obj)

    def save_related(self, request, form, formsets, change):
        before = related_to(form.instance)
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            after = related_to(form.instance)
            if before != after:
                self._record("change", request, form.instance, before, after)

    def _record(self, verb: str, request, obj, before: Mapping, after: Mapping) -> None:
        if verb == "change":
            before, after = audit.changes(before, after)
        audit.record(f"{obj._meta.model_name}.{verb}", str(obj), audit.Actor.of(request), before, after, obj.pk)


def values_of(obj: models.Model) -> dict[str, str]:
    """A row's columns as the audit keeps them."""
    named = {field.name: str(getattr(obj, field.attname)) for field in obj._meta.concrete_fields}
    return {name: value for name, value in named.items() if name not in SECRET}


def related_to(obj: models.Model) -> dict[str, list]:
    """The relations of an object: programs of a group or release, roles of an account, members with their dates."""
    kept = {
        field.name: sorted(getattr(obj, field.name).values_list("pk", flat=True)) for field in obj._meta.many_to_many
    }
    if hasattr(obj, "members"):
        kept["members"] = [
            f"{one.user_id} {one.user} {one.since} {one.until}" for one in obj.members.order_by("user__username")
        ]
    return kept


class OnlyPassword:
    """A form that sets a password, and writes nothing else of the account."""

    def save(self, commit: bool = True):
        user = super().save(commit=False)  # type: ignore[misc]  # of the form that it is mixed into
        if commit:
            user.save(update_fields=["password"])
        return user


class PasswordForm(OnlyPassword, SetPasswordForm):
    """Somebody's password, set by an admin."""


class OwnPasswordForm(OnlyPassword, AdminPasswordChangeForm):
    """One's own password."""


class Site(admin.AdminSite):
    """The admin's pages; whatever is registered is `Edited`."""

    password_change_form = OwnPasswordForm

    def register(self, model_or_iterable, admin_class=None, **options):
        admin_class = admin_class or admin.ModelAdmin
        if not issubclass(admin_class, Edited):
            own = {"change_password_form": PasswordForm} if hasattr(admin_class, "change_password_form") else {}
            admin_class = type(admin_class.__name__, (Edited, admin_class), own | {"__doc__": admin_class.__doc__})
        super().register(model_or_iterable, admin_class, **options)
