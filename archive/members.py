"""Which programs a person reads: their memberships at this moment, their own and those of their groups."""

from __future__ import annotations

from archive.access import ANYONE, EVERYTHING, Reader
from archive.models import GroupMembership, Membership


def reader_of(user) -> Reader:
    """The rights of a user of the portal; a visitor who has not signed in has none beyond what is public."""
    if not user.is_authenticated or not user.is_active:
        return ANYONE
    if user.is_superuser:
        return EVERYTHING
    own = Membership.now().filter(user=user).values_list("program_id", flat=True)
    shared = GroupMembership.now().filter(user=user, group__programs__isnull=False)
    return Reader(frozenset(own.union(shared.values_list("group__programs", flat=True))))
