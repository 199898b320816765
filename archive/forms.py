"""What forms of several pages share."""

from __future__ import annotations

from datetime import datetime

from django import forms

from archive.names import BadPosition, NameNotFound
from archive.places import locate
from archive.registry import date_of_jd

JULIAN, MODIFIED = (2_300_000, 2_600_000), (15_000, 110_000)  # days: what a number among times is taken for
MJD_ZERO = 2400000.5


class PositionField(forms.CharField):
    """A position in any usual notation, or a name that resolves to one; cleans to (ra, dec) in ICRS degrees."""

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            place = locate(text)
        except (BadPosition, NameNotFound) as error:
            raise forms.ValidationError(str(error)) from error
        if place.orbit is not None:
            raise forms.ValidationError(
                f"{place.name} moves: it has no place of its own; look for it under Moving objects"
            )
        return place.ra, place.dec


class MomentField(forms.DateTimeField):
    """A time, UTC: a date with or without a time, a Julian or a modified Julian date."""

    default_error_messages = {  # noqa: RUF012 (Django's own)
        "invalid": "give UTC as 2020-09-24 10:21:45, a Julian date (2459116.93) or a modified one (59116.43)"
    }

    def to_python(self, value):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return super().to_python(value)
        if MODIFIED[0] <= number <= MODIFIED[1]:
            number += MJD_ZERO
        if not JULIAN[0] <= number <= JULIAN[1]:
            raise forms.ValidationError(self.error_messages["invalid"])
        return date_of_jd(number)


def moment(text: str) -> datetime:
    """A time as MomentField reads it.

    Raises
    ------
    ValueError
    """
    try:
        return MomentField().clean(text)
    except forms.ValidationError as error:
        raise ValueError(f"{text!r}: {'; '.join(error.messages)}") from error


def problems(form: forms.Form) -> str:
    """All that is wrong with a form in one sentence, naming the parameters."""
    parts = []
    for name, errors in form.errors.items():
        value = form.data.get(name, "")
        prefix = "" if name == "__all__" else f"{name}={value!r}: "
        parts += [prefix + str(error) for error in errors]
    return "; ".join(parts)
