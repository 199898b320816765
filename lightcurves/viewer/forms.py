"""The questions that the object pages answer, checked."""

from __future__ import annotations

import json

from django import forms

from lightcurves.periodograms import HIGHEST_FREQUENCY, METHODS
from lightcurves.viewer.own import MOST_POINTS

FILTERS = {"zg": 1, "zr": 2, "zi": 3}
LARGEST_RADIUS = 600.0  # arcsec, as IRSA's light-curve service has it
NEIGHBOURS_WITHIN = 30.0  # arcsec, where no radius is given
LONGEST_PERIOD = 10_000.0  # d
SHORTEST_PERIOD = 1 / HIGHEST_FREQUENCY / 2
ANY_FLAG = 0xFFFF


class PointsForm(forms.Form):
    """Which points of an object: filters, flags, images left out; `together`: of all objects at its place."""

    bands = forms.CharField(required=False)
    exclude = forms.CharField(required=False)
    mask = forms.IntegerField(required=False, min_value=0, max_value=ANY_FLAG)
    together = forms.BooleanField(required=False)

    def clean_bands(self) -> list[str]:
        """Filter codes; none given: all."""
        bands = [band for band in self.cleaned_data["bands"].split(",") if band]
        if unknown := set(bands) - set(FILTERS):
            raise forms.ValidationError(f"{', '.join(sorted(unknown))}: use {', '.join(FILTERS)}")
        return bands or list(FILTERS)

    def clean_exclude(self) -> list[int]:
        """Images (pid) whose points are left out."""
        parts = [part for part in self.cleaned_data["exclude"].split(",") if part]
        if wrong := [part for part in parts if not part.strip().isdecimal() or len(part) > 18]:
            raise forms.ValidationError(f"{wrong[0]!r} is no pid; give image numbers with commas between them")
        return [int(part) for part in parts]


class PeriodogramForm(PointsForm):
    """Which points are searched, how, and over which frequencies; `own`: points of one's own besides."""

    method = forms.ChoiceField(choices=METHODS.items(), required=False)
    fmin = forms.FloatField(required=False, min_value=1e-6, max_value=HIGHEST_FREQUENCY)
    fmax = forms.FloatField(required=False, min_value=1e-5, max_value=HIGHEST_FREQUENCY)
    own = forms.CharField(required=False)
    alone = forms.BooleanField(required=False)  # the points of one's own without the archive's

    def clean_own(self) -> list[tuple[float, float, float, str]]:
        """(days, mag, mag, filter) of each point."""
        try:
            rows = [
                (float(t), float(mag), float(err), str(band))
                for t, mag, err, band in json.loads(self.cleaned_data["own"] or "[]")
            ]
        except (TypeError, ValueError) as error:
            raise forms.ValidationError("give a JSON list of [hjd, mag, magerr, filter]") from error
        if len(rows) > MOST_POINTS:
            raise forms.ValidationError(f"{len(rows)} points: at most {MOST_POINTS}")
        return rows


class FoldForm(forms.Form):
    """A period to fold with."""

    period = forms.FloatField(required=False, min_value=SHORTEST_PERIOD, max_value=LONGEST_PERIOD)


class SaveForm(forms.Form):
    """A period to keep."""

    period = forms.FloatField(min_value=SHORTEST_PERIOD, max_value=LONGEST_PERIOD)
    epoch = forms.FloatField(required=False, min_value=2_300_000, max_value=2_600_000)
    note = forms.CharField(required=False, max_length=200)


class NeighbourForm(forms.Form):
    """How far neighbours are looked for."""

    radius = forms.FloatField(required=False, min_value=1, max_value=LARGEST_RADIUS)

    @property
    def degrees(self) -> float:
        """The radius in degrees."""
        return (self.cleaned_data["radius"] or NEIGHBOURS_WITHIN) / 3600


class OwnForm(forms.Form):
    """The names of an uploaded table's columns, where they are not the usual ones."""

    time = forms.CharField(required=False, max_length=60)
    mag = forms.CharField(required=False, max_length=60)
    err = forms.CharField(required=False, max_length=60)
    band = forms.CharField(required=False, max_length=60)
