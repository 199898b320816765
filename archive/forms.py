"""What forms of several pages share."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.files.uploadedfile import UploadedFile

from archive.names import BadPosition, NameNotFound
from archive.places import locate
from archive.registry import date_of_jd
from archive.targets.lists import LARGEST_LIST, LARGEST_UPLOAD, BadTargets, Target, read

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


def targets_of(upload: UploadedFile | None, text: str, most: int = LARGEST_LIST) -> list[Target]:
    """The list of targets that a form was given, as a file or as text.

    Raises
    ------
    forms.ValidationError
    """
    if bool(upload) == bool(text):
        raise forms.ValidationError("give targets as text, or upload a file with them")
    if upload and upload.size > LARGEST_UPLOAD:
        raise forms.ValidationError(f"upload: {upload.size} bytes, at most {LARGEST_UPLOAD}; divide the list")
    try:
        return read(upload.read() if upload else text, most)
    except BadTargets as error:
        raise forms.ValidationError(str(error)) from error


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
