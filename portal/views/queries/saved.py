"""Queries that people keep under a name."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from archive.forms import problems
from archive.models import SavedQuery
from archive.requests.parameters import takes


class SaveForm(forms.ModelForm):
    """A query and the name that it is kept under."""

    class Meta:
        model = SavedQuery
        fields = ["name", "text"]


@require_POST
@login_required
@takes(posted=["name", "query"])
def save(request: HttpRequest) -> HttpResponse:
    """Keep a query; one of that name is replaced."""
    form = SaveForm({"name": request.POST.get("name", "").strip(), "text": request.POST.get("query", "").strip()})
    if not form.is_valid():
        messages.error(request, f"The query is not saved: {problems(form)}")
        return redirect("query")
    kept, _ = SavedQuery.objects.update_or_create(
        owner=request.user, name=form.cleaned_data["name"], defaults={"text": form.cleaned_data["text"]}
    )
    messages.success(request, f"Saved as “{kept.name}”.")
    return redirect(f"{reverse('query')}?saved={kept.pk}")


@require_POST
@login_required
def forget(request: HttpRequest, pk) -> HttpResponse:
    """Remove one of the asker's own."""
    kept = get_object_or_404(SavedQuery, pk=pk, owner=request.user)
    kept.delete()
    messages.success(request, f"“{kept.name}” is removed.")
    return redirect("query")
