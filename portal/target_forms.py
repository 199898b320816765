"""What people ask about many targets, or about one target in time, checked."""

from __future__ import annotations

from dataclasses import replace

from django import forms

from archive.forms import PositionField, targets_of
from archive.images import STRETCHES, Rendering
from archive.targets.lists import Target
from archive.targets.pieces import DEFAULT_SIZE, FAMILIES, LARGEST_SIZE, CutoutsRefused, Wish
from portal.forms import FILTERS

FAMILY_NAMES = {"sci": "science", "diff": "difference", "ref": "reference"}
HELP = "One a line: name ra dec, or ra dec; degrees or sexagesimal. Or CSV with a header, VOTable, IPAC table."


class WishForm(forms.Form):
    """Which images, how large a part of them."""

    family = forms.ChoiceField(choices=FAMILY_NAMES.items(), required=False, label="Kind")
    filtercode = forms.ChoiceField(choices=FILTERS, required=False, label="Filter")
    since = forms.DateTimeField(required=False, label="From (UTC)")
    until = forms.DateTimeField(required=False, label="Before (UTC)")
    size = forms.FloatField(
        required=False, label="Size (deg)", help_text=f"up to {LARGEST_SIZE}; {DEFAULT_SIZE} unless told"
    )
    newest = forms.IntegerField(required=False, label="Newest images only", help_text="of each target")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        parts = {name: values.get(name) for name in WishForm.base_fields}
        given = {name: value for name, value in parts.items() if value not in (None, "")}
        try:
            self.wish = Wish(**{"family": next(iter(FAMILIES))} | given)
        except CutoutsRefused as error:
            raise forms.ValidationError(str(error)) from error
        return values

    wish: Wish


class TargetListForm(WishForm):
    """Cutouts around many targets."""

    targets = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 6}), help_text=HELP)
    upload = forms.FileField(required=False, label="or a file", help_text=HELP)

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        self.list = targets_of(values.get("upload"), values.get("targets"))
        return values

    list: list[Target]


class MovieForm(WishForm):
    """One target in one filter through time."""

    position = PositionField(help_text="RA Dec, or a name", label="Position or name")
    form = forms.ChoiceField(choices=[("apng", "APNG"), ("gif", "GIF"), ("png", "still PNG")], required=False)
    stretch = forms.ChoiceField(choices=[(one, one) for one in STRETCHES], required=False)
    low = forms.FloatField(required=False, help_text="DN above the sky, drawn black")
    high = forms.FloatField(required=False, help_text="DN above the sky, drawn white")

    def target(self) -> Target:
        """The place, named as it was asked for."""
        return Target(str(self.data.get("position", "")).strip(), *self.cleaned_data["position"])

    @property
    def still(self) -> Wish:
        """What a still picture needs: the newest image."""
        return replace(self.wish, newest=1)

    def rendering(self) -> Rendering:
        """How it is drawn."""
        chosen = {name: self.cleaned_data[name] for name in ("stretch", "low", "high")}
        return Rendering(**{name: value for name, value in chosen.items() if value not in (None, "")})
