"""Release actions as user jobs: they take minutes at survey size, and say how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.db import connections, transaction

from archive.access.audit import Actor
from archive.jobs import user_jobs
from archive.models import Release, UserJob
from archive.releases import orders
from archive.releases.actions import BadReleaseError, FilesNotWholeError, freeze, publish, withdraw

ACTIONS: dict[str, Callable[..., object]] = {"freeze": freeze, "publish": publish, "withdraw": withdraw}
TOLD_EVERY = 1.0  # s


def order(action: str, release: Release, user, actor: Actor) -> UserJob:
    """Ask for an action on a release, as it is now; an order for it that has not ended ends by this.

    Raises
    ------
    BadReleaseError
        for an action that there is not, or that the release's state does not allow.
    """
    if action not in ACTIONS:
        raise BadReleaseError(f"action={action!r}: use one of {', '.join(ACTIONS)}")
    with transaction.atomic():
        orders.end_older("release", "release", release.pk)
        held = Release.objects.using("default").get(pk=release.pk)
        if held.state not in orders.NEEDS[action]:
            needed = " or ".join(orders.NEEDS[action])
            raise BadReleaseError(f"release {held.name} is {held.state}: it must be {needed} for this")
        parameters = {"action": action, "release": held.pk, "who": actor.who, "address": actor.address}
        parameters["given"] = orders.given(held)
        return user_jobs.submit("release", "archive.releases.jobs.run", parameters, user, once=True)


def run(job_id: str) -> None:
    """Carry out an action; started by the queue. It is done once, and only if things are as they were when ordered."""
    user_jobs.carry_out(job_id, _carry_out, (BadReleaseError, FilesNotWholeError, Release.DoesNotExist))


def _carry_out(job: UserJob) -> None:
    asked = job.parameters
    if not may_act(get_user_model().objects.get(pk=job.owner_id), release := Release.objects.get(pk=asked["release"])):
        raise BadReleaseError(f"{asked['who']} may not {asked['action']} release {release.name} any more")
    with _Progress(job) as progress:
        ACTIONS[asked["action"]](release, Actor(asked["who"], asked["address"]), progress, job=job)


def may_act(user, release: Release) -> bool:
    """Whether somebody may freeze, publish or withdraw a release: staff who read all that it opens."""
    from archive.access.memberships import reader_of

    if not (user.is_active and user.is_staff and user.has_perm("archive.change_release")):
        return False
    return set(release.programs.values_list("programid", flat=True)) <= reader_of(user).programs


class _Progress:
    """Writes how far a job is through a connection of its own: the action's transaction shows nothing until its end.

    Raises BadReleaseError when the order was ended by a newer one.
    """

    def __init__(self, job: UserJob):
        self.job, self.connection, self.told = job, connections.create_connection("default"), 0.0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error) -> None:
        self.connection.close()

    def __call__(self, done: int, total: int) -> None:
        if done < total and time.monotonic() - self.told < TOLD_EVERY:
            return
        self.told = time.monotonic()
        with self.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE archive_userjob SET done = %s, total = %s WHERE id = %s RETURNING phase",
                [done, total, str(self.job.pk)],
            )
            orders.still_runs(next(iter(cursor.fetchall()), (None,))[0])
