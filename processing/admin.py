"""Jobs, to look at."""

from django.contrib import admin

from processing.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    list_display = ("pipeline", "key", "nid", "state", "attempts", "started", "ended")
    list_filter = ("pipeline", "state", "nid")
    search_fields = ("key",)
    readonly_fields = tuple(one.name for one in Job._meta.fields)
    exclude = ("prerequisites",)

    def has_add_permission(self, request):
        return False
