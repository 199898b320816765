"""One's own account: what one may read, until when, and the tokens of one's scripts."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from archive.access import tokens
from archive.access.audit import Actor
from archive.forms import ExplainedForm, MultipleChoiceField, problems
from archive.jobs import quotas
from archive.models import GroupMembership, Membership, Scope, Token
from archive.requests.parameters import takes
from portal import once

USUAL_DAYS = 90


class TokenForm(ExplainedForm):
    """A token to be made."""

    label = forms.CharField(max_length=60, label="What it is for", widget=forms.TextInput({"autocomplete": "off"}))
    scopes = MultipleChoiceField(choices=Scope.choices, label="What it may read", widget=forms.CheckboxSelectMultiple)
    expires = forms.DateField(label="Expires (UTC)", widget=forms.DateInput({"type": "date"}))

    @property
    def end(self) -> datetime:
        """The moment after its last day."""
        return datetime.combine(self.cleaned_data["expires"], time(), UTC) + timedelta(days=1)


@require_safe
@login_required
@never_cache
def account_page(request: HttpRequest) -> HttpResponse:
    """Rights and tokens of whoever is signed in; a token that was just made, this once."""
    form = TokenForm(initial={"expires": timezone.now().date() + timedelta(days=USUAL_DAYS)})
    made = once.take(request)
    response = _page(request, form, made=made)
    if made:
        once.forget(response, request.path)
    return response


@require_POST
@login_required
@never_cache
@sensitive_variables("secret")
@takes(posted=[TokenForm])
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token; the account page shows its secret once, and a reload of that page neither shows nor makes one."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, error=problems(form), status=400)
    asked = form.cleaned_data
    try:
        token, secret = tokens.make(request.user, asked["label"], asked["scopes"], form.end, Actor.of(request))
    except tokens.BadTokenError as reason:
        name, _, words = str(reason).partition(": ")
        form.add_error(name.partition("=")[0], words)
        return _page(request, form, error=problems(form), status=400)
    response = redirect("account")
    once.hand_over(request, response, secret, token.label, response.url)
    return response


@require_POST
@login_required
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    """End one of one's own tokens."""
    token = get_object_or_404(Token, pk=number, owner=request.user)
    tokens.revoke(token, Actor.of(request))
    messages.success(request, f"The token {token.start}… ({token.label}) opens nothing any more.")
    return redirect("account")


def _page(request: HttpRequest, form: TokenForm, status: int = 200, **more) -> HttpResponse:
    context = {
        "form": form,
        "use": quotas.use_of(quotas.asker_of(request.user)),
        "tokens": Token.objects.filter(owner=request.user),
        "memberships": Membership.now().filter(user=request.user).select_related("program"),
        "groups": GroupMembership.now().filter(user=request.user).select_related("group"),
    }
    return render(request, "portal/account.html", context | more, status=status)
