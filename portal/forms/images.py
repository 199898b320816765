"""The questions that people ask, checked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django import forms

from archive.forms import (
    AlertObjectField,
    BitsField,
    ChoiceField,
    ConditionField,
    DeclinationField,
    FilterField,
    GroupedForm,
    PositionField,
    RealField,
    RegionField,
    RightAscensionField,
    SinceField,
    TypedChoiceField,
    UntilField,
    WholeField,
    YesNoField,
)
from archive.models import Release
from archive.models.base import Origin
from archive.pixels.rendering import COLOURMAPS, LARGEST_CUTOUT, STRETCHES, Rendering
from archive.search.families import FAMILIES
from archive.search.query import NEAR, BadQueryError, ImageQuery, has, images, query_of, was_given
from archive.sky.boxes import LARGEST_BOX
from archive.survey.bits import INFO_WORDS, InfoBit, names_of
from archive.survey.filenames import CALTYPES

FAMILY_NAMES = {name: family.title for name, family in FAMILIES.items()}
DEFAULT_CUTOUT = 0.02  # deg
QUALITY_BITS = names_of(InfoBit)
PREVIEW_WIDTH = 768  # pixels
RELATIONS = [
    ("", "overlaps the box"),
    ("COVERS", "covers it"),
    ("ENCLOSED", "lies in it"),
    ("CENTER", "contains its centre"),
]


class ImageSearchForm(GroupedForm):
    """Products of any family by place, time, identifiers and quality."""

    family = ChoiceField(choices=FAMILY_NAMES.items(), required=False, label="Kind")
    position = PositionField(required=False, help_text="RA Dec, or a name", label="Position or name")
    ra = RightAscensionField(required=False, label="or RA (deg, ICRS)")
    dec = DeclinationField(required=False, label="and Dec (deg)")
    radius = RealField(required=False, min_value=0.0001, max_value=90, label="Centre within (deg)")
    width = RealField(required=False, min_value=0, max_value=LARGEST_BOX, label="Box, width (deg)")
    height = RealField(required=False, min_value=0, max_value=LARGEST_BOX, label="Box, height (deg)")
    intersect = ChoiceField(choices=RELATIONS, required=False, label="The image")
    region = RegionField()
    filtercode = FilterField()
    field = WholeField(required=False, min_value=0)
    ccdid = WholeField(required=False, min_value=1, max_value=16, label="CCD")
    qid = WholeField(required=False, min_value=1, max_value=4, label="Quadrant")
    since = SinceField()
    until = UntilField()
    seeing = RealField(required=False, min_value=0, label="Seeing at most (″)")
    maglimit = RealField(required=False, label="5σ limit at least (mag)")
    brighter = RealField(required=False, label="Brighter than (mag)")
    rb = RealField(required=False, min_value=0, max_value=1, label="Score at least")
    caltype = ChoiceField(choices=[("", "any"), *((one, one) for one in CALTYPES)], required=False, label="Type")
    where = ConditionField("seeing < 2 AND airmass < 1.5")
    good = YesNoField(label="Good quality only")
    infobits = BitsField(QUALITY_BITS, INFO_WORDS, label="Not flagged as")
    flagged = BitsField(QUALITY_BITS, INFO_WORDS, label="Flagged as (any of)")
    rcid = WholeField(required=False, min_value=0, max_value=63, label="Channel (rcid)")
    pid = WholeField(required=False, min_value=0)
    expid = WholeField(required=False, min_value=0)
    rfid = WholeField(required=False, min_value=0)
    cid = WholeField(required=False, min_value=0)
    candid = WholeField(required=False, min_value=0)
    objectid = AlertObjectField(required=False)
    nid = WholeField(required=False, min_value=0, label="Night (nid)")
    name = forms.CharField(required=False, max_length=200, label="File name")
    programid = TypedChoiceField(
        choices=[("", "any"), *((n, n) for n in range(4))],
        coerce=int,
        empty_value=None,
        required=False,
        label="Program",
    )
    origin = ChoiceField(choices=[("", "any"), *Origin.choices], required=False)
    release = forms.SlugField(required=False)
    order = forms.CharField(required=False, widget=forms.HiddenInput)

    AROUND_A_LIST = False  # its positions come from a list
    QUICK = ("family", "position", "field", "filtercode", "since", "until")
    GROUPS = (
        ("Place", ("radius", "region", "width", "height", "intersect", "ra", "dec")),
        ("Camera", ("ccdid", "qid", "rcid", "caltype")),
        ("Quality", ("good", "seeing", "maglimit", "brighter", "rb")),
        ("Quality bits", ("infobits", "flagged")),
        ("Identifiers", ("pid", "expid", "rfid", "cid", "candid", "objectid", "nid", "name")),
        ("Rights and release", ("programid", "origin", "release")),
        ("Condition", ("where",)),
    )

    def _shown(self) -> list[str]:
        family = self.data.get("family") or next(iter(FAMILIES))
        known = family if family in FAMILIES else next(iter(FAMILIES))
        visible = [field.name for field in self.visible_fields()]
        return [name for name in visible if has(known, name) or self.data.get(name)]

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        release = values.get("release")
        if release and not Release.objects.filter(pk=release).exists():
            raise forms.ValidationError(f"release={release!r}: no such release, or it is not open to you")
        place = values.get("position")
        if place and (was_given(values.get("ra")) or was_given(values.get("dec"))):
            raise forms.ValidationError("position, ra, dec: give a position, or ra and dec")
        parts = values | ({"ra": place[0], "dec": place[1]} if place else {})
        try:
            self.query = query_of(parts | {"family": values.get("family") or next(iter(FAMILIES))})
            if not self.AROUND_A_LIST:
                self.query.check_region()
        except BadQueryError as error:
            raise forms.ValidationError(str(error)) from error
        return values

    query: ImageQuery

    @property
    def place(self) -> tuple[float, float] | None:
        """The position of the search (ra, dec; ICRS, degrees); None for the whole sky."""
        return None if self.query.ra is None or self.query.dec is None else (self.query.ra, self.query.dec)

    def as_parameters(self) -> dict:
        """The query as JSON keeps it, for a job that runs later."""
        values = {name: value for name, value in asdict(self.query).items() if was_given(value)}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


class CutoutForm(forms.Form):
    """A form for a part of an image, and how it is drawn."""

    ra = RightAscensionField(required=False)
    dec = DeclinationField(required=False)
    size = RealField(required=False, min_value=0.0001, max_value=LARGEST_CUTOUT)
    stretch = ChoiceField(choices=[(one, one) for one in STRETCHES], required=False)
    colourmap = ChoiceField(choices=[(one, one) for one in ("gray", *COLOURMAPS)], required=False)
    low = RealField(required=False)
    high = RealField(required=False)
    width = WholeField(required=False, min_value=16, max_value=3200)
    form = ChoiceField(choices=[("png", "PNG"), ("jpeg", "JPEG")], required=False)

    def __init__(self, *args, needs_place: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("ra", "dec") if needs_place else ():
            self.fields[name].required = True

    def clean(self):
        values = super().clean()
        if not self.errors and (values["ra"] is None) != (values["dec"] is None):
            raise forms.ValidationError("give both ra and dec, in degrees")
        return values

    def place(self) -> tuple[float, float, float]:
        """Centre and width, degrees."""
        values = self.cleaned_data
        return values["ra"], values["dec"], values["size"] or DEFAULT_CUTOUT

    def rendering(self) -> Rendering:
        """The rendering that was chosen."""
        values = self.cleaned_data
        chosen = {name: values[name] for name in ("stretch", "colourmap", "low", "high", "width")}
        return Rendering(**{name: value for name, value in chosen.items() if value not in (None, "")})

    def step(self, columns: int) -> int:
        """Pixels to average so that a preview is about as wide as asked."""
        return max(1, columns // (self.cleaned_data["width"] or PREVIEW_WIDTH))


class CutoutPageForm(ImageSearchForm):
    """Images of a place, and how large a part of each is shown."""

    size = RealField(required=False, min_value=0.0001, max_value=LARGEST_CUTOUT, label="Size (deg)")


class AlertSearchForm(GroupedForm):
    """Alerts by place, object, time, brightness and score."""

    position = PositionField(required=False, label="Position or name")
    radius = RealField(required=False, min_value=0.0001, max_value=30, label="Within (deg)")
    region = RegionField()
    objectid = AlertObjectField(required=False)
    filtercode = FilterField()
    since = SinceField()
    until = UntilField()
    brighter = RealField(required=False, label="Brighter than (mag)")
    rb = RealField(required=False, min_value=0, max_value=1, label="Score at least")
    origin = ChoiceField(choices=[("", "any"), *Origin.choices], required=False)
    where = ConditionField("drb > 0.9 AND ssdistnr IS NULL")
    order = forms.CharField(required=False, widget=forms.HiddenInput)
    pid = WholeField(required=False, widget=forms.HiddenInput)

    QUICK = ("position", "objectid", "filtercode", "since", "until", "rb")
    GROUPS = (("More", ("radius", "region", "brighter", "origin", "where")),)

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        place = values["position"]
        parts = values | ({"ra": place[0], "dec": place[1], "radius": values["radius"] or NEAR} if place else {})
        try:
            self.query = query_of(parts | {"family": "alert"})
            self.query.check_region()
        except BadQueryError as error:
            raise forms.ValidationError(str(error)) from error
        return values

    query: ImageQuery

    def rows(self):
        """The alerts that answer, newest first (nearest first with a position)."""
        return images(self.query)
