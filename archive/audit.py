"""The record of what was done to rights."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest

from archive.models import AuditEntry


@dataclass(frozen=True)
class Actor:
    """Who does something, and from where."""

    who: str
    address: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Actor:
        """Whoever sends a request. The address is that of the proxy's client where one stands before us."""
        from axes.helpers import get_client_ip_address

        return cls(request.user.get_username(), get_client_ip_address(request) or "")

    @classmethod
    def on_this_machine(cls) -> Actor:
        """Whoever runs a command."""
        return cls(getpass.getuser())


def record(action: str, target: str, actor: Actor, before: Mapping | None = None, after: Mapping | None = None) -> None:
    """Write one entry; inside the transaction of what it tells, so that neither is without the other."""
    AuditEntry.objects.create(
        action=action,
        target=target,
        who=actor.who,
        address=actor.address,
        before=dict(before or {}),
        after=dict(after or {}),
    )


def epoch() -> int:
    """A number that grows with every recorded change of rights: part of the key of whatever is kept for a while."""
    return AuditEntry.objects.values_list("pk", flat=True).first() or 0
