"""The form for searches around a list of positions."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from archive.forms import (
    ChoiceField,
    RealField,
    TargetsField,
    YesNoField,
    targets_of,
)
from archive.search.families import FAMILIES
from archive.search.query import has
from archive.targets.lists import Target
from portal.forms.images import ImageSearchForm

MOST_POSITIONS = 10_000
HELP = (
    "One a line: name ra dec, or ra dec (degrees or sexagesimal), or a name that is known. Or CSV with a header, "
    "VOTable, IPAC table: columns are known by UCD or by name."
)
LISTED_FORMATS = ("html", "csv", "json", "votable")


class PositionListForm(ImageSearchForm):
    """Products around every position of a list."""

    targets = TargetsField(required=False, widget=forms.Textarea(attrs={"rows": 6}), help_text=HELP)
    upload = forms.FileField(required=False, label="or a file", help_text=HELP)
    centred = YesNoField(label="Only the most centred image of each")
    columns = forms.CharField(required=False, help_text="names with commas between; default: all")
    format = ChoiceField(choices=[(one, one) for one in LISTED_FORMATS], required=False)

    AROUND_A_LIST = True
    QUICK = ("family", "field", "filtercode", "since", "until", "centred")
    position = ra = dec = None  # type: ignore[assignment]  # Django leaves these fields out: each row is a position
    radius = RealField(required=False, min_value=0.0001, max_value=10, label="Centre within (deg)")

    def clean(self):
        values = super().clean()
        if self.errors:
            return values
        if not has(self.query.family, "position"):
            raise forms.ValidationError(f"family={self.query.family}: has no place on the sky")
        self.list = targets_of(values.get("upload"), values.get("targets"), MOST_POSITIONS)
        self.names = self._chosen(values.get("columns"))
        return values

    def _chosen(self, text: str) -> list[str]:
        known = [column.name for column in FAMILIES[self.query.family].table.columns]
        names = [name.strip().lower() for name in text.split(",") if name.strip()] or known
        if unknown := [name for name in names if name not in known]:
            raise forms.ValidationError(
                f"columns={unknown[0]!r}: there is no such column; there are {', '.join(known)}"
            )
        return list(dict.fromkeys(names))

    list: Sequence[Target]
    names: Sequence[str]
