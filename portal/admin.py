"""Releases for admins: making drafts; freezing, publishing and withdrawing after a look at what that changes."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from archive.access.audit import Actor
from archive.access.reading import ANYONE
from archive.edits import Edited
from archive.forms import MultipleChoiceField
from archive.models import AuditEntry, Family, Release, UserJob
from archive.releases import guard, preview
from archive.releases.jobs import may_act, order
from archive.releases.orders import NEEDS, BadOrderError
from portal.plots.sky_map import sky_map
from portal.views.products.product_rows import outline

admin.site.site_header = admin.site.site_title = "ZTF archive"
SHOWN = 12  # audit entries of a release


class ReleaseForm(forms.ModelForm):
    """A release as admins edit it: under the lock of the actions, and as far as its state allows by then."""

    reader = ANYONE

    def take_locks(self) -> None:
        guard.one_at_a_time()

    def clean(self) -> dict:
        cleaned = super().clean() or self.cleaned_data
        if not self.instance.is_draft:
            for name in sorted(self._selection_changed()):
                self.add_error(None, f"{name}: the release is {self.instance.state} by now; what it selects stays")
        closed = sorted({one.pk for one in cleaned.get("programs", ())} - self.reader.programs)
        if closed and "programs" in self.changed_data:
            self.add_error("programs", f"programs={closed}: a release is made by those who read all of its programs")
        return cleaned

    def _selection_changed(self) -> set[str]:
        """The changes made on a page that showed a draft."""
        names = {*Release.SELECTION, "programs", "listed"}
        shown = {name: self.add_initial_prefix(name) for name in names - set(self.fields)}
        stale = {one for one, initial in shown.items() if initial in self.data and self._differs(one, initial)}
        return stale | names & set(self.changed_data)

    def _differs(self, name: str, initial: str) -> bool:
        chosen, was = ([one for one in self.data.getlist(key) if one] for key in (name, initial))
        if name == "listed":
            return (chosen == ["on"]) != (was == ["True"])
        return sorted(chosen) != sorted(was)


@admin.register(Release)
class ReleaseAdmin(Edited):
    """Notes and citation may always be mended; what a release selects, only while it is a draft."""

    list_display = ("name", "title", "state", "first_night", "last_night", "published")
    list_filter = ("state",)
    filter_horizontal = ("programs",)
    fields = ("state", "name", "title", "notes", "citation", "programs", *Release.SELECTION, "listed")
    readonly_fields = ("state", "statistics", "manifest_sha256", "frozen", "published", "withdrawn")
    actions = ("act_freeze", "act_publish", "act_withdraw")
    change_form_template = "portal/admin/release_form.html"
    form = ReleaseForm

    def get_queryset(self, request):
        """The releases that this reader sees, read on the connection that writes: a state is acted upon."""
        seen = list(Release.objects.values_list("pk", flat=True))
        return super().get_queryset(request).using("default").filter(pk__in=seen)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "families":  # ticked, not typed
            return MultipleChoiceField(
                choices=Family.choices, widget=forms.CheckboxSelectMultiple, initial=list(Family.values)
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request, obj=None, change=False, **kwargs):
        made = super().get_form(request, obj, change=change, **kwargs)
        made.reader = request.reader
        return made

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or may_act(request.user, obj))

    def get_fields(self, request, obj=None):
        if obj is None or obj.is_draft:
            return self.fields
        return (*self.fields, *self.readonly_fields[1:])

    def get_readonly_fields(self, request, obj=None):
        if obj is None:
            return self.readonly_fields
        fixed = ("name",) if obj.is_draft else ("name", "programs", *Release.SELECTION, "listed")
        return (*self.readonly_fields, *fixed)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # what was frozen stays
        return actions

    def get_urls(self):
        act = path("<slug:name>/act/<str:action>/", self.admin_site.admin_view(self.act), name="archive_release_act")
        return [act, *super().get_urls()]

    def act(self, request: HttpRequest, name: str, action: str) -> HttpResponse:
        """A page of what an action would change, with the button that orders it; the action itself runs as a job."""
        release = get_object_or_404(Release.objects.using("default"), pk=name)  # may_act says who sees it
        if not may_act(request.user, release):
            raise PermissionDenied("to do this you must be staff and read all programs of the release")
        if release.state not in NEEDS.get(action, ()):
            needed_states = " or ".join(NEEDS.get(action, ())) or "asked for freeze, publish or withdraw"
            self.message_user(
                request, f"{release.name} is {release.state}: it must be {needed_states}", messages.WARNING
            )
            return redirect("admin:archive_release_change", release.pk)
        if request.method == "POST":
            try:
                return redirect("job", order(action, release, request.user, Actor.of(request)).pk)
            except BadOrderError as reason:  # somebody else was quicker
                self.message_user(request, str(reason), messages.WARNING)
                return redirect("admin:archive_release_change", release.pk)
        found = preview(release)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{action.capitalize()} {release.name}",
            "release": release,
            "action": action,
            "preview": found,
            "opened": {table.partition("_")[2]: count for table, count in found.opened.items()},
            "map": sky_map(map(outline, found.footprints)) if found.footprints else None,
            "entries": AuditEntry.objects.filter(target=release.name, action__startswith="release.")[:SHOWN],
            "opts": self.model._meta,
        }
        return render(request, "portal/admin/release_act.html", context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        release = Release.objects.filter(pk=object_id).first()
        possible = [action for action, states in NEEDS.items() if release and release.state in states]
        running = UserJob.objects.filter(
            kind="release", parameters__release=object_id, phase__in=(UserJob.Phase.QUEUED, UserJob.Phase.EXECUTING)
        ).first()
        context = {"possible": possible, "running": running} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description="Freeze the selected release …")
    def act_freeze(self, request, queryset):
        return self._one(request, queryset, "freeze")

    @admin.action(description="Publish the selected release …")
    def act_publish(self, request, queryset):
        return self._one(request, queryset, "publish")

    @admin.action(description="Withdraw the selected release …")
    def act_withdraw(self, request, queryset):
        return self._one(request, queryset, "withdraw")

    def _one(self, request, queryset, action: str):
        chosen = list(queryset)
        if len(chosen) != 1:
            return self.message_user(request, f"choose one release to {action}; {len(chosen)} were", messages.WARNING)
        return redirect(reverse("admin:archive_release_act", args=[chosen[0].pk, action]))
