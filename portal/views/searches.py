"""Searches that people keep under a name; those of this browser's history stand beside them."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from archive.forms import problems
from archive.models import SavedSearch
from archive.requests.parameters import takes

QUERY = SavedSearch.Kind.QUERY


class SaveForm(forms.ModelForm):
    """A search and the name that it is kept under."""

    class Meta:
        model = SavedSearch
        fields = ["kind", "name", "text"]

    def clean_text(self) -> str:
        """A query as it is; of a page's address what is given in it, without the page of the results."""
        text = self.cleaned_data["text"].strip()
        if self.cleaned_data.get("kind") == QUERY:
            return text
        asked = QueryDict(text, mutable=True)
        asked.pop("page", None)
        if not any(value for values in dict(asked.lists()).values() for value in values):
            raise forms.ValidationError("the search has no conditions; give some")
        return asked.urlencode()


@require_safe
@never_cache
def saved_searches(request: HttpRequest) -> HttpResponse:
    """The searches that a reader keeps, with those that the browser remembers."""
    return _page(request)


def _page(request: HttpRequest, refused: SaveForm | None = None, problem: str = "", status: int = 200) -> HttpResponse:
    """The page of searches; with one that is not saved as it was typed, to be tried again."""
    mine = SavedSearch.objects.filter(owner=request.user) if request.user.is_authenticated else ()
    kept = [{"search": one, "url": address_of(one)} for one in mine]
    context = {"kept": kept, "most": SavedSearch.MOST, "refused": refused, "problem": problem}
    return render(request, "portal/searches.html", context, status=status)


def address_of(search: SavedSearch) -> str:
    """The address that opens a saved search."""
    return f"{reverse(search.kind)}?{f'saved={search.pk}' if search.kind == QUERY else search.text}"


@require_POST
@login_required
@takes(posted=["kind", "name", "text"])
def save(request: HttpRequest) -> HttpResponse:
    """Keep a search; one of that kind and name is replaced."""
    form = SaveForm(request.POST)
    if not form.is_valid():
        return _page(request, form, problems(form), 400)
    kept = _kept(request.user, **form.cleaned_data)
    if kept is None:
        return _page(request, form, f"you have {SavedSearch.MOST}, as many as are kept", 409)
    messages.success(request, f"Saved as “{kept.name}”.")
    return redirect(address_of(kept))


@transaction.atomic
def _kept(owner: User, kind: str, name: str, text: str) -> SavedSearch | None:
    """The search as it is saved; None where its owner has as many as are kept, counted one request at a time."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    mine = SavedSearch.objects.filter(owner=owner)
    if not mine.filter(kind=kind, name=name).exists() and mine.count() >= SavedSearch.MOST:
        return None
    return SavedSearch.objects.update_or_create(owner=owner, kind=kind, name=name, defaults={"text": text})[0]


@require_POST
@login_required
def forget(request: HttpRequest, pk) -> HttpResponse:
    """Remove one of the asker's own."""
    kept = get_object_or_404(SavedSearch, pk=pk, owner=request.user)
    kept.delete()
    messages.success(request, f"“{kept.name}” is removed.")
    return redirect("saved-searches")
