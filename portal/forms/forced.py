"""The form for forced photometry."""

from __future__ import annotations

from django import forms

from archive.forms import (
    ExplainedForm,
    PositionField,
    RealField,
    SinceField,
    TargetsField,
    UntilField,
    targets_of,
)
from archive.survey.times import julian_date
from processing.forced.jobs import LARGEST_NAME, MOST_POSITIONS, SURVEY_END, SURVEY_START, ForcedRequest, Place
from processing.forced.points import NEAR

FARTHEST = 30.0  # arcsec around a position, in which forced points are looked for
HELP = "One a line: name ra dec, or ra dec; degrees or sexagesimal."


class ToldPointsForm(ExplainedForm):
    """A form for the position at which forced points that came as files are looked for."""

    position = PositionField(help_text="RA Dec, or a name", label="Position or name")
    within = RealField(
        required=False, min_value=0.01, max_value=FARTHEST, label="Within (arcsec)", help_text=f"default {NEAR:g}"
    )

    @property
    def circle(self) -> tuple[float, float, float]:
        """Right ascension and declination (deg), radius (arcsec)."""
        return *self.cleaned_data["position"], self.cleaned_data["within"] or NEAR


class ForcedForm(ExplainedForm):
    """Positions, epochs, and how one is told of the end."""

    position = PositionField(required=False, help_text="RA Dec, or a name", label="Position or name")
    since = SinceField()
    until = UntilField()
    targets = TargetsField(
        required=False, label="or many positions", help_text=HELP, widget=forms.Textarea(attrs={"rows": 4})
    )
    name = forms.CharField(
        required=False,
        max_length=LARGEST_NAME,
        label="Name of the order",
        help_text="to find it again; it stands in the file too",
    )
    email = forms.EmailField(required=False, label="E-mail at the end", help_text="your account's address")
    webhook = forms.CharField(required=False, max_length=500, label="Webhook at the end", help_text="http(s) address")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        place, text = values.get("position"), values.get("targets")
        if bool(place) == bool(text):
            raise forms.ValidationError("give a position or a name, or many positions as targets")
        span = {name: values.get(name) for name in ("since", "until")}
        try:
            self.places = self._many(text) if text else [self._single(place, values["name"])]
            self.request = ForcedRequest(
                julian_date(span["since"]) if span["since"] else SURVEY_START,
                julian_date(span["until"]) if span["until"] else SURVEY_END,
                values["email"],
                values["webhook"],
            )
        except ValueError as error:  # BadTargetsError and ForcedRefusedError are
            raise forms.ValidationError(str(error)) from error
        return values

    def _many(self, given: str | list) -> list[Place]:
        return [Place(one.ra, one.dec, one.name) for one in targets_of(None, given, MOST_POSITIONS)]

    def _single(self, position: tuple[float, float], name: str) -> Place:
        ra, dec = position
        return Place(ra, dec, name or self._as_written())

    def _as_written(self) -> str:
        return str(self.data.get("position", "")).strip()[:LARGEST_NAME]

    places: list[Place]
    request: ForcedRequest
