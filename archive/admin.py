"""What admins decide and look at: programs, who reads them, tokens, the audit (releases: portal.admin)."""

from django.contrib import admin
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html

from archive import audit, tokens
from archive.calibrations import mark
from archive.models import (
    AuditEntry,
    CalibrationImage,
    GroupMembership,
    Membership,
    Program,
    ReaderGroup,
    Token,
    UserJob,
)
from archive.releases import redating


class Audited(admin.ModelAdmin):
    """Whatever is changed here is written down, with the values before and after."""

    def save_model(self, request, obj, form, change):
        before = self._values(type(obj).objects.get(pk=obj.pk)) if change else {}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            self._record("change" if change else "add", request, obj, before, self._values(obj))

    def delete_model(self, request, obj):
        with transaction.atomic():
            self._record("delete", request, obj, self._values(obj), {})
            super().delete_model(request, obj)

    def delete_queryset(self, request, queryset):
        for obj in queryset:
            self.delete_model(request, obj)

    def save_related(self, request, form, formsets, change):
        before = self._related(form.instance)
        with transaction.atomic():
            super().save_related(request, form, formsets, change)
            after = self._related(form.instance)
            if before != after:
                self._record("change", request, form.instance, before, after)

    def _record(self, verb: str, request, obj, before: dict, after: dict) -> None:
        audit.record(f"{obj._meta.model_name}.{verb}", str(obj), audit.Actor.of(request), before, after)

    @staticmethod
    def _values(obj) -> dict:
        return {field.name: str(getattr(obj, field.attname)) for field in obj._meta.concrete_fields}

    @staticmethod
    def _related(obj) -> dict:
        """What hangs on an object: the programs of a group, its members with their dates."""
        kept = {}
        if hasattr(obj, "programs"):
            kept["programs"] = sorted(obj.programs.values_list("pk", flat=True))
        if hasattr(obj, "members"):
            kept["members"] = [f"{one.user} {one.since} {one.until}" for one in obj.members.order_by("user__username")]
        return kept


@admin.register(Program)
class ProgramAdmin(Audited):
    list_display = ("programid", "name", "proprietary_days", "listed")

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if change and "proprietary_days" in form.changed_data:
            job = redating.order(obj, request.user, audit.Actor.of(request))
            address = reverse("job", args=[job.pk])
            text = "What is not public yet is being dated by the new rule: <a href='{}'>how far that is</a>."
            self.message_user(request, format_html(text, address))


@admin.register(Membership)
class MembershipAdmin(Audited):
    list_display = ("user", "program", "since", "until")
    list_filter = ("program",)
    autocomplete_fields = ("user",)


class GroupMembershipInline(admin.TabularInline):
    model = GroupMembership
    extra = 1
    autocomplete_fields = ("user",)


@admin.register(ReaderGroup)
class ReaderGroupAdmin(Audited):
    """Who is in a group, from when and until when; and what the group reads."""

    list_display = ("name", "description")
    filter_horizontal = ("programs",)
    inlines = (GroupMembershipInline,)
    search_fields = ("name", "members__user__username")


class ReadOnly(admin.ModelAdmin):
    """Rows that are looked at."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("moment", "who", "address", "action", "target")
    list_filter = ("action",)
    search_fields = ("who", "target", "address")
    date_hierarchy = "moment"


@admin.register(Token)
class TokenAdmin(ReadOnly):
    """Everybody's tokens; an admin ends them, their owners make them."""

    list_display = ("start", "owner", "label", "scopes", "created", "expires", "last_used", "last_address", "state")
    list_filter = ("revoked",)
    search_fields = ("owner__username", "label", "start")
    exclude = ("sha256",)
    actions = ("revoke",)

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request, queryset):
        for token in queryset:
            tokens.revoke(token, audit.Actor.of(request))
        self.message_user(request, f"{len(queryset)} tokens open nothing any more")

    def has_revoke_permission(self, request) -> bool:
        return request.user.has_perm("archive.change_token")


@admin.register(CalibrationImage)
class CalibrationImageAdmin(admin.ModelAdmin):
    """Operators look at stacks, mark them good or bad, and set the nights they hold for."""

    list_display = ("__str__", "status", "judge", "reason", "nframes", "valid_from", "valid_to")
    list_filter = ("caltype", "status", "judge", "filtercode", "nid")
    search_fields = ("cid", "nightdate")
    fields = ("cid", "caltype", "rcid", "filtercode", "nightdate", "nframes", "quality", "status", "judge", "reason")
    fields += ("valid_from", "valid_to")
    readonly_fields = fields[:7] + ("status", "judge")
    actions = ("mark_bad", "mark_good")

    def has_add_permission(self, request):
        return False

    @admin.action(description="Mark the selected calibrations bad")
    def mark_bad(self, request, queryset):
        for stack in queryset:
            mark(stack, CalibrationImage.Status.BAD, stack.reason or f"marked by {request.user}")

    @admin.action(description="Mark the selected calibrations good")
    def mark_good(self, request, queryset):
        for stack in queryset:
            mark(stack, CalibrationImage.Status.GOOD)


@admin.register(UserJob)
class UserJobAdmin(admin.ModelAdmin):
    list_display = ("id", "kind", "owner", "phase", "created", "ended")
    list_filter = ("phase", "kind")
    readonly_fields = tuple(one.name for one in UserJob._meta.fields)
