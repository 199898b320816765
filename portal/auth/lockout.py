"""After how many wrong attempts to sign in an address, or a name, has to wait.

Three counts, each of a cool-off's length: a name from one address (AXES_FAILURE_LIMIT), whatever names from one
address, and one name from whatever addresses. The last never keeps out an address from which that name signed in
before, so that nobody can lock somebody out from elsewhere. Tokens are recognised before anything is counted: a valid
one is never locked out.
"""

from __future__ import annotations

from datetime import timedelta

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username, get_cool_off
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import BooleanField, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.utils import timezone

from portal.gateway.address import network_of

KNOWN_FOR = timedelta(days=90)  # that an address counts as a person's own after signing in from it


class Handler(AxesDatabaseHandler):
    """Axes's own count, and two wider ones against guessing many names, or from many addresses."""

    def is_locked(self, request, credentials: dict | None = None) -> bool:
        return super().is_locked(request, credentials) or self._guesses_widely(request, credentials)

    def _guesses_widely(self, request, credentials: dict | None) -> bool:
        since = timezone.now() - get_cool_off()
        recent = AccessAttempt.objects.filter(attempt_time__gte=since)
        address = request.META.get("REMOTE_ADDR", "")
        if _failures(_from_network(recent, address)) >= settings.LOCKOUT_OF_ADDRESS:
            return True
        name = get_client_username(request, credentials)
        if not name or _failures(recent.filter(username=name)) < settings.LOCKOUT_OF_NAME:
            return False
        known = AccessLog.objects.filter(username=name, attempt_time__gte=timezone.now() - KNOWN_FOR)
        return not _from_network(known, address).exists()


def _failures(attempts: QuerySet) -> int:
    return attempts.aggregate(all=Sum("failures_since_start"))["all"] or 0


def _from_network(rows: QuerySet, address: str) -> QuerySet:
    """Rows of an address; of IPv6, of the network that one client has to itself."""
    if not address:
        return rows.filter(ip_address__isnull=True)
    return rows.filter(RawSQL("ip_address <<= %s::inet", [network_of(address)], BooleanField()))
