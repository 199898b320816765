"""What forms of several pages share."""

from __future__ import annotations

from django import forms

from archive.names import BadPosition, NameNotFound
from archive.places import locate


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


def problems(form: forms.Form) -> str:
    """All that is wrong with a form in one sentence, naming the parameters."""
    parts = []
    for name, errors in form.errors.items():
        value = form.data.get(name, "")
        prefix = "" if name == "__all__" else f"{name}={value!r}: "
        parts += [prefix + str(error) for error in errors]
    return "; ".join(parts)
