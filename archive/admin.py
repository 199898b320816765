"""What admins decide: programs, who belongs to them, releases."""

from django.contrib import admin, messages

from archive.models import Membership, Program, Release, UserJob
from archive.releases import ReleaseNotDraft, publish


@admin.register(Program)
class ProgramAdmin(admin.ModelAdmin):
    list_display = ("programid", "name", "proprietary_days")


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("user", "program", "since", "until")
    list_filter = ("program",)


@admin.register(Release)
class ReleaseAdmin(admin.ModelAdmin):
    list_display = ("name", "title", "state", "first_night", "last_night", "published")
    readonly_fields = ("state", "published")
    filter_horizontal = ("programs",)
    actions = ("make_public",)

    @admin.action(description="Make the selected releases public")
    def make_public(self, request, queryset):
        for release in queryset:
            try:
                opened = publish(release)
            except ReleaseNotDraft as reason:
                self.message_user(request, str(reason), messages.WARNING)
            else:
                rows = ", ".join(f"{count} {name}" for name, count in opened.items())
                self.message_user(request, f"{release.name} is public; opened: {rows}")


@admin.register(UserJob)
class UserJobAdmin(admin.ModelAdmin):
    list_display = ("id", "kind", "owner", "phase", "created", "ended")
    list_filter = ("phase", "kind")
    readonly_fields = tuple(one.name for one in UserJob._meta.fields)
