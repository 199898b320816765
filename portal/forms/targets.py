"""The forms for cutouts of many targets, and for movies of one."""

from __future__ import annotations

from dataclasses import replace

from django import forms

from archive.forms import (
    ChoiceField,
    FilterField,
    PositionField,
    RealField,
    SinceField,
    TargetsField,
    UntilField,
    WholeField,
    targets_of,
)
from archive.pixels.rendering import STRETCHES, Rendering
from archive.targets.cutouts import DEFAULT_SIZE, FAMILIES, LARGEST_SIZE, CutoutRequest, CutoutsRefusedError
from archive.targets.lists import Target

FAMILY_NAMES = {"sci": "science", "diff": "difference", "ref": "reference"}
HELP = "One a line: name ra dec, or ra dec; degrees or sexagesimal. Or CSV with a header, VOTable, IPAC table."


DELIVERIES = [("job", "as a job"), ("stream", "at once")]


class CutoutRequestForm(forms.Form):
    """A form for the images, and for the size of the part of them."""

    family = ChoiceField(choices=FAMILY_NAMES.items(), required=False, label="Kind")
    filtercode = FilterField()
    since = SinceField()
    until = UntilField()
    size = RealField(required=False, label="Size (deg)", help_text=f"up to {LARGEST_SIZE}; default {DEFAULT_SIZE}")
    newest = WholeField(required=False, label="Newest images only", help_text="of each target")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        parts = {name: values.get(name) for name in CutoutRequestForm.base_fields}
        given = {name: value for name, value in parts.items() if value not in (None, "")}
        try:
            self.request = CutoutRequest(**{"family": next(iter(FAMILIES))} | given)
        except CutoutsRefusedError as error:
            raise forms.ValidationError(str(error)) from error
        return values

    request: CutoutRequest


class TargetListForm(CutoutRequestForm):
    """Cutouts around many targets."""

    targets = TargetsField(required=False, widget=forms.Textarea(attrs={"rows": 6}), help_text=HELP)
    upload = forms.FileField(required=False, label="or a file", help_text=HELP)
    deliver = ChoiceField(choices=DELIVERIES, required=False, help_text="default: as a job")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        self.list = targets_of(values.get("upload"), values.get("targets"))
        return values

    list: list[Target]


class MovieForm(CutoutRequestForm):
    """One target in one filter through time."""

    position = PositionField(help_text="RA Dec, or a name", label="Position or name")
    form = ChoiceField(choices=[("apng", "APNG"), ("gif", "GIF"), ("png", "still PNG")], required=False)
    stretch = ChoiceField(choices=[(one, one) for one in STRETCHES], required=False)
    low = RealField(required=False, help_text="DN above the sky, drawn black")
    high = RealField(required=False, help_text="DN above the sky, drawn white")

    def target(self) -> Target:
        """The place, named as it was asked for."""
        return Target(str(self.data.get("position", "")).strip(), *self.cleaned_data["position"])

    @property
    def still(self) -> CutoutRequest:
        """The request for a still picture: the newest image."""
        return replace(self.request, newest=1)

    def rendering(self) -> Rendering:
        """The rendering that was chosen."""
        chosen = {name: self.cleaned_data[name] for name in ("stretch", "low", "high")}
        return Rendering(**{name: value for name, value in chosen.items() if value not in (None, "")})
