"""Accounts in the audit, however they come: the admin's pages, a command, a sign-in with an account elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from axes.signals import user_locked_out
from django.contrib.auth.models import User
from django.db.models.signals import post_delete, post_save, pre_save
from django.dispatch import receiver

from archive.access import audit

RIGHTS = ("username", "is_active", "is_staff", "is_superuser")
_told: ContextVar[bool] = ContextVar("told", default=False)


@contextmanager
def told() -> Iterator[None]:
    """Within the block somebody else writes the entries of what is done to accounts: the admin's pages, with more."""
    token = _told.set(True)
    try:
        yield
    finally:
        _told.reset(token)


@receiver(pre_save, sender=User)
def remember(sender, instance: User, raw: bool, update_fields, **kwargs) -> None:
    """Keep what an account could do before it is written; a sign-in, which writes its time only, is not looked at."""
    instance._rights_before = None
    if raw or _told.get() or instance.pk is None or (update_fields and not set(update_fields) & set(RIGHTS)):
        return
    instance._rights_before = User.objects.filter(pk=instance.pk).values(*RIGHTS).first()


@receiver(post_save, sender=User)
def record(sender, instance: User, created: bool, **kwargs) -> None:
    """Write down an account that is new, or can do more or less than before."""
    if _told.get():
        return
    now, before = _rights(instance), instance._rights_before
    if created:
        # Not as an admin's own deed: who signs in with an account elsewhere makes one here, and with nothing kept for
        # an account that is new, this changes nobody's rights (audit.epoch).
        _write("account.create", instance, {}, now)
    elif before is not None and before != now:
        _write("user.change", instance, *audit.changes(before, now))


@receiver(post_delete, sender=User)
def record_removal(sender, instance: User, **kwargs) -> None:
    """Write down an account that is gone."""
    if not _told.get():
        _write("user.delete", instance, _rights(instance), {})


def _rights(user: User) -> dict:
    return {name: getattr(user, name) for name in RIGHTS}


def _write(action: str, user: User, before: dict, after: dict) -> None:
    audit.record(action, user.get_username(), audit.actor(), before, after, user.pk)


@receiver(user_locked_out)
def record_lock_out(sender, request, username: str, ip_address: str, **kwargs) -> None:
    """Somebody may not try to sign in for a while."""
    audit.record("account.lockout", username or "?", audit.Actor(audit.NOBODY, ip_address or ""))
