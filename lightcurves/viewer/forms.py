"""The questions that the object pages answer, checked."""

from __future__ import annotations

from django import forms

from archive.forms import PositionField
from lightcurves.periodograms import HIGHEST_FREQUENCY, METHODS

FILTERS = {"zg": 1, "zr": 2, "zi": 3}
DEFAULT_RADIUS = 5.0  # arcsec
LARGEST_RADIUS = 600.0  # arcsec, as IRSA's light-curve service has it
LONGEST_PERIOD = 10_000.0  # d


class ObjectSearchForm(forms.Form):
    """Objects around a position."""

    position = PositionField(required=False, label="Position or name")
    radius = forms.FloatField(required=False, min_value=0.1, max_value=LARGEST_RADIUS, label="Within (arcsec)")
    filtercode = forms.ChoiceField(
        choices=[("", "any"), ("zg", "g"), ("zr", "r"), ("zi", "i")], required=False, label="Filter"
    )
    nobs = forms.IntegerField(required=False, min_value=0, label="Points at least")

    @property
    def degrees(self) -> float:
        """The radius in degrees."""
        return (self.cleaned_data["radius"] or DEFAULT_RADIUS) / 3600


class PeriodogramForm(forms.Form):
    """Which points are searched, how, and over which frequencies."""

    method = forms.ChoiceField(choices=METHODS.items(), required=False)
    fmin = forms.FloatField(required=False, min_value=1e-6, max_value=HIGHEST_FREQUENCY)
    fmax = forms.FloatField(required=False, min_value=1e-5, max_value=HIGHEST_FREQUENCY)
    bands = forms.CharField(required=False)
    exclude = forms.CharField(required=False)
    together = forms.BooleanField(required=False)
    flagged = forms.BooleanField(required=False)

    def clean_bands(self) -> list[str]:
        """Filter codes; none given: all."""
        bands = [band for band in self.cleaned_data["bands"].split(",") if band]
        if unknown := set(bands) - set(FILTERS):
            raise forms.ValidationError(f"{', '.join(sorted(unknown))}: use {', '.join(FILTERS)}")
        return bands or list(FILTERS)

    def clean_exclude(self) -> list[int]:
        """Images (pid) whose points are left out."""
        parts = [part for part in self.cleaned_data["exclude"].split(",") if part]
        if wrong := [part for part in parts if not part.strip().isdecimal()]:
            raise forms.ValidationError(f"{wrong[0]!r} is no pid; give image numbers with commas between them")
        return [int(part) for part in parts]


class FoldForm(forms.Form):
    """A period to fold with."""

    period = forms.FloatField(required=False, min_value=1 / HIGHEST_FREQUENCY / 2, max_value=LONGEST_PERIOD)
