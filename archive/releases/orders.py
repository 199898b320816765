"""Orders of actions: each remembers the state it was given for, and does nothing where that is not so any more.

An order may be carried out late: after others, or again after its worker died. So it keeps the state in which it was
given, it is checked against that under the lock of the actions, and it ends in the action's own transaction.
"""

from __future__ import annotations

from django.db import connections
from django.db.models import Q
from django.utils import timezone

from archive.models import AuditEntry, Program, Release, UserJob

Phase = UserJob.Phase
ORDERS_LOCK = 17  # class of our advisory locks
NEEDS = {
    "freeze": (Release.State.DRAFT,),
    "publish": (Release.State.FROZEN, Release.State.WITHDRAWN),
    "withdraw": (Release.State.PUBLIC,),
}
"""The states in which an action may be ordered and done."""


class BadOrderError(ValueError):
    """An action that the state of things does not allow (any more); the message says why. Nothing was done."""


def given(subject: Release | Program) -> dict:
    """The state in which an order is given: with it the number of the last record of a change."""
    if isinstance(subject, Program):
        return {"days": subject.proprietary_days, "epoch": _epoch("program", str(subject.pk), str(subject))}
    state = {"state": subject.state, "epoch": _epoch("release", subject.pk, subject.pk)}
    if subject.is_draft:
        programs = sorted(subject.programs.using("default").values_list("pk", flat=True))
        selected = {name: getattr(subject, name) for name in (*Release.SELECTION, "listed")}
        state["selected"] = {name: str(value) for name, value in (selected | {"programs": programs}).items()}
    return state


def _epoch(kind: str, key: str, target: str) -> int:
    entries = AuditEntry.objects.filter(Q(key=key) | Q(key="", target=target), action__startswith=f"{kind}.")
    return entries.exclude(action=f"{kind}.change").values_list("pk", flat=True).first() or 0


def end_older(kind: str, name: str, value) -> None:
    """End the orders for the same thing that have not ended; until the transaction ends, no other order is given.

    One that runs just now finds out at its next step, or at its end, which then does not come about.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [ORDERS_LOCK, f"{kind} {value}"])
    older = UserJob.objects.filter(kind=kind, phase__in=(Phase.QUEUED, Phase.EXECUTING))
    older.filter(**{f"parameters__{name}": value}).update(
        phase=Phase.ERROR, ended=timezone.now(), message="ended by a newer order; nothing of it was done"
    )


def check(job: UserJob | None, subject: Release | Program) -> None:
    """See that an order still stands. Called with what it is about locked.

    Raises
    ------
    BadOrderError
    """
    if job is None:  # done at once, by a command
        return
    still_runs(UserJob.objects.using("default").filter(pk=job.pk).values_list("phase", flat=True).first())
    if job.parameters.get("given") != given(subject):
        was = job.parameters.get("given", {})
        told = f"it was {was['state']} and is {subject.state}" if "state" in was else "its rule or its record changed"
        name = subject.pk if isinstance(subject, Release) else subject
        raise BadOrderError(f"{job.kind} {name}: is not as it was when this was ordered ({told}); nothing was done")


def still_runs(phase: str | None) -> None:
    """Raises BadOrderError for a phase in which an order that is being carried out was ended by others."""
    if phase not in (None, Phase.EXECUTING):
        raise BadOrderError("ended by a newer order; nothing of it was done")


def done(job: UserJob | None, message: str) -> None:
    """End an order with what it did, in the transaction of its work: neither is without the other."""
    if job is None:
        return
    values = {"phase": Phase.COMPLETED, "message": message, "ended": timezone.now()}
    if not UserJob.objects.filter(pk=job.pk, phase=Phase.EXECUTING).update(**values):
        raise BadOrderError("ended by a newer order; nothing of it was done")
