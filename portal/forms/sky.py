"""The forms of the sky map: a region of one's own, and the time of known objects."""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.template.defaultfilters import filesizeformat

from archive.forms import ExplainedForm, FilterField, MomentField, SinceField, UntilField
from archive.given.times import BadTimeError, in_order
from archive.sky.skymaps import MOST_UPLOADED, BadRegionError, GivenRegion, read

FIRST_MOMENT, LAST_MOMENT = datetime(2017, 1, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
"""The survey's years, and some to come."""


class RegionForm(ExplainedForm):
    """A region or a probability map that somebody brings, and which images are compared with it."""

    upload = forms.FileField(
        label="MOC or probability map",
        help_text="MOC as FITS, text or JSON; HEALPix map as FITS (multi-order, or flat up to NSIDE 1024, also gzip), "
        "up to 32 MB",
    )
    filtercode = FilterField(label="Images in filter")
    since = SinceField(label="Images from (UTC, JD or MJD)")
    until = UntilField(label="Images before (UTC, JD or MJD)")
    region: GivenRegion

    def clean_upload(self):
        """The file, read in the sandbox."""
        file = self.cleaned_data["upload"]
        if file.size > MOST_UPLOADED:
            raise forms.ValidationError(f"{filesizeformat(file.size)}, at most {filesizeformat(MOST_UPLOADED)}")
        try:
            self.region = read(file.read())
        except BadRegionError as error:
            raise forms.ValidationError(str(error)) from error
        return file

    def clean(self):
        values = super().clean()
        try:
            in_order(values.get("since"), values.get("until"))
        except BadTimeError as error:
            raise forms.ValidationError(str(error)) from error
        return values


class KnownForm(forms.Form):
    """A time for which orbits are carried from their epoch in a second or so."""

    time = MomentField(label="Time (UTC, JD or MJD)", help_text="for example 2026-10-27T07:12")

    def clean_time(self) -> datetime:
        moment = self.cleaned_data["time"]
        if not FIRST_MOMENT <= moment < LAST_MOMENT:
            raise forms.ValidationError(f"from {FIRST_MOMENT:%Y-%m-%d} until {LAST_MOMENT:%Y-%m-%d}")
        return moment
