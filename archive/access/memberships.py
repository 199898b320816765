"""The programs that a person reads: their memberships at this moment, their own and those of their groups."""

from __future__ import annotations

from archive.access.reading import ANYONE, EVERYTHING, Reader
from archive.models import GroupMembership, Membership, UserJob


def reader_of(user) -> Reader:
    """The rights of a user of the portal; a visitor who has not signed in has none beyond what is public."""
    if not user.is_authenticated or not user.is_active:
        return ANYONE
    if user.is_superuser:
        return Reader(EVERYTHING.programs, user.pk)
    own = Membership.now().filter(user=user).values_list("program_id", flat=True)
    shared = GroupMembership.now().filter(user=user, group__programs__isnull=False)
    return Reader(frozenset(own.union(shared.values_list("group__programs", flat=True))), user.pk)


def reader_of_job(job: UserJob) -> Reader:
    """A reader of what a job's owner could read when it was ordered and still can; nobody's job reads public rows."""
    if job.owner is None:
        return ANYONE
    return Reader(frozenset(job.programs) & reader_of(job.owner).programs, job.owner.pk)
