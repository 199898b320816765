"""The forms for cutouts of many targets, and for movies of one."""

from __future__ import annotations

from dataclasses import fields, replace

from django import forms
from django.http import QueryDict

from archive.forms import (
    ChoiceField,
    ExplainedForm,
    FilterField,
    MultipleChoiceField,
    PositionField,
    RealField,
    SinceField,
    TargetsField,
    UntilField,
    WholeField,
    targets_of,
)
from archive.pixels.rendering import STRETCHES, Rendering
from archive.targets.comparison import KINDS, MOST_EPOCHS
from archive.targets.cutouts import CONTENTS, DEFAULT_SIZE, FAMILIES, LARGEST_SIZE, CutoutRequest, CutoutsRefusedError
from archive.targets.frames import FILTERS
from archive.targets.lists import Target
from archive.targets.moving import Body
from portal.forms.moving import MovingForm

FAMILY_NAMES = {"sci": "science", "diff": "difference", "ref": "reference"}
HELP = "One a line: name ra dec, or ra dec; degrees or sexagesimal. Or CSV with a header, VOTable, IPAC table."


DELIVERIES = [("job", "as a job"), ("stream", "at once")]
CONTENT_HELP = "pictures and movies have North up and one stretch for each target and filter; default FITS files"
PLAYED = [("apng", "APNG"), ("gif", "GIF"), ("png", "still PNG"), ("frames", "frames one by one (JSON)")]


class CutoutRequestForm(ExplainedForm):
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
        parts = {one.name: values.get(one.name) for one in fields(CutoutRequest)}
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
    content = ChoiceField(choices=CONTENTS.items(), required=False, label="Content", help_text=CONTENT_HELP)
    deliver = ChoiceField(choices=DELIVERIES, required=False, help_text="default: as a job")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        self.list = targets_of(values.get("upload"), values.get("targets"))
        return values

    list: list[Target]


class Stretched(forms.Form):
    """The stretch and the limits of pictures."""

    stretch = ChoiceField(choices=[(one, one) for one in STRETCHES], required=False, label="Stretch")
    low = RealField(required=False, label="Black (DN above the sky)", help_text="default by zscale")
    high = RealField(required=False, label="White (DN above the sky)", help_text="default by zscale")

    def rendering(self) -> Rendering:
        """The rendering that was chosen."""
        chosen = {name: self.cleaned_data[name] for name in ("stretch", "low", "high")}
        return Rendering(**{name: value for name, value in chosen.items() if value not in (None, "")})


class MovieForm(Stretched, CutoutRequestForm):
    """One target in one filter through time."""

    position = PositionField(help_text="RA Dec, or a name", label="Position or name")
    form = ChoiceField(choices=PLAYED, required=False)

    def target(self) -> Target:
        """The place, named as it was asked for."""
        return Target(str(self.data.get("position", "")).strip(), *self.cleaned_data["position"])

    @property
    def still(self) -> CutoutRequest:
        """The request for a still picture: the newest image."""
        return replace(self.request, newest=1)


class MovingCutoutsForm(Stretched, CutoutRequestForm, MovingForm):
    """All cutouts of a moving object, centred on it."""

    family = ChoiceField(choices=[(name, FAMILY_NAMES[name]) for name in ("sci", "diff")], required=False, label="Kind")
    form = ChoiceField(choices=[("tar", "tar"), *PLAYED], required=False, help_text="default: a tar, sent at once")
    content = ChoiceField(choices=CONTENTS.items(), required=False, label="Content", help_text=CONTENT_HELP)
    deliver = ChoiceField(choices=DELIVERIES, required=False, help_text="of what is posted; default: as a job")
    order = None  # of the table of sightings: a tar and a movie have their own

    def __init__(self, *args, posted: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.posted = posted

    @property
    def is_job(self) -> bool:
        """Whether a job is asked for."""
        return self.posted and self.cleaned_data["deliver"] != "stream"

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        if not self.posted and values["deliver"]:
            raise forms.ValidationError(f"deliver={values['deliver']!r}: only what is posted becomes a job")
        form = values["form"] or "tar"
        if self.is_job and form != "tar":
            raise forms.ValidationError(f"form={form!r}: a job makes a tar; add deliver=stream, or leave form out")
        ignored = ("content",) if form != "tar" else ("stretch", "low", "high")
        why = "of a tar alone" if form != "tar" else "a tar is drawn by zscale; give form=gif, or leave it out"
        for name in ignored:
            if given := str(self.data.get(name, "")).strip():
                raise forms.ValidationError(f"{name}={given[:20]!r}: {why}")
        return values

    @property
    def body(self) -> Body:
        """The object, as it was asked for."""
        return Body(self.cleaned_data["name"], self.given_elements())


class CompareForm(Stretched):
    """One place in several epochs, filters and kinds of image."""

    position = PositionField(required=False, help_text="RA Dec, or a name", label="Position or name")
    size = RealField(required=False, label="Size (deg)", help_text="up to 0.1667", min_value=0.001)
    filters = MultipleChoiceField(
        choices=FILTERS.items(), required=False, label="Filters", widget=forms.CheckboxSelectMultiple
    )
    kinds = MultipleChoiceField(
        choices=KINDS.items(), required=False, label="Images", widget=forms.CheckboxSelectMultiple
    )
    epochs = WholeField(
        required=False, label="Epochs", help_text="newest of each filter; default 4", min_value=1, max_value=MOST_EPOCHS
    )
    since = SinceField()
    until = UntilField()
    form = ChoiceField(choices=[("html", "page"), ("png", "PNG")], required=False, widget=forms.HiddenInput)

    def __init__(self, given: QueryDict | None = None):
        """Fill in what is not given, so that the page shows what is drawn."""
        shown = (given or QueryDict()).copy()
        filled = {"filters": list(FILTERS), "kinds": list(KINDS), "size": [f"{DEFAULT_SIZE}"], "epochs": ["4"]}
        for name, values in filled.items():
            if not shown.get(name):
                shown.setlist(name, values)
        super().__init__(shown)

    def choices_of_many(self) -> list[forms.BoundField]:
        """The fields of which several values may be chosen."""
        return [self["filters"], self["kinds"]]

    def asked(self) -> dict:
        """The arguments of archive.targets.comparison.compare."""
        values = self.cleaned_data
        place = Target(str(self.data.get("position", "")).strip(), *values["position"])
        asked = {name: values[name] for name in ("size", "filters", "kinds", "epochs", "since", "until")}
        return {"target": place, **asked}
