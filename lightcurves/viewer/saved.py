"""Periods that people keep with their accounts: nobody else sees them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from archive.tables.dictionary import Column, Table
from lightcurves.models import SavedPeriod

MOST_OF_ONE = 1000  # periods of one account
SAVED = Table(
    "saved_periods",
    "Periods that you saved",
    (
        Column("oid", "long", "Object identifier", ucd="meta.id;meta.main"),
        Column("period", "double", "Period", "d", "time.period"),
        Column(
            "epoch", "double", "Heliocentric Julian date of phase zero; empty: the first good point", "d", "time.epoch"
        ),
        Column("note", "char", "What it is"),
        Column("saved", "char", "When it was saved, UTC"),
    ),
)


class TooManyError(ValueError):
    """An account keeps as many periods as it may."""


def of(user: AbstractBaseUser, oid: int | None = None) -> models.QuerySet:
    """The periods of an account, newest first; of one object if it is named. Nobody who is not signed in has any."""
    if not user.is_authenticated:
        return SavedPeriod.objects.none()
    rows = SavedPeriod.objects.filter(owner=user).order_by("-saved", "-pk")
    return rows if oid is None else rows.filter(oid=oid)


def save(user: AbstractBaseUser, oid: int, period: float, epoch: float | None, note: str) -> SavedPeriod:
    """Keep a period; one that is kept already gets the new epoch and note.

    Raises
    ------
    TooManyError
    """
    values = {"epoch": epoch, "note": note}
    if not of(user, oid).filter(period=period).exists() and of(user).count() >= MOST_OF_ONE:
        raise TooManyError(f"{MOST_OF_ONE} periods are saved: remove some first")
    kept, _ = SavedPeriod.objects.update_or_create(owner=user, oid=oid, period=period, defaults=values)
    return kept
