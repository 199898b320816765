"""Which programs a person reads: their memberships today."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from archive.access import ANYONE, EVERYTHING, Reader
from archive.models import Membership


def reader_of(user) -> Reader:
    """The rights of a user of the portal; a visitor who has not signed in has none beyond what is public."""
    if not user.is_authenticated or not user.is_active:
        return ANYONE
    if user.is_superuser:
        return EVERYTHING
    today = timezone.now()
    held = Membership.objects.filter(Q(since__lte=today), Q(until__isnull=True) | Q(until__gt=today), user=user)
    return Reader(frozenset(held.values_list("program_id", flat=True)))
