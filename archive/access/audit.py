"""The record of what was done to rights."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest

from archive.models import AuditEntry

NOBODY = "(nobody)"  # who has not signed in
_acting: ContextVar[Callable[[], Actor] | None] = ContextVar("acting", default=None)


@dataclass(frozen=True)
class Actor:
    """The person or process that acts, and its address."""

    who: str
    address: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Actor:
        """The sender of a request. The address is that of the proxy's client where one stands before us."""
        from axes.helpers import get_client_ip_address

        return cls(request.user.get_username() or NOBODY, get_client_ip_address(request) or "")

    @classmethod
    def on_this_machine(cls) -> Actor:
        """The account that runs a command."""
        return cls(getpass.getuser())


@contextmanager
def acting(who: Callable[[], Actor]) -> Iterator[None]:
    """Within the block, `who` tells by whom things are done (`actor`); it is asked when something is."""
    token = _acting.set(who)
    try:
        yield
    finally:
        _acting.reset(token)


def actor() -> Actor:
    """The actor of the current context: a request's sender, otherwise the account that runs this process."""
    who = _acting.get()
    return Actor.on_this_machine() if who is None else who()


def record(
    action: str, target: str, actor: Actor, before: Mapping | None = None, after: Mapping | None = None, key=""
) -> None:
    """Write one entry; inside the transaction of what it tells, so that neither is without the other.

    target : a name that people know
    key : the primary key behind it, which stays when names change or come again
    """
    AuditEntry.objects.create(
        action=action,
        target=target[:200],
        key=str(key),
        who=actor.who,
        address=actor.address,
        before=dict(before or {}),
        after=dict(after or {}),
    )


def changes(before: Mapping, after: Mapping) -> tuple[dict, dict]:
    """Of values before and after, those that differ."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {one: before[one] for one in names if one in before}, {one: after[one] for one in names if one in after}


def epoch() -> int:
    """A number that grows with every recorded change of rights: part of the key of whatever is kept for a while.

    What anybody can bring about by failing to sign in does not count.
    """
    return AuditEntry.objects.exclude(action__startswith="account.").values_list("pk", flat=True).first() or 0
