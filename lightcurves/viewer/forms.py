"""The questions that the object pages answer, checked."""

from __future__ import annotations

from collections.abc import Collection

from django import forms

from archive.forms import (
    ChoiceField,
    RealField,
    WholeField,
    YesNoField,
    alternatives,
)
from archive.requests import json_text
from archive.requests.numbers import whole
from archive.survey.camera import filter_named
from lightcurves.periods.choices import HIGHEST_FREQUENCY, METHODS
from lightcurves.viewer.overlays import OVERLAYS
from lightcurves.viewer.own import MOST_POINTS

FILTERS = {"zg": 1, "zr": 2, "zi": 3}
LARGEST_RADIUS = 600.0  # arcsec, as IRSA's light-curve service has it
NEIGHBOURS_WITHIN = 30.0  # arcsec, where no radius is given
LONGEST_PERIOD = 10_000.0  # d
SHORTEST_PERIOD = 1 / HIGHEST_FREQUENCY / 2
ANY_FLAG = 0xFFFF
MOST_BINS = 500  # of a folded curve
MEASURES = ("mag", "aligned", "relative", "absolute", "flux")  # static/lightcurves/points.js
TIMES = ("mjd", "jd", "date", "ago")


class PointsForm(forms.Form):
    """Selection of points of an object: filters, flags, images left out; `together`: of all objects at its place."""

    bands = forms.CharField(required=False)
    exclude = forms.CharField(required=False)
    mask = WholeField(required=False, min_value=0, max_value=ANY_FLAG)
    together = YesNoField()

    def clean_bands(self) -> list[str]:
        """Filter codes; none given: all."""
        words = [word for word in self.cleaned_data["bands"].split(",") if word.strip()]
        known = {word: one.code for word in words if (one := filter_named(word)) is not None}
        if unknown := sorted(set(words) - set(known)):
            raise forms.ValidationError(f"{', '.join(unknown)}: give {alternatives(list(FILTERS))}")
        return [known[word] for word in words] or list(FILTERS)

    def clean_exclude(self) -> list[int]:
        """Images (pid) whose points are left out; or keys of points that no image here gave."""
        parts = [part for part in self.cleaned_data["exclude"].split(",") if part]
        if wrong := [part for part in parts if whole(part.strip()) is None]:
            raise forms.ValidationError(f"{wrong[0]!r} is no pid; give image numbers with commas between them")
        return [int(part) for part in parts]


class PeriodogramForm(PointsForm):
    """Parameters of a period search: points, method, frequencies; `own`: points of one's own besides."""

    method = ChoiceField(choices=METHODS.items(), required=False)
    fmin = RealField(required=False, min_value=1e-6, max_value=HIGHEST_FREQUENCY)
    fmax = RealField(required=False, min_value=1e-5, max_value=HIGHEST_FREQUENCY)
    own = forms.CharField(required=False)
    alone = YesNoField()  # the points of one's own without the archive's

    def clean_own(self) -> list[tuple[float, float, float, str]]:
        """(days, mag, mag, filter) of each point."""
        try:
            rows = [
                (json_text.number(t), json_text.number(mag), json_text.number(err), str(band))
                for t, mag, err, band in json_text.loads(self.cleaned_data["own"] or "[]")
            ]
        except (TypeError, ValueError) as error:
            raise forms.ValidationError("give a JSON list of [hjd, mag, magerr, filter]") from error
        if len(rows) > MOST_POINTS:
            raise forms.ValidationError(f"{len(rows)} points: at most {MOST_POINTS}")
        return rows


class FoldForm(forms.Form):
    """A period to fold with."""

    period = RealField(required=False, min_value=SHORTEST_PERIOD, max_value=LONGEST_PERIOD)


class FigureForm(PointsForm, FoldForm):
    """The points of a figure, and how they are drawn: folded, with the fields of a filter aligned."""

    epoch = RealField(required=False, min_value=0, max_value=2_600_000)
    aligned = YesNoField()

    def clean(self):
        values = super().clean()
        if values.get("epoch") is not None and values.get("period") is None and "period" not in self.errors:
            raise forms.ValidationError("epoch: is of a folded curve; give the period too")
        return values


class ViewForm(FoldForm):
    """State of the object page as its address keeps it (static/lightcurves/state.js)."""

    epoch = RealField(required=False, min_value=0, max_value=2_600_000)
    cycles = ChoiceField(choices=[("1", "one"), ("2", "two")], required=False)
    phasebins = WholeField(required=False, min_value=0, max_value=MOST_BINS)
    bands = forms.CharField(required=False)
    mask = WholeField(required=False, min_value=0, max_value=ANY_FLAG)
    errors = YesNoField()
    show = forms.CharField(required=False)
    near = forms.CharField(required=False)
    y = ChoiceField(choices=[(name, name) for name in MEASURES], required=False)
    modulus = RealField(required=False, min_value=-100, max_value=100)
    x = ChoiceField(choices=[(name, name) for name in TIMES], required=False)
    bin = RealField(required=False, min_value=0)
    method = ChoiceField(choices=METHODS.items(), required=False)
    fmin = RealField(required=False, min_value=0, max_value=HIGHEST_FREQUENCY)
    fmax = RealField(required=False, min_value=0, max_value=HIGHEST_FREQUENCY)
    exclude = forms.RegexField(
        r"\A-?[0-9a-z]+(\.-?[0-9a-z]+)*\Z", required=False,
        error_messages={"invalid": "give steps between image numbers, in base 36, as the page's address has them"},
    )  # fmt: skip

    def clean_bands(self) -> list[str]:
        """Filter codes."""
        return self._among("bands", FILTERS)

    def clean_show(self) -> list[str]:
        """Overlays by name."""
        return self._among("show", OVERLAYS)

    def clean_near(self) -> list[int]:
        """Numbers of neighbouring objects."""
        parts = [part for part in self.cleaned_data["near"].split(",") if part]
        if wrong := [part for part in parts if whole(part) is None]:
            raise forms.ValidationError(f"{wrong[0]!r} is no object's number; give them with commas between")
        return [int(part) for part in parts]

    def _among(self, name: str, known: Collection[str]) -> list[str]:
        parts = [part for part in self.cleaned_data[name].split(",") if part]
        if wrong := [part for part in parts if part not in known]:
            raise forms.ValidationError(f"{wrong[0]!r}: use {', '.join(known)}, with commas between")
        return parts


class SaveForm(forms.Form):
    """A period to keep."""

    period = RealField(min_value=SHORTEST_PERIOD, max_value=LONGEST_PERIOD)
    epoch = RealField(required=False, min_value=2_300_000, max_value=2_600_000)
    note = forms.CharField(required=False, max_length=200)


class NeighbourForm(forms.Form):
    """A form for the radius within which neighbours are looked for."""

    radius = RealField(required=False, min_value=1, max_value=LARGEST_RADIUS)

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
