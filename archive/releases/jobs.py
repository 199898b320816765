"""Release actions as user jobs: they take minutes at survey size, and say how far they are."""

from __future__ import annotations

import time

from django.contrib.auth import get_user_model
from django.db import connections

from archive import userjobs
from archive.audit import Actor
from archive.models import Release, UserJob
from archive.releases.actions import BadRelease, FilesNotWhole, freeze, publish, withdraw

ACTIONS = {"freeze": freeze, "publish": publish, "withdraw": withdraw}
TOLD_EVERY = 1.0  # s


def order(action: str, release: Release, user, actor: Actor) -> UserJob:
    """Ask for an action on a release. Job row and queue row are written in one transaction."""
    if action not in ACTIONS:
        raise BadRelease(f"action={action!r}: use one of {', '.join(ACTIONS)}")
    parameters = {"action": action, "release": release.pk, "who": actor.who, "address": actor.address}
    return userjobs.place("release", "archive.releases.jobs.run", parameters, user)


def run(job_id: str) -> None:
    """Carry out an action; started by the queue. An action that was done already is not done again."""
    userjobs.carry_out(job_id, _carry_out, (BadRelease, FilesNotWhole, Release.DoesNotExist))


def _carry_out(job: UserJob) -> str:
    asked = job.parameters
    if not may_act(get_user_model().objects.get(pk=job.owner_id), release := Release.objects.get(pk=asked["release"])):
        raise BadRelease(f"{asked['who']} may not {asked['action']} release {release.name} any more")
    with _Progress(job) as progress:
        done = ACTIONS[asked["action"]](release, Actor(asked["who"], asked["address"]), progress)
    if isinstance(done, dict):
        return f"{asked['action']} {release.name}: " + ", ".join(f"{n} {table}" for table, n in done.items() if n)
    return f"{release.name} is frozen: {done.statistics['items']}"


def may_act(user, release: Release) -> bool:
    """Whether somebody may freeze, publish or withdraw a release: staff who read all that it opens."""
    from archive.members import reader_of

    if not (user.is_active and user.is_staff and user.has_perm("archive.change_release")):
        return False
    return set(release.programs.values_list("programid", flat=True)) <= reader_of(user).programs


class _Progress:
    """Writes how far a job is through a connection of its own: the action's transaction shows nothing until its end."""

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
                "UPDATE archive_userjob SET done = %s, total = %s WHERE id = %s", [done, total, str(self.job.pk)]
            )
