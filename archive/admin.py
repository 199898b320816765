"""The admin site's pages: programs, who reads them, tokens, the audit (releases: portal.admin)."""

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from archive.access import audit, tokens
from archive.edits import MOMENTS, Edited, PasswordForm
from archive.models import (
    AuditEntry,
    CalibrationImage,
    GroupMembership,
    Membership,
    Program,
    QuarantinedFile,
    ReaderGroup,
    Token,
    UserJob,
)
from archive.products.calibrations import mark
from archive.releases import redating
from archive.releases.orders import BadOrderError
from archive.requests.numbers import whole


@admin.register(Program)
class ProgramAdmin(Edited):
    """A period is not written by the form: it leads to a page that says what it would open, and there to a job."""

    list_display = ("programid", "name", "proprietary_days", "listed")
    change_form_template = "portal/admin/program_form.html"

    def save_model(self, request, obj, form, change):
        if change and "proprietary_days" in form.changed_data:
            request.wanted_days = "never" if obj.proprietary_days is None else str(obj.proprietary_days)
            obj.proprietary_days = form.row.proprietary_days
            form.changed_data.remove("proprietary_days")
        super().save_model(request, obj, form, change)

    def response_change(self, request, obj):
        if not hasattr(request, "wanted_days"):
            return super().response_change(request, obj)
        return redirect(f"{reverse('admin:archive_program_period', args=[obj.pk])}?days={request.wanted_days}")

    def get_urls(self):
        view = self.admin_site.admin_view(self.period)
        return [path("<int:pk>/period/", view, name="archive_program_period"), *super().get_urls()]

    def period(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A page of what a new period (`days`: a number or never) opens, or taking the last back (`back`) closes."""
        program = get_object_or_404(Program.objects.using("default"), pk=pk)
        if not self.has_change_permission(request, program):
            raise PermissionDenied
        back, text = "back" in request.GET, request.GET.get("days", "")
        try:
            days = None if back or text == "never" else _days(text)
            if request.method == "POST":
                job = redating.order(program, days, request.user, audit.Actor.of(request), back)
                return redirect("job", job.pk)
            found = redating.preview_back(program) if back else redating.preview(program, days)
            last = redating.last_change(program) if back else None
        except BadOrderError as reason:
            self.message_user(request, str(reason), messages.ERROR)
            return redirect("admin:archive_program_change", pk)
        context = self.admin_site.each_context(request) | {"title": f"Period of {program}", "opts": self.opts}
        context |= {"program": program, "days": days if last is None else last.before, "back": back}
        context |= {"tables": {name.partition("_")[2]: one for name, one in found.items()}}
        return render(request, "portal/admin/program_period.html", context)


def _days(text: str) -> int:
    days = whole(text, most=10**9)
    if days is None:
        raise BadOrderError(f"days={text[:20]}: give a number of days, or never")
    return days


@admin.register(Membership)
class MembershipAdmin(Edited):
    list_display = ("user", "program", "since", "until")
    list_filter = ("program",)
    autocomplete_fields = ("user",)


class GroupMembershipInline(admin.TabularInline):
    model = GroupMembership
    formfield_overrides = MOMENTS
    extra = 1
    autocomplete_fields = ("user",)


@admin.register(ReaderGroup)
class ReaderGroupAdmin(Edited):
    """A group's members, from when and until when, and the programs that it reads."""

    list_display = ("name", "description")
    filter_horizontal = ("programs",)
    inlines = (GroupMembershipInline,)
    search_fields = ("name", "members__user__username")


class ReadOnly(Edited):
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
class CalibrationImageAdmin(Edited):
    """Operators look at stacks, mark them good or bad, and set the nights they hold for."""

    list_display = ("__str__", "status", "judge", "reason", "nframes", "valid_from", "valid_to")
    list_filter = ("caltype", "status", "judge", "filtercode", "nid")
    search_fields = ("cid", "nightdate")
    fields: tuple[str, ...] = (
        *("cid", "caltype", "rcid", "filtercode", "nightdate", "nframes", "quality", "status", "judge", "reason"),
        *("valid_from", "valid_to"),
    )
    readonly_fields = fields[:7] + ("status", "judge")
    actions = ("mark_bad", "mark_good")

    def has_add_permission(self, request):
        return False

    @admin.action(description="Mark the selected calibrations bad")
    def mark_bad(self, request, queryset):
        for stack in queryset:
            reason = stack.reason or f"marked by {request.user}"
            mark(stack, CalibrationImage.Status.BAD, reason, audit.Actor.of(request))

    @admin.action(description="Mark the selected calibrations good")
    def mark_good(self, request, queryset):
        for stack in queryset:
            mark(stack, CalibrationImage.Status.GOOD, by=audit.Actor.of(request))


@admin.register(UserJob)
class UserJobAdmin(Edited):
    """Jobs are ordered on the pages and by scripts, and say themselves how far they are."""

    readonly_fields = tuple(one.name for one in UserJob._meta.fields)
    list_display = ("id", "kind", "owner", "phase", "created", "ended")
    list_filter = ("phase", "kind")

    def has_add_permission(self, request):
        return False


admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(Edited, UserAdmin):
    """Accounts. With one goes all that is its person's own; the audit stays."""

    change_password_form = PasswordForm

    def get_deleted_objects(self, objs, request):
        """The objects that go too: who may remove an account may remove what belongs to it, read-only or not."""
        listed, counted, _, protected = super().get_deleted_objects(objs, request)
        return listed, counted, set(), protected

    def log_change(self, request, obj, message):
        if request.resolver_match.url_name == "auth_user_password_change":
            audit.record("user.password", str(obj), audit.Actor.of(request), key=obj.pk)
        return super().log_change(request, obj, message)


@admin.register(QuarantinedFile)
class QuarantinedFileAdmin(ReadOnly):
    """Files that were not taken, with the reason; `manage.py quarantine` removes them."""

    list_display = ("name", "reason", "ours", "origin", "size", "times", "last_seen")
    list_filter = ("ours", "origin")
    search_fields = ("name", "found_at", "reason")
