"""What admins decide: programs, who belongs to them, releases."""

from django.contrib import admin, messages

from archive.calibrations import mark
from archive.models import CalibrationImage, Membership, Program, UserJob


@admin.register(Program)
class ProgramAdmin(admin.ModelAdmin):
    list_display = ("programid", "name", "proprietary_days")


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("user", "program", "since", "until")
    list_filter = ("program",)


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
