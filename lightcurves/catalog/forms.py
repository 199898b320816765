"""Forms of the search for objects and of bulk queries for their light curves."""

from __future__ import annotations

from typing import Any

from django import forms

from archive.forms import (
    BitsField,
    ChoiceField,
    ConditionField,
    ExplainedForm,
    FilterField,
    GroupedForm,
    PositionField,
    RealField,
    RegionField,
    SinceField,
    TargetsField,
    UntilField,
    WholeField,
    targets_of,
)
from archive.given.times import BadTimeError, in_order
from archive.requests.numbers import whole
from archive.survey.bits import MASK_WORDS, MaskBit, names_of
from archive.survey.times import MJD_ZERO, julian_date
from archive.targets.lists import Target
from lightcurves.catalog.search import BadObjectQueryError, ObjectQuery
from lightcurves.download import bulk
from lightcurves.download.bulk import PointFilter
from lightcurves.download.formats import FORMATS
from lightcurves.storage.store import BAD_IMAGE

POINT_BITS: dict[str, int] = {**names_of(MaskBit), "bad-image": BAD_IMAGE}
POINT_WORDS: dict[Any, str] = {**MASK_WORDS, BAD_IMAGE: "bad image"}
FILTERS = {"zg": 1, "zr": 2, "zi": 3}
DEFAULT_RADIUS = 5.0  # arcsec
LARGEST_RADIUS = 600.0  # arcsec, as IRSA's light-curve service has it
DEFAULT_MATCH = 1.5  # arcsec, around each position of a list
LARGEST_MATCH = 60.0
MOST_TARGETS, MOST_IDS = 10_000, 100_000
BULK_FORMATS = tuple(name for name in FORMATS if name != "html")
HELP = (
    "One a line: name ra dec, or ra dec (degrees or sexagesimal), or a name that is known. Or CSV with a header, "
    "VOTable, IPAC table."
)


class ObjectSearchForm(GroupedForm):
    """Objects around a position, by any column."""

    position = PositionField(required=False, label="Position or name")
    radius = RealField(required=False, min_value=0.1, max_value=LARGEST_RADIUS, label="Within (arcsec)")
    region = RegionField()
    filtercode = FilterField()
    nobs = WholeField(required=False, min_value=0, label="Points at least")
    where = ConditionField(
        "magrms > 0.1 AND ngoodobs >= 20",
        help_text="SQL over the columns of ztf.ztf_objects, for example magrms > 0.1 AND ngoodobs >= 20",
    )
    order = forms.CharField(required=False, widget=forms.HiddenInput, help_text="a column; with - before it descending")

    QUICK = ("position", "radius", "filtercode", "nobs", "where")
    GROUPS = (("Place", ("region",)),)

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        ra, dec = values["position"] or (None, None)
        if ra is None and values["radius"] is not None:
            raise forms.ValidationError(f"radius={values['radius']:g}: goes with a position, which is not given")
        parts = {name: values[name] for name in ("filtercode", "nobs", "where", "order", "region")}
        try:
            self.query = ObjectQuery(ra, dec, (values["radius"] or DEFAULT_RADIUS) / 3600, **parts)
        except BadObjectQueryError as error:
            raise forms.ValidationError(str(error)) from error
        return values

    query: ObjectQuery


class LightCurveForm(ExplainedForm):
    """Light curves of many objects: by number, or around the positions of a list."""

    ids = forms.CharField(
        required=False,
        label="Numbers of objects",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"up to {MOST_IDS}, with commas or blanks between",
    )
    targets = TargetsField(
        required=False, label="or positions", widget=forms.Textarea(attrs={"rows": 5}), help_text=HELP
    )
    upload = forms.FileField(required=False, label="or a file of positions", help_text=HELP)
    radius = RealField(
        required=False, min_value=0.1, max_value=LARGEST_MATCH, label="Within (arcsec)",
        help_text=f"of each position; default {DEFAULT_MATCH}",
    )  # fmt: skip
    filtercode = FilterField()
    nobs = WholeField(required=False, min_value=0, label="Points at least", help_text="of objects around positions")
    since = SinceField()
    until = UntilField()
    mask = BitsField(POINT_BITS, POINT_WORDS, label="Without points flagged as", help_text="names, or a sum of bits")
    release = forms.CharField(required=False, label="Release", help_text="points of its images only; default: all")
    format = ChoiceField(choices=[(one, one) for one in BULK_FORMATS], required=False, help_text="default csv")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        if sum(bool(values.get(name)) for name in ("ids", "targets", "upload")) != 1:
            raise forms.ValidationError("give one of ids, targets and upload")
        self.oids = self._read_ids(values["ids"]) if values["ids"] else []
        self.list = [] if self.oids else targets_of(values.get("upload"), values["targets"], MOST_TARGETS)
        if self.oids and (values["nobs"] or values["filtercode"]):
            raise forms.ValidationError("nobs, filtercode: go with positions, not with ids")
        self.point_filter = self._point_filter(values)
        return values

    @property
    def degrees(self) -> float:
        """The radius around each position."""
        return (self.cleaned_data["radius"] or DEFAULT_MATCH) / 3600

    def _read_ids(self, text: str) -> list[int]:
        words = text.replace(",", " ").split()
        wrong = next((one for one in words if whole(one) is None), None)
        if wrong is not None:
            raise forms.ValidationError(f"ids={wrong[:40]!r}: must be the number of an object, as 655213300000004")
        if not 0 < len(words) <= MOST_IDS:
            raise forms.ValidationError(f"ids: {len(words)} objects; give 1 to {MOST_IDS}")
        return [int(one) for one in words]

    def _point_filter(self, values: dict) -> PointFilter:
        try:
            in_order(values["since"], values["until"])
        except BadTimeError as error:
            raise forms.ValidationError(str(error)) from error
        ends = [None if values[name] is None else julian_date(values[name]) - MJD_ZERO for name in ("since", "until")]
        since, until = -float("inf") if ends[0] is None else ends[0], float("inf") if ends[1] is None else ends[1]
        try:
            release = bulk.release_named(values["release"]) if values["release"] else None
        except bulk.NoSuchReleaseError as error:
            raise forms.ValidationError(f"release: {error}") from error
        return PointFilter(
            fids=(FILTERS[values["filtercode"]],) if values["filtercode"] else None,
            nobs=values["nobs"] or 0,
            mjd=None if ends == [None, None] else (since, until),
            mask=values["mask"] or 0,
            release=release,
        )

    oids: list[int]
    list: list[Target]
    point_filter: PointFilter
